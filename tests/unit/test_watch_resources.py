"""What decides about a cluster's way out: associations by ids of their own, which is all that some calls name."""

from collections.abc import Callable
from typing import Any

import pytest

from control_plane.domain.drift.baseline import project
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline
from control_plane.domain.watch.change import resources_in
from control_plane.domain.watch.resources import decides_about, decides_since
from tests.accounts import CONTROLLER, PUBLIC, VPC, WORKER, open_acl, route_table, subnet
from tests.unit.drift_stories import WatchedAccount, baseline_of, seen_of

ELSEWHERE = "subnet-elsewhere"
PLACES = {CONTROLLER: "c", WORKER: "d", PUBLIC: "b", ELSEWHERE: "e"}
OF_TABLES = {place: f"rtbassoc-0000000{digit}" for place, digit in PLACES.items()}
OF_ACLS = {place: f"aclassoc-0000000{digit}" for place, digit in PLACES.items()}
OF_MAIN, ANEW = "rtbassoc-0000000a", "assoc-0000000f"
ON_THE_WAY = {one: place for of in (OF_TABLES, OF_ACLS) for place, one in of.items() if place != ELSEWHERE}


def account() -> WatchedAccount:
    """The reference account with the ids of its associations, and a subnet where no traffic of the cluster comes."""
    made = WatchedAccount()
    made.network["Subnets"].append(subnet(ELSEWHERE, "10.0.9.0/24"))
    made.network["RouteTables"].append(route_table("rtb-elsewhere", ELSEWHERE, routes=[]))
    made.network["NetworkAcls"].append(open_acl("acl-elsewhere", ELSEWHERE))
    for table in made.network["RouteTables"]:
        for one in table["Associations"]:
            one["RouteTableAssociationId"] = OF_TABLES.get(one.get("SubnetId"), OF_MAIN)
    for acl in made.network["NetworkAcls"]:
        for one in acl["Associations"]:
            one["NetworkAclAssociationId"] = OF_ACLS[one["SubnetId"]]
    return made


def nothing(_: WatchedAccount) -> None:
    """Leave it as it is."""


def no_table_of_its_own(it: WatchedAccount) -> None:
    it.one("rtb-worker")["Associations"].clear()


def to(table: str) -> Callable[[WatchedAccount], None]:
    """The worker's subnet is associated anew."""

    def change(it: WatchedAccount) -> None:
        no_table_of_its_own(it)
        one = {"SubnetId": WORKER, "Main": False, "RouteTableAssociationId": f"rtb{ANEW}"}
        it.one(table)["Associations"].append(one)

    return change


def to_acl(name: str, *entries: Any) -> Callable[[WatchedAccount], None]:
    def change(it: WatchedAccount) -> None:
        was = it.one("acl-1")["Associations"]
        was[:] = [one for one in was if one["SubnetId"] != WORKER]
        if not any(acl["NetworkAclId"] == name for acl in it.network["NetworkAcls"]):
            it.network["NetworkAcls"].append(
                {"NetworkAclId": name, "VpcId": VPC, "Associations": [], "Entries": entries}
            )
        it.one(name)["Associations"].append({"SubnetId": WORKER, "NetworkAclAssociationId": f"acl{ANEW}"})

    return change


def associations(names: dict[str, str]) -> dict[str, str]:
    return {one: changes for one, changes in names.items() if one.partition("-")[0].endswith("assoc")}


@pytest.mark.parametrize(
    ("given", "decide"),
    [
        pytest.param(nothing, ON_THE_WAY, id="those of the groups' subnets and of their NAT gateways'"),
        pytest.param(
            no_table_of_its_own,
            {name: place for name, place in ON_THE_WAY.items() if name != OF_TABLES[WORKER]} | {OF_MAIN: VPC},
            id="that of the main table, where a subnet has none of its own",
        ),
    ],
)
def test_the_associations_of_a_cluster_s_way_decide_about_it_and_no_others_of_the_vpc(
    given: Callable[[WatchedAccount], None], decide: dict[str, str]
) -> None:
    it = account()
    given(it)
    baseline = baseline_of(it)
    assert associations(decides_about(baseline)) == decide
    assert decides_about(Baseline.from_wire(baseline.to_wire())) == decides_about(baseline)
    assert decides_since(baseline, seen_of(it)) == {}


def test_a_projection_keeps_the_ids_of_associations_however_often_it_is_projected() -> None:
    case = account().case()
    once = project(case.facts, case.request.shape)
    assert project(once, case.request.shape) == once


# What is done, and what decides since.
MOVES = {
    "another table": (to("rtb-controller"), {f"rtb{ANEW}": WORKER}),
    "the main table": (no_table_of_its_own, {OF_MAIN: VPC}),
    "another ACL": (to_acl("acl-shut"), {f"acl{ANEW}": WORKER}),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_new_association_decides_since_and_the_drift_is_about_what_changes_with_the_old_one(move: str) -> None:
    change, since = MOVES[move]
    it = account()
    baseline = baseline_of(it)
    change(it)
    assert associations(decides_since(baseline, seen_of(it))) == since
    [found] = compare(baseline, seen_of(it)).found
    assert decides_about(baseline)[OF_TABLES[WORKER]] in found.resources


@pytest.mark.parametrize("change", [to("rtb-worker"), to_acl("acl-1")], ids=["of a table", "of an ACL"])
def test_an_association_that_is_made_anew_and_does_the_same_is_no_drift(
    change: Callable[[WatchedAccount], None],
) -> None:
    it = account()
    baseline = baseline_of(it)
    change(it)
    assert compare(baseline, seen_of(it)).found == ()
    assert [*associations(decides_since(baseline, seen_of(it))).values()] == [WORKER]


def test_a_baseline_that_knows_no_ids_of_associations_compares_alike_and_learns_all_of_them() -> None:
    baseline = baseline_of(WatchedAccount())
    assert associations(decides_about(baseline)) == {}
    assert compare(baseline, seen_of(account())).found == ()
    assert associations(decides_since(baseline, seen_of(account()))) == ON_THE_WAY


@pytest.mark.parametrize(
    ("asked", "answered", "named"),
    [
        pytest.param(
            {"associationId": OF_TABLES[WORKER]},
            {"_return": True},
            {OF_TABLES[WORKER]},
            id="DisassociateRouteTable",
        ),
        pytest.param(
            {"associationId": OF_TABLES[WORKER], "routeTableId": "rtb-00000001"},
            {"newAssociationId": f"rtb{ANEW}", "associationState": {"state": "associated"}},
            {OF_TABLES[WORKER], "rtb-00000001", f"rtb{ANEW}"},
            id="ReplaceRouteTableAssociation",
        ),
        pytest.param(
            {"associationId": OF_ACLS[WORKER], "networkAclId": "acl-00000001"},
            {"newAssociationId": f"acl{ANEW}"},
            {OF_ACLS[WORKER], "acl-00000001", f"acl{ANEW}"},
            id="ReplaceNetworkAclAssociation",
        ),
    ],
)
def test_a_record_names_the_association_that_was_and_the_one_that_is(
    asked: dict[str, Any], answered: dict[str, Any], named: set[str]
) -> None:
    record = {"requestParameters": asked, "responseElements": {"requestId": "0123abcd", **answered}}
    assert resources_in(record) == named
