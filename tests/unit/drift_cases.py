"""What is told of each thing that may happen to a network under watch."""

from dataclasses import dataclass

from control_plane.domain.account.facts import Presence
from control_plane.domain.drift.row import Kind
from control_plane.domain.findings import Severity
from tests.accounts import CONTROLLER_IP, POLICY, ROLE, SCRIPT, VPC, WORKER, WORKER_IP, route
from tests.unit import drift_changes as changes
from tests.unit.drift_changes import BOTH, OTHER_IP, addresses, routed
from tests.unit.drift_stories import Change, nothing

BLOCKS, WARNS, INFO = Severity.BLOCKS, Severity.WARNS, Severity.INFO


@dataclass(frozen=True)
class Story:
    name: str
    change: Change
    kind: Kind
    subject: str
    groups: tuple[str, ...]
    effect: str  # its beginning
    severity: Severity
    remedy: str  # its beginning
    given: Change = nothing

    def __str__(self) -> str:
        return self.name


def egress(
    name: str,
    change: Change,
    subject: str,
    effect: str,
    remedy: str,
    *,
    groups: tuple[str, ...] = ("worker",),
    severity: Severity = BLOCKS,
    given: Change = nothing,
) -> Story:
    return Story(name, change, Kind.EGRESS, subject, groups, effect, severity, remedy, given)


def network(
    name: str, change: Change, subject: str, effect: str, severity: Severity, remedy: str, *, given: Change = nothing
) -> Story:
    groups = ("worker",) if "one" in name else BOTH
    return Story(
        name, change, Kind.NETWORK, subject, groups, f"nothing for egress, but {effect}", severity, remedy, given
    )


def role(name: str, change: Change, effect: str, severity: Severity, remedy: str) -> Story:
    effect = f"nothing for egress, but role/hyperpod {effect}"
    return Story(name, change, Kind.RULE, ROLE, BOTH, effect, severity, remedy)


NOT_WORKERS = f"not {WORKER_IP}; a partner that lets in {WORKER_IP} no longer lets worker in"
REPLACE = (
    "aws ec2 replace-route --route-table-id rtb-worker --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-worker"
)
STORIES = [
    egress(
        "the route is pointed to another NAT gateway",
        routed("rtb-worker", route(NatGatewayId="nat-controller")),
        "rtb-worker",
        f"worker leaves by {CONTROLLER_IP}, {NOT_WORKERS}",
        REPLACE,
    ),
    egress(
        "the route is deleted",
        routed("rtb-worker"),
        "rtb-worker",
        "worker loses the internet",
        REPLACE.replace("replace", "create"),
    ),
    *(
        egress(
            f"the NAT gateway {state}",
            change,
            "nat-worker",
            "worker loses the internet",
            "Create another with the same addresses",
        )
        for state, change in (
            ("is being deleted", changes.nat_being_deleted),
            ("is deleted", changes.nat_deleted),
            ("is deleted and AWS has forgotten it", changes.nat_forgotten),
        )
    ),
    egress(
        "the Elastic IP is swapped",
        addresses(OTHER_IP),
        "nat-worker",
        f"worker leaves by {OTHER_IP}, {NOT_WORKERS}",
        "aws ec2 associate-nat-gateway-address --nat-gateway-id nat-worker",
    ),
    egress(
        "a second address is added",
        addresses(WORKER_IP, OTHER_IP),
        "nat-worker",
        f"worker leaves by {OTHER_IP} too, beside {WORKER_IP}; a partner",
        "aws ec2 disassociate-nat-gateway-address --nat-gateway-id nat-worker",
    ),
    egress(
        "one of two addresses is taken away",
        addresses(WORKER_IP),
        "nat-worker",
        f"worker leaves by {WORKER_IP} alone, no longer by {OTHER_IP}",
        "aws ec2 associate-nat-gateway-address",
        given=addresses(WORKER_IP, OTHER_IP),
        severity=WARNS,
    ),
    egress(
        "a more specific route leads to a transit gateway",
        routed("rtb-worker", route(NatGatewayId="nat-worker"), route("52.0.0.0/9", TransitGatewayId="tgw-1")),
        "rtb-worker",
        f"worker reaches 52.0.0.0/9 through tgw-1, not by {WORKER_IP}",
        "aws ec2 delete-route --route-table-id rtb-worker --destination-cidr-block 52.0.0.0/9",
        severity=WARNS,
    ),
    egress(
        "all leads to a transit gateway",
        routed("rtb-worker", route(TransitGatewayId="tgw-1")),
        "rtb-worker",
        "worker is handed to tgw-1, and leaves from where cannot be seen here, not by",
        REPLACE,
    ),
    egress(
        "the subnet is given another table",
        changes.associated_with_another_table,
        WORKER,
        f"worker leaves by {CONTROLLER_IP}, {NOT_WORKERS}",
        "aws ec2 replace-route-table-association --route-table-id rtb-worker",
    ),
    egress(
        "the subnet falls back on the main table",
        changes.disassociated,
        WORKER,
        "worker loses the internet",
        f"aws ec2 associate-route-table --subnet-id {WORKER} --route-table-id rtb-worker",
    ),
    egress(
        "another table becomes the main one",
        changes.other_main_table,
        VPC,
        f"worker leaves by {CONTROLLER_IP}, {NOT_WORKERS}",
        "aws ec2 replace-route-table-association --route-table-id rtb-main",
        given=changes.by_main_table,
    ),
    egress(
        "the route leads to the internet gateway",
        routed("rtb-worker", route(GatewayId="igw-1")),
        "rtb-worker",
        "worker loses the internet",
        REPLACE,
    ),
    egress(
        "the route leads to the internet gateway, and interfaces have addresses",
        changes.around_the_nat,
        "rtb-worker",
        f"worker gains a way around the NAT, by {OTHER_IP} on the nodes' own interfaces, not by {WORKER_IP}",
        REPLACE,
    ),
    egress(
        "interfaces are given addresses where the route leads to the internet gateway",
        changes.interface(),
        "eni-1",
        f"worker gains a way around the NAT, by {OTHER_IP}",
        "aws ec2 disassociate-address",
        given=routed("rtb-worker", route(GatewayId="igw-1")),
    ),
    egress(
        "the group's outbound rule is revoked",
        changes.egress_revoked,
        "sg-1",
        "controller and worker lose the internet",
        'aws ec2 authorize-security-group-egress --group-id sg-1 --ip-permissions \'[{"IpProtocol": "-1"',
        groups=BOTH,
    ),
    egress(
        "an ACL denies everything out",
        changes.denied_by_acl,
        "acl-1",
        "controller and worker lose the internet",
        "aws ec2 delete-network-acl-entry --network-acl-id acl-1 --rule-number 50 --egress",
        groups=BOTH,
    ),
    egress(
        "the subnet is given another ACL",
        changes.under_another_acl,
        WORKER,
        "worker loses the internet",
        f"Give {WORKER} the ACL acl-1 again",
    ),
    egress(
        "the internet gateway is detached",
        changes.gateway_detached,
        "igw-1",
        "controller and worker lose the internet",
        f"aws ec2 attach-internet-gateway --internet-gateway-id igw-1 --vpc-id {VPC}",
        groups=BOTH,
    ),
    egress(
        "the NAT gateways' subnet loses its way out",
        changes.nat_subnet_sealed,
        "rtb-public",
        "controller and worker lose the internet",
        "aws ec2 create-route --route-table-id rtb-public --destination-cidr-block 0.0.0.0/0 --gateway-id igw-1",
        groups=BOTH,
    ),
    egress(
        "a prefix list takes in further addresses",
        lambda account: account.prefix_lists.update({"pl-1": ["203.0.113.0/24", "52.0.0.0/9"]}),
        "pl-1",
        "worker reaches pl-1 through tgw-1, not",
        "aws ec2 modify-managed-prefix-list --prefix-list-id pl-1",
        severity=WARNS,
        given=changes.partners_routed_apart,
    ),
    egress(
        "a closed network is opened",
        routed("rtb-worker", route(NatGatewayId="nat-worker")),
        "rtb-worker",
        f"worker gains the internet, by {WORKER_IP}",
        "aws ec2 delete-route --route-table-id rtb-worker --destination-cidr-block 0.0.0.0/0",
        given=changes.closed,
    ),
    network(
        "the S3 endpoint of a closed network is deleted",
        lambda account: account.network.update(VpcEndpoints=[]),
        "vpce-s3",
        "no S3 endpoint serves",
        BLOCKS,
        f"aws ec2 create-vpc-endpoint --vpc-id {VPC}",
        given=changes.closed,
    ),
    egress("the subnet is deleted", changes.subnet_deleted, WORKER, "worker loses the internet", "Give the groups in"),
    network(
        "the S3 endpoint is deleted",
        lambda account: account.network.update(VpcEndpoints=[]),
        "vpce-s3",
        "no S3 endpoint serves",
        INFO,
        f"aws ec2 create-vpc-endpoint --vpc-id {VPC}",
    ),
    network(
        "the S3 endpoint leaves one table",
        changes.endpoint_for_fewer_tables,
        "vpce-s3",
        f"no S3 endpoint serves {WORKER}. ",
        INFO,
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-s3 --add-route-table-ids rtb-worker",
    ),
    network(
        "the group's rule for itself is revoked",
        changes.self_rule_revoked,
        "sg-1",
        "no rule for all traffic from itself",
        WARNS,
        "aws ec2 authorize-security-group-ingress --group-id sg-1",
    ),
    network(
        "an EFA group's rule for itself is revoked",
        changes.self_rule_revoked,
        "sg-1",
        "no rule for all traffic from itself",
        BLOCKS,
        "aws ec2 authorize-security-group-ingress --group-id sg-1",
        given=changes.efa,
    ),
    network(
        "DNS is turned off",
        lambda account: account.dns_support.update({VPC: False}),
        VPC,
        "enableDnsSupport is false",
        BLOCKS,
        f"aws ec2 modify-vpc-attribute --vpc-id {VPC} --enable-dns-support",
    ),
    network(
        "a security group is deleted", changes.group_deleted, "sg-1", "sg-1 was not found", BLOCKS, "Create a group"
    ),
    Story(
        "the role is deleted",
        lambda account: account.roles.update({ROLE: None}),
        Kind.RULE,
        ROLE,
        BOTH,
        "nothing for egress, but there is no role",
        BLOCKS,
        "Correct the ARN",
    ),
    Story(
        "the role no longer trusts SageMaker",
        changes.no_trust,
        Kind.RULE,
        ROLE,
        BOTH,
        "nothing for egress, but its trust policy",
        BLOCKS,
        "Add that statement",
    ),
    Story(
        "the lifecycle script is gone",
        lambda account: account.lifecycle_files.update({SCRIPT: Presence.NO_FILE}),
        Kind.RULE,
        SCRIPT,
        BOTH,
        "nothing for egress, but there is no object",
        BLOCKS,
        "Upload it: aws s3 cp",
    ),
    role(
        "a policy is detached from the role",
        changes.policy_gone,
        "no longer has the policy AmazonSageMakerClusterInstanceRolePolicy: what is done in its name may be denied",
        WARNS,
        f"aws iam attach-role-policy --role-name hyperpod --policy-arn {POLICY}",
    ),
    role(
        "a policy of the role's own is deleted",
        changes.inline_policy_gone,
        "no longer has the policy JoinOurVpc: what is done in its name may be denied",
        WARNS,
        "aws iam put-role-policy --role-name hyperpod --policy-name JoinOurVpc --policy-document file://",
    ),
    role(
        "a policy is attached to the role",
        lambda account: account.attached_policies[ROLE].append("arn:aws:iam::aws:policy/AdministratorAccess"),
        "has one policy more, AdministratorAccess: it may do more",
        INFO,
        "aws iam detach-role-policy --role-name hyperpod --policy-arn arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    role(
        "the role is given a policy of its own",
        lambda account: account.inline_policies[ROLE].append("Shut"),
        "has one policy more, Shut: it may do more",
        INFO,
        "aws iam delete-role-policy --role-name hyperpod --policy-name Shut",
    ),
    Story(
        "the lifecycle script is overwritten",
        changes.overwritten,
        Kind.RULE,
        SCRIPT,
        BOTH,
        "nothing for egress, but nodes that come from now on run another on_create.sh than was checked",
        WARNS,
        "Put back the version of 2026-11-01T09:00:00.000Z (aws s3api list-object-versions --bucket sagemaker-scripts",
    ),
]
