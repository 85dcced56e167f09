"""What may happen to a network under watch: what is told of it, and that put right it is over."""

from datetime import UTC, datetime

import pytest

from control_plane.domain.account.facts import Presence
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity
from tests.accounts import (
    POLICY,
    ROLE,
    SCRIPT,
    WORKER,
    group,
    nat_gateway,
    open_acl,
    route,
    route_table,
    security_group,
    subnet,
)
from tests.unit.drift_cases import STORIES, Story
from tests.unit.drift_changes import (
    BOTH,
    OTHER_IP,
    addresses,
    inline_policy_gone,
    interface,
    nat_being_deleted,
    nat_deleted,
    nat_forgotten,
    overwritten,
    policy_gone,
    routed,
    two_tables_down,
)
from tests.unit.drift_stories import Change, WatchedAccount, baseline_of, compared, drifts, nothing, seen_of
from tests.unit.test_rules_cautions import firewall, half_of_the_ports


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
    assert (drift.kind, drift.severity) == (Kind.NETWORK, Severity.WARNS)


def test_the_resources_of_a_route_are_those_that_a_trail_can_name() -> None:
    [found] = compared(routed("rtb-worker", route(NatGatewayId="nat-controller"))).found
    assert found.resources == ("rtb-worker", "nat-worker", "nat-controller")


def test_a_role_is_named_as_a_trail_names_it() -> None:
    [found] = compared(lambda account: account.roles.update({ROLE: None})).found
    assert "role/hyperpod" in found.resources


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
