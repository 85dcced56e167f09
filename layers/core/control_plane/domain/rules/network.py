"""NET: what the request names exists, and lies together."""

from collections.abc import Iterator

from control_plane.domain.account.case import Case
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.rulebook import checks

SUBNETS, GROUPS = "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"
PREREQUISITES = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html"

OWN_VPC = Rule(
    id="NET-001",
    title="Every instance group is placed in a VPC of its owner.",
    severity=Severity.BLOCKS,
    reason="Otherwise the nodes stand in a network of AWS's own, where no route or security group of yours counts.",
    source=PREREQUISITES,
)
SUBNET_EXISTS = Rule(
    id="NET-002",
    title="Every subnet exists in this account and region.",
    severity=Severity.BLOCKS,
    reason="HyperPod cannot make the nodes' network interfaces in a subnet that is not there.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html",
)
SUBNET_AVAILABLE = Rule(
    id="NET-003",
    title="Every subnet is available.",
    severity=Severity.BLOCKS,
    reason="A subnet in any other state takes no network interfaces.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html",
)
GROUP_EXISTS = Rule(
    id="NET-004",
    title="Every security group exists in this account and region.",
    severity=Severity.BLOCKS,
    reason="HyperPod cannot make the nodes' network interfaces with a security group that is not there.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html",
)
ONE_VPC = Rule(
    id="NET-005",
    title="All subnets and security groups lie in one VPC.",
    severity=Severity.BLOCKS,
    reason="An interface takes security groups of its own VPC only, and nodes of one cluster must reach each other.",
    source=PREREQUISITES,
)
DNS = Rule(
    id="NET-006",
    title="The VPC resolves names.",
    severity=Severity.BLOCKS,
    reason="With DNS support off, nodes find neither S3 nor any other AWS endpoint, and no lifecycle script arrives.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html",
)


@checks(OWN_VPC, needs=())
def judge_own_vpc(case: Case) -> Iterator[Finding]:
    shape = case.request.shape
    for group in shape.groups:
        vpc = shape.vpc_of(group)
        if not (vpc.subnets and vpc.security_group_ids):
            yield Finding.of(
                OWN_VPC,
                subject=case.spot(group),
                seen=f"neither OverrideVpcConfig nor VpcConfig gives {group.instance_group_name} a subnet and a group",
                wanted="subnets and security groups of your VPC",
                remedy="Add VpcConfig to the cluster, or OverrideVpcConfig to this group.",
            )


@checks(SUBNET_EXISTS, needs={SUBNETS})
def judge_subnets_exist(case: Case) -> Iterator[Finding]:
    known = case.facts.network.subnet
    for subnet_id in sorted({one.subnet_id for one in case.placements} - known.keys()):
        yield Finding.of(
            SUBNET_EXISTS,
            subject=subnet_id,
            seen=f"{subnet_id} was not found",
            wanted="a subnet of this account and region, or one that is shared with this account",
            remedy="Correct the id, or ask for the cluster in the region the subnet is in.",
        )


@checks(SUBNET_AVAILABLE, needs={SUBNETS})
def judge_subnets_available(case: Case) -> Iterator[Finding]:
    for subnet in case.facts.network.subnets:
        if subnet.state != "available":
            yield Finding.of(
                SUBNET_AVAILABLE,
                subject=subnet.subnet_id,
                seen=f"{subnet.subnet_id} is {subnet.state}",
                wanted="state available",
                remedy="Wait until it is available, or name another subnet.",
            )


@checks(GROUP_EXISTS, needs={GROUPS})
def judge_groups_exist(case: Case) -> Iterator[Finding]:
    asked = {group for one in case.placements for group in one.security_group_ids}
    for group_id in sorted(asked - case.facts.network.security_group.keys()):
        yield Finding.of(
            GROUP_EXISTS,
            subject=group_id,
            seen=f"{group_id} was not found",
            wanted="a security group of this account and region, or one that is shared with this account",
            remedy="Correct the id, or name another security group.",
        )


@checks(ONE_VPC, needs={SUBNETS, GROUPS})
def judge_one_vpc(case: Case) -> Iterator[Finding]:
    network = case.facts.network
    vpc_of = {one.subnet_id: one.vpc_id for one in network.subnets} | {
        one.group_id: one.vpc_id for one in network.security_groups
    }
    named = dict.fromkeys(
        name for one in case.placements for name in (one.subnet_id, *one.security_group_ids) if name in vpc_of
    )
    home = next((vpc_of[name] for name in named), None)
    for name in named:
        if vpc_of[name] != home:
            yield Finding.of(
                ONE_VPC,
                subject=name,
                seen=f"{name} is in {vpc_of[name]}, others are in {home}",
                wanted="one VPC for the cluster's and the groups' subnets and security groups",
                remedy=f"Replace {name} by one of {home}, or move the rest to {vpc_of[name]}.",
            )


@checks(DNS, needs={SUBNETS, "ec2:DescribeVpcAttribute"})  # the subnets say which VPC it is
def judge_dns(case: Case) -> Iterator[Finding]:
    for vpc_id, supported in case.facts.network.dns_support.items():
        if not supported:
            yield Finding.of(
                DNS,
                subject=vpc_id,
                seen="enableDnsSupport is false",
                wanted="enableDnsSupport true",
                remedy=f"Turn it on: aws ec2 modify-vpc-attribute --vpc-id {vpc_id} --enable-dns-support",
            )
