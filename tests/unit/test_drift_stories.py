"""What may happen to a network under watch: what is told of it, and that put right it is over."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from control_plane.domain.account.facts import Presence
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity
from tests.accounts import (
    CONTROLLER,
    CONTROLLER_IP,
    POLICY,
    PUBLIC,
    ROLE,
    SCRIPT,
    VPC,
    WORKER,
    WORKER_IP,
    acl_entry,
    group,
    nat_gateway,
    open_acl,
    route,
    route_table,
    security_group,
    subnet,
)
from tests.unit.drift_stories import Change, WatchedAccount, baseline_of, compared, drifts, nothing, seen_of
from tests.unit.test_rulebook import denied
from tests.unit.test_rules_cautions import firewall, half_of_the_ports

BLOCKS, WARNS, INFO = Severity.BLOCKS, Severity.WARNS, Severity.INFO
OTHER_IP = "203.0.113.9"
BOTH = ("controller", "worker")


def routed(table: str, *routes: dict[str, str]) -> Change:
    return lambda account: account.routes(table, *routes)


def addresses(*ips: str) -> Change:
    return lambda account: account.one("nat-worker").update(nat_gateway("nat-worker", *ips))


def nat_being_deleted(account: WatchedAccount) -> None:
    account.one("nat-worker")["State"] = "deleting"


def nat_deleted(account: WatchedAccount) -> None:
    account.one("nat-worker")["State"] = "deleted"
    account.routes("rtb-worker", route(NatGatewayId="nat-worker") | {"State": "blackhole"})


def nat_forgotten(account: WatchedAccount) -> None:
    nat_deleted(account)
    account.network["NatGateways"].remove(account.one("nat-worker"))


def associated_with_another_table(account: WatchedAccount) -> None:
    account.one("rtb-worker")["Associations"] = []
    account.one("rtb-controller")["Associations"].append({"SubnetId": WORKER})


def disassociated(account: WatchedAccount) -> None:
    account.one("rtb-worker")["Associations"] = []


def by_main_table(account: WatchedAccount) -> None:
    disassociated(account)
    account.routes("rtb-main", route(NatGatewayId="nat-worker"))


def other_main_table(account: WatchedAccount) -> None:
    account.one("rtb-main")["Associations"] = []
    account.network["RouteTables"].append(
        route_table("rtb-new", routes=[route(NatGatewayId="nat-controller")], main=True)
    )


def interface(ip: str = OTHER_IP, **more: object) -> Change:
    shape = {
        "NetworkInterfaceId": "eni-1",
        "SubnetId": WORKER,
        "Groups": [{"GroupId": "sg-1"}],
        "Association": {"PublicIp": ip},
    }
    return lambda account: account.interfaces.append(shape | more)


def around_the_nat(account: WatchedAccount) -> None:
    account.routes("rtb-worker", route(GatewayId="igw-1"))
    interface()(account)


def egress_revoked(account: WatchedAccount) -> None:
    account.one("sg-1")["IpPermissionsEgress"][0]["IpRanges"] = []


def self_rule_revoked(account: WatchedAccount) -> None:
    account.one("sg-1")["IpPermissions"] = []


def efa(account: WatchedAccount) -> None:
    account.groups[1]["InstanceType"] = "ml.p5.48xlarge"


def gateway_detached(account: WatchedAccount) -> None:
    account.network["InternetGateways"] = []
    account.routes("rtb-public", route(GatewayId="igw-1") | {"State": "blackhole"})


def denied_by_acl(account: WatchedAccount) -> None:
    account.one("acl-1")["Entries"].append(acl_entry(50, "deny", egress=True))


def under_another_acl(account: WatchedAccount) -> None:
    account.one("acl-1")["Associations"] = [{"SubnetId": CONTROLLER}, {"SubnetId": PUBLIC}]
    account.network["NetworkAcls"].append(open_acl("acl-shut", WORKER) | {"Entries": []})


def group_deleted(account: WatchedAccount) -> None:
    account.network["SecurityGroups"] = []


def subnet_deleted(account: WatchedAccount) -> None:
    account.network["Subnets"].remove(account.one(WORKER))


def endpoint_for_fewer_tables(account: WatchedAccount) -> None:
    account.one("vpce-s3")["RouteTableIds"] = ["rtb-controller"]


def no_trust(account: WatchedAccount) -> None:
    account.roles[ROLE] = {"Arn": ROLE, "AssumeRolePolicyDocument": {"Statement": []}}


def nat_subnet_sealed(account: WatchedAccount) -> None:
    account.routes("rtb-public")


def two_tables_down(account: WatchedAccount) -> None:
    nat_deleted(account)
    egress_revoked(account)


def partners_routed_apart(account: WatchedAccount) -> None:
    account.prefix_lists["pl-1"] = []
    listed = {"DestinationPrefixListId": "pl-1", "TransitGatewayId": "tgw-1"}
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), listed)


def closed(account: WatchedAccount) -> None:
    account.egress(Contract="Closed")
    account.routes("rtb-controller")
    account.routes("rtb-worker")


def policy_gone(account: WatchedAccount) -> None:
    account.attached_policies[ROLE] = []


def inline_policy_gone(account: WatchedAccount) -> None:
    account.inline_policies[ROLE] = []


def overwritten(account: WatchedAccount) -> None:
    account.lifecycle_contents[SCRIPT] = {"ETag": '"2c3d"', "LastModified": "2026-11-24T14:03:00Z"}


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
            ("is being deleted", nat_being_deleted),
            ("is deleted", nat_deleted),
            ("is deleted and AWS has forgotten it", nat_forgotten),
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
        associated_with_another_table,
        WORKER,
        f"worker leaves by {CONTROLLER_IP}, {NOT_WORKERS}",
        "aws ec2 replace-route-table-association --route-table-id rtb-worker",
    ),
    egress(
        "the subnet falls back on the main table",
        disassociated,
        WORKER,
        "worker loses the internet",
        f"aws ec2 associate-route-table --subnet-id {WORKER} --route-table-id rtb-worker",
    ),
    egress(
        "another table becomes the main one",
        other_main_table,
        VPC,
        f"worker leaves by {CONTROLLER_IP}, {NOT_WORKERS}",
        "aws ec2 replace-route-table-association --route-table-id rtb-main",
        given=by_main_table,
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
        around_the_nat,
        "rtb-worker",
        f"worker gains a way around the NAT, by {OTHER_IP} on the nodes' own interfaces, not by {WORKER_IP}",
        REPLACE,
    ),
    egress(
        "interfaces are given addresses where the route leads to the internet gateway",
        interface(),
        "eni-1",
        f"worker gains a way around the NAT, by {OTHER_IP}",
        "aws ec2 disassociate-address",
        given=routed("rtb-worker", route(GatewayId="igw-1")),
    ),
    egress(
        "the group's outbound rule is revoked",
        egress_revoked,
        "sg-1",
        "controller and worker lose the internet",
        'aws ec2 authorize-security-group-egress --group-id sg-1 --ip-permissions \'[{"IpProtocol": "-1"',
        groups=BOTH,
    ),
    egress(
        "an ACL denies everything out",
        denied_by_acl,
        "acl-1",
        "controller and worker lose the internet",
        "aws ec2 delete-network-acl-entry --network-acl-id acl-1 --rule-number 50 --egress",
        groups=BOTH,
    ),
    egress(
        "the subnet is given another ACL",
        under_another_acl,
        WORKER,
        "worker loses the internet",
        f"Give {WORKER} the ACL acl-1 again",
    ),
    egress(
        "the internet gateway is detached",
        gateway_detached,
        "igw-1",
        "controller and worker lose the internet",
        f"aws ec2 attach-internet-gateway --internet-gateway-id igw-1 --vpc-id {VPC}",
        groups=BOTH,
    ),
    egress(
        "the NAT gateways' subnet loses its way out",
        nat_subnet_sealed,
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
        given=partners_routed_apart,
    ),
    egress(
        "a closed network is opened",
        routed("rtb-worker", route(NatGatewayId="nat-worker")),
        "rtb-worker",
        f"worker gains the internet, by {WORKER_IP}",
        "aws ec2 delete-route --route-table-id rtb-worker --destination-cidr-block 0.0.0.0/0",
        given=closed,
    ),
    network(
        "the S3 endpoint of a closed network is deleted",
        lambda account: account.network.update(VpcEndpoints=[]),
        "vpce-s3",
        "no S3 endpoint serves",
        BLOCKS,
        f"aws ec2 create-vpc-endpoint --vpc-id {VPC}",
        given=closed,
    ),
    egress("the subnet is deleted", subnet_deleted, WORKER, "worker loses the internet", "Give the groups in"),
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
        endpoint_for_fewer_tables,
        "vpce-s3",
        f"no S3 endpoint serves {WORKER}. ",
        INFO,
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-s3 --add-route-table-ids rtb-worker",
    ),
    network(
        "the group's rule for itself is revoked",
        self_rule_revoked,
        "sg-1",
        "no rule for all traffic from itself",
        WARNS,
        "aws ec2 authorize-security-group-ingress --group-id sg-1",
    ),
    network(
        "an EFA group's rule for itself is revoked",
        self_rule_revoked,
        "sg-1",
        "no rule for all traffic from itself",
        BLOCKS,
        "aws ec2 authorize-security-group-ingress --group-id sg-1",
        given=efa,
    ),
    network(
        "DNS is turned off",
        lambda account: account.dns_support.update({VPC: False}),
        VPC,
        "enableDnsSupport is false",
        BLOCKS,
        f"aws ec2 modify-vpc-attribute --vpc-id {VPC} --enable-dns-support",
    ),
    network("a security group is deleted", group_deleted, "sg-1", "sg-1 was not found", BLOCKS, "Create a group"),
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
        no_trust,
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
        policy_gone,
        "no longer has the policy AmazonSageMakerClusterInstanceRolePolicy: what is done in its name may be denied",
        WARNS,
        f"aws iam attach-role-policy --role-name hyperpod --policy-arn {POLICY}",
    ),
    role(
        "a policy of the role's own is deleted",
        inline_policy_gone,
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
        overwritten,
        Kind.RULE,
        SCRIPT,
        BOTH,
        "nothing for egress, but nodes that come from now on run another on_create.sh than was checked",
        WARNS,
        "Put back the version of 2026-11-01T09:00:00.000Z (aws s3api list-object-versions --bucket sagemaker-scripts",
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_one_cause_is_told_once_by_what_it_does(story: Story) -> None:
    [drift] = drifts(story.change, story.given)
    assert (drift.kind, drift.subject, drift.severity) == (story.kind, story.subject, story.severity)
    assert drift.instance_group_names == story.groups
    assert drift.effect.startswith(story.effect)
    assert drift.remedy.startswith(story.remedy)
    assert drift.was != drift.is_


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_put_right_nothing_is_told(story: Story) -> None:
    account = WatchedAccount()
    story.given(account)
    assert compare(baseline_of(account), seen_of(account)) == ((), ())


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_accepted_nothing_is_told(story: Story) -> None:
    assert drifts(nothing, given=lambda account: (story.given(account), story.change(account))) == []


def test_a_nat_gateway_that_goes_is_one_drift_from_its_first_moment() -> None:
    [first], [second], [third] = (drifts(change) for change in (nat_being_deleted, nat_deleted, nat_forgotten))
    assert first == second == third


def test_an_s3_endpoint_that_goes_is_one_drift_from_its_first_moment() -> None:
    def state(name: str) -> Change:
        return lambda account: account.one("vpce-s3").update(State=name)

    def forgotten(account: WatchedAccount) -> None:
        account.network["VpcEndpoints"] = []

    [first], [second], [third] = (drifts(change) for change in (state("deleting"), state("deleted"), forgotten))
    assert first == second == third


def test_a_drift_that_gets_worse_keeps_its_fingerprint() -> None:
    [first], [second] = drifts(addresses(OTHER_IP)), drifts(addresses("203.0.113.77"))
    assert first.fingerprint == second.fingerprint
    assert first.is_ != second.is_


def test_two_causes_that_do_the_same_are_both_told() -> None:
    found = {drift.subject: drift.instance_group_names for drift in drifts(two_tables_down)}
    assert found == {"nat-worker": ("worker",), "sg-1": BOTH}


def test_two_routes_of_a_table_are_two_drifts() -> None:
    change = routed("rtb-worker", route(NatGatewayId="nat-controller"), route("52.0.0.0/9", TransitGatewayId="tgw-1"))
    found = drifts(change)
    assert [drift.subject for drift in found] == ["rtb-worker", "rtb-worker"]
    assert len({drift.fingerprint for drift in found}) == 2


def test_one_route_table_under_forty_groups_is_one_drift_with_all_their_names() -> None:
    def forty(account: WatchedAccount) -> None:
        account.groups += [group(f"worker-{number:02}", WORKER) for number in range(40)]

    [drift] = drifts(routed("rtb-worker", route(NatGatewayId="nat-controller")), given=forty)
    assert len(drift.instance_group_names) == 41
    assert drift.effect.startswith("worker, worker-00, worker-01 and 38 more leave by")


def test_a_new_firewall_on_the_way_is_told_though_the_address_stays() -> None:
    [drift] = drifts(firewall)
    assert (drift.kind, drift.subject) == (Kind.NETWORK, "rtb-worker")
    assert "vpce-fw is on the way" in drift.effect


def test_ports_that_close_in_part_are_told() -> None:
    [drift] = drifts(half_of_the_ports)
    assert (drift.kind, drift.severity) == (Kind.NETWORK, WARNS)


def test_the_resources_of_a_route_are_those_that_a_trail_can_name() -> None:
    [found] = compared(routed("rtb-worker", route(NatGatewayId="nat-controller"))).found
    assert found.resources == ("rtb-worker", "nat-worker", "nat-controller")


def test_a_role_is_named_as_a_trail_names_it() -> None:
    [found] = compared(lambda account: account.roles.update({ROLE: None})).found
    assert "role/hyperpod" in found.resources


NETWORK_READS = sorted(
    {
        "ec2:DescribeSubnets",
        "ec2:DescribeRouteTables",
        "ec2:DescribeNatGateways",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcAttribute",
    }
)
FIELDS = {
    "ec2:DescribeSubnets": "Subnets",
    "ec2:DescribeRouteTables": "RouteTables",
    "ec2:DescribeNatGateways": "NatGateways",
    "ec2:DescribeInternetGateways": "InternetGateways",
    "ec2:DescribeVpcEndpoints": "VpcEndpoints",
    "ec2:DescribeNetworkAcls": "NetworkAcls",
    "ec2:DescribeSecurityGroups": "SecurityGroups",
}


def not_answered(action: str) -> Change:
    def change(account: WatchedAccount) -> None:
        account.unread.append(denied(action, f"{WORKER}, {CONTROLLER}" if action == "ec2:DescribeSubnets" else VPC))
        if action in FIELDS:
            account.network[FIELDS[action]] = []
        else:
            account.dns_support = {}

    return change


@pytest.mark.parametrize("action", NETWORK_READS)
def test_what_may_not_be_read_is_unknown_and_no_drift(action: str) -> None:
    comparison = compared(not_answered(action))
    assert comparison.found == ()
    assert [one.action for one in comparison.unread] == [action]


@pytest.mark.parametrize("action", NETWORK_READS)
def test_what_was_not_read_for_the_baseline_is_no_drift_when_it_can_be_read(action: str) -> None:
    account = WatchedAccount()
    not_answered(action)(account)
    assert compare(baseline_of(account), seen_of(WatchedAccount())) == ((), ())


def test_a_denied_read_does_not_hide_what_another_one_tells() -> None:
    def change(account: WatchedAccount) -> None:
        not_answered("ec2:DescribeNetworkAcls")(account)
        account.routes("rtb-worker")

    assert [drift.subject for drift in drifts(change)] == ["rtb-worker"]


def test_what_was_not_read_of_other_clusters_is_no_matter() -> None:
    other = denied("iam:GetRole", "arn:aws:iam::123456789012:role/other", whole=False)
    assert compared(lambda account: account.unread.append(other)) == ((), ())


def test_a_role_that_may_not_be_read_is_unknown() -> None:
    def change(account: WatchedAccount) -> None:
        account.roles = {}
        account.unread.append(denied("iam:GetRole", ROLE, whole=False))

    comparison = compared(change)
    assert (comparison.found, [one.subject for one in comparison.unread]) == ((), [ROLE])


def test_two_policies_that_go_are_two_drifts() -> None:
    def both(account: WatchedAccount) -> None:
        policy_gone(account)
        inline_policy_gone(account)

    found = drifts(both)
    assert len({drift.fingerprint for drift in found}) == len(found) == 2


def test_an_overwritten_script_is_told_with_the_moment_that_s3_tells() -> None:
    [drift] = drifts(overwritten)
    assert drift.since == datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


def test_of_a_role_or_a_script_that_is_gone_nothing_else_is_told() -> None:
    def gone(account: WatchedAccount) -> None:
        account.roles[ROLE], account.lifecycle_files[SCRIPT] = None, Presence.NO_FILE
        account.attached_policies, account.inline_policies, account.lifecycle_contents = {}, {}, {}

    assert [drift.subject for drift in drifts(gone)] == [ROLE, SCRIPT]


def test_policies_that_may_not_be_read_are_unknown() -> None:
    def change(account: WatchedAccount) -> None:
        account.attached_policies = {}
        account.unread.append(denied("iam:ListAttachedRolePolicies", ROLE, whole=False))

    comparison = compared(change)
    assert comparison.found == ()
    assert [one.by_hand for one in comparison.unread] == ["aws iam list-attached-role-policies --role-name hyperpod"]


def test_a_baseline_from_before_policies_and_contents_were_read_still_counts_and_tells_none_of_them() -> None:
    account = WatchedAccount()
    kept = baseline_of(account).to_wire()
    for name in ("AttachedPolicies", "InlinePolicies", "LifecycleContents"):
        del kept["Facts"][name]
    policy_gone(account)
    overwritten(account)
    routed("rtb-worker")(account)
    comparison = compare(Baseline.from_wire(kept), seen_of(account))
    assert ([found.drift.subject for found in comparison.found], comparison.unread) == (["rtb-worker"], ())


def everything_of_others(account: WatchedAccount) -> None:
    account.network["Subnets"].append(subnet("subnet-other", "10.0.50.0/24"))
    account.network["RouteTables"].append(route_table("rtb-other", "subnet-other", routes=[route(GatewayId="igw-1")]))
    account.network["NatGateways"].append(nat_gateway("nat-other", "203.0.113.50"))
    account.network["SecurityGroups"].append(security_group("sg-other"))
    account.network["NetworkAcls"].append(open_acl("acl-other", "subnet-other"))
    account.roles["arn:aws:iam::123456789012:role/other"] = None
    account.attached_policies["arn:aws:iam::123456789012:role/other"] = [POLICY]
    account.lifecycle_contents["s3://others/on_create.sh"] = account.lifecycle_contents[SCRIPT]
    interface(SubnetId="subnet-other")(account)


def test_what_others_have_in_the_vpc_is_no_matter() -> None:
    assert compared(everything_of_others) == ((), ())
    account = WatchedAccount()
    everything_of_others(account)
    assert "other" not in str(baseline_of(account).facts.to_wire())


def words(drift: Drift) -> str:
    return f"{drift.was} {drift.is_} {drift.effect}"


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_no_sentence_has_a_hole(story: Story) -> None:
    [drift] = drifts(story.change, story.given)
    assert not any(hole in words(drift) for hole in ("None", "()", "  ", "{", "frozenset"))
    assert all((drift.was, drift.is_, drift.effect, drift.remedy))


def test_an_unread_prefix_list_hides_the_way_out_and_breaks_nothing() -> None:
    def change(account: WatchedAccount) -> None:
        account.prefix_lists = {}
        account.unread.append(denied("ec2:GetManagedPrefixListEntries", "pl-1"))
        account.roles[ROLE] = None
        account.groups.append(group("gpu", WORKER))

    comparison = compared(change, given=partners_routed_apart)
    assert {found.drift.subject for found in comparison.found} == {ROLE, "$.InstanceGroups[gpu]"}
    assert [one.subject for one in comparison.unread] == ["pl-1"]
