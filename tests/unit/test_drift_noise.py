"""What changes by itself, or without any effect: each line is silent, and says why it is here."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.account.facts import Facts
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline, Seen
from control_plane.domain.drift.noise import NOT_JUDGED_AGAIN
from control_plane.domain.drift.row import Drift
from control_plane.domain.drift.sides import sides
from control_plane.domain.rules import CHECKS
from tests.accounts import PUBLIC, ROLE, SCRIPT, VPC, WORKER, WORKER_IP, nat_gateway, route, route_table, security_group
from tests.unit.drift_changes import OTHER_IP, around_the_nat, interface
from tests.unit.drift_stories import ARN, Change, WatchedAccount, baseline_of, drifts, nothing, seen_of
from tests.unit.test_rules_cautions import regional


def address(ip: str, status: str = "succeeded") -> dict[str, str]:
    return {"PublicIp": ip, "PrivateIp": "10.0.101.99", "Status": status}


def more_addresses(*more: dict[str, str]) -> Change:
    return lambda account: account.one("nat-worker")["NatGatewayAddresses"].extend(more)


def two_addresses(account: WatchedAccount) -> None:
    account.one("nat-worker").update(nat_gateway("nat-worker", WORKER_IP, OTHER_IP))


def second_one_draining(account: WatchedAccount) -> None:
    account.one("nat-worker")["NatGatewayAddresses"][1]["Status"] = "disassociating"


def scaled(account: WatchedAccount) -> None:
    account.groups[1]["InstanceCount"] = 64
    for subnet in account.network["Subnets"]:
        subnet["AvailableIpAddressCount"] = 3


def reversed_everywhere(account: WatchedAccount) -> None:
    account.groups.reverse()
    for shapes in account.network.values():
        shapes.reverse()
    for table in account.network["RouteTables"]:
        table["Routes"].reverse()


def updated(account: WatchedAccount) -> None:
    account.groups[1].update(
        DesiredImageId="ami-2", SoftwareUpdateStatus="InProgress", ActiveOperations={"Updating": 1}
    )


def tagged(account: WatchedAccount) -> None:
    account.one("rtb-worker")["Tags"] = [{"Key": "aws:cloudformation:stack-name", "Value": "network"}]
    account.request["Cluster"]["Tags"] = [{"Key": "team", "Value": "a"}]


def folded_otherwise(account: WatchedAccount) -> None:
    """AWS folds rules of one protocol together; that is no change of any of them."""
    [rule] = account.one("sg-1")["IpPermissionsEgress"]
    account.one("sg-1")["IpPermissionsEgress"] = [
        {"IpProtocol": "-1", "UserIdGroupPairs": rule["UserIdGroupPairs"]},
        {"IpProtocol": "-1", "IpRanges": rule["IpRanges"]},
    ]


def default_route_in_halves(account: WatchedAccount) -> None:
    halves = (route(half, NatGatewayId="nat-worker") for half in ("0.0.0.0/1", "128.0.0.0/1"))
    account.routes("rtb-worker", *halves)


def private_routes(account: WatchedAccount) -> None:
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), route("172.16.0.0/12", TransitGatewayId="tgw-1"))


def table_made_anew(account: WatchedAccount) -> None:
    account.one("rtb-worker")["Associations"] = []
    new = route_table("rtb-new", WORKER, routes=[route(NatGatewayId="nat-worker")])
    account.network["RouteTables"].append(new)
    account.one("vpce-s3")["RouteTableIds"].append("rtb-new")


def another_service(account: WatchedAccount) -> None:
    trust = account.roles["arn:aws:iam::123456789012:role/hyperpod"]
    assert trust
    trust["AssumeRolePolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    )


def uploaded_again(account: WatchedAccount) -> None:
    account.lifecycle_contents[SCRIPT] = account.lifecycle_contents[SCRIPT] | {"LastModified": "2026-11-24T14:03:00Z"}


NOISE = [
    pytest.param(nothing, nothing, id="nothing"),
    pytest.param(reversed_everywhere, nothing, id="order: AWS lists as it likes"),
    pytest.param(folded_otherwise, nothing, id="folding: the same rules, written otherwise"),
    pytest.param(scaled, nothing, id="counts: autoscalers change them, and free addresses with them"),
    pytest.param(updated, nothing, id="images: scheduled updates change them"),
    pytest.param(tagged, nothing, id="tags: they change nothing of what a cluster does"),
    pytest.param(more_addresses(address(OTHER_IP)), regional, id="a regional NAT gateway takes addresses by itself"),
    pytest.param(more_addresses(address(OTHER_IP, "associating")), nothing, id="an address that is just coming"),
    pytest.param(second_one_draining, two_addresses, id="an address that is just going: connections still leave by it"),
    pytest.param(
        nothing, more_addresses(address(OTHER_IP, "disassociating")), id="an address that was going, and still is"
    ),
    pytest.param(
        lambda account: account.one("nat-worker")["NatGatewayAddresses"].pop(),
        more_addresses(address(OTHER_IP, "disassociating")),
        id="an address that was going, and has gone",
    ),
    pytest.param(default_route_in_halves, nothing, id="routes that lead the same way"),
    pytest.param(private_routes, nothing, id="routes to private addresses"),
    pytest.param(table_made_anew, nothing, id="a new table that leads the same way"),
    pytest.param(another_service, nothing, id="a trust policy that lets further services in"),
    pytest.param(uploaded_again, nothing, id="uploads: the same content at another moment is no other script"),
    pytest.param(interface(), nothing, id="a public address where the NAT gateway's route wins"),
    pytest.param(
        interface(Groups=[{"GroupId": "sg-bastion"}]),
        lambda account: account.routes("rtb-worker", route(GatewayId="igw-1")),
        id="a public address of somebody else's interface",
    ),
    pytest.param(
        lambda account: account.network["SecurityGroups"].append(security_group("sg-9")), nothing, id="others' groups"
    ),
]


@pytest.mark.parametrize(("change", "given_so"), NOISE)
def test_noise_is_silent(change: Change, given_so: Change) -> None:
    assert drifts(change, given_so) == []


def test_an_address_that_went_is_told_when_it_has_gone() -> None:
    def gone(account: WatchedAccount) -> None:
        account.one("nat-worker")["NatGatewayAddresses"].pop()

    assert [drift.subject for drift in drifts(gone, two_addresses)] == ["nat-worker"]


def test_a_swap_is_told_while_the_old_address_drains() -> None:
    def swapped(account: WatchedAccount) -> None:
        account.one("nat-worker")["NatGatewayAddresses"][0]["Status"] = "disassociating"
        more_addresses(address(OTHER_IP))(account)

    [drift] = drifts(swapped)
    assert drift.effect.startswith(f"worker leaves by {OTHER_IP}, not {WORKER_IP}")


def test_a_regional_nat_gateway_that_loses_an_address_is_told() -> None:
    def two_by_itself(account: WatchedAccount) -> None:
        two_addresses(account)
        regional(account)

    [drift] = drifts(lambda account: account.one("nat-worker")["NatGatewayAddresses"].pop(), two_by_itself)
    assert drift.subject == "nat-worker"


def test_every_rule_that_is_not_judged_again_exists_and_has_a_reason() -> None:
    assert NOT_JUDGED_AGAIN.keys() <= CHECKS.keys()
    assert all(reason.endswith(".") for reason in NOT_JUDGED_AGAIN.values())


def test_drift_goes_over_the_wire_under_the_names_that_are_fixed() -> None:
    [drift] = drifts(around_the_nat)
    names = "Fingerprint Kind Subject InstanceGroupNames Was Is Effect Severity Since By Remedy"
    assert set(drift.to_wire()) == set(names.split())
    assert Drift.from_wire(json.loads(json.dumps(drift.to_wire()))) == drift


def test_a_kept_baseline_comes_back_as_it_was() -> None:
    baseline = baseline_of(WatchedAccount())
    assert Baseline.from_wire(json.loads(json.dumps(baseline.to_wire()))) == baseline


Shuffle = Callable[[Any], Any]


def shuffled(value: Any, shuffle: Callable[[list[Any]], list[Any]]) -> Any:
    """The same JSON with every list in another order."""
    if isinstance(value, dict):
        return {key: shuffled(one, shuffle) for key, one in value.items()}
    if isinstance(value, list):
        return shuffle([shuffled(one, shuffle) for one in value])
    return value


def rich(account: WatchedAccount) -> None:
    """Two of whatever can be two."""
    two_addresses(account)
    interface()(account)
    account.network["SecurityGroups"].append(security_group("sg-2"))
    account.groups[1]["OverrideVpcConfig"] = {
        "Subnets": [WORKER, "subnet-controller"],
        "SecurityGroupIds": ["sg-1", "sg-2"],
    }
    account.one("sg-1")["IpPermissionsEgress"][0]["IpRanges"].append({"CidrIp": "198.18.0.0/15"})
    account.prefix_lists["pl-1"] = ["52.0.0.0/8", "203.0.113.0/24"]
    listed = {"DestinationPrefixListId": "pl-1", "TransitGatewayId": "tgw-1"}
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), listed)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_order_of_anything_is_drift(data: st.DataObject) -> None:
    account = WatchedAccount()
    rich(account)

    def shuffle(items: list[Any]) -> list[Any]:
        return list(data.draw(st.permutations(items))) if len(items) > 1 else items

    seen = seen_of(account)
    facts = Facts.from_wire(shuffled(seen.facts.to_wire(), shuffle))
    again = Seen(facts=facts, cluster=shuffled(seen.cluster, shuffle), cluster_arn=ARN, at=seen.at)
    baseline = Baseline.from_wire(shuffled(baseline_of(account).to_wire(), shuffle))
    assert compare(baseline, again) == ((), ())


CHANGES = {
    "route": lambda account: account.routes("rtb-worker", route(NatGatewayId="nat-controller")),
    "detour": lambda account: account.one("rtb-controller")["Routes"].append(route("52.0.0.0/9", TransitGatewayId="t")),
    "nat": lambda account: account.one("nat-controller").update(State="deleted"),
    "endpoint": lambda account: account.network.update(VpcEndpoints=[]),
    "dns": lambda account: account.dns_support.update({VPC: False}),
    "script": lambda account: account.lifecycle_files.clear(),
    "policy": lambda account: account.attached_policies.update({ROLE: []}),
    "overwritten": lambda account: account.lifecycle_contents[SCRIPT].update(ETag='"2c3d"'),
    "self rule": lambda account: account.one("sg-1").update(IpPermissions=[]),
    "sealed": lambda account: account.routes("rtb-public"),
    "acl": lambda account: account.one("acl-1").update(Associations=[{"SubnetId": PUBLIC}]),
}


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(sorted(CHANGES))))
def test_whatever_changes_together_each_cause_is_told_once_and_put_right_it_is_over(names: set[str]) -> None:
    account = WatchedAccount()
    rich(account)
    baseline = baseline_of(account)
    for name in sorted(names):
        CHANGES[name](account)
    found = [one.drift for one in compare(baseline, seen_of(account)).found]
    assert len({drift.fingerprint for drift in found}) == len(found)
    assert bool(found) == bool(names - {"script", "acl"})
    assert compare(baseline, seen_of_rich()) == ((), ())


def seen_of_rich() -> Seen:
    account = WatchedAccount()
    rich(account)
    return seen_of(account)


def test_a_comparison_of_equals_walks_no_path() -> None:
    account = WatchedAccount()
    baseline, seen = baseline_of(account), seen_of(account)
    both = sides(baseline, seen, baseline.cluster)
    assert both.alike
    assert compare(baseline, seen) == ((), ())
    assert not {"case", "exits", "findings"} & {*vars(both.wanted), *vars(both.seen)}
