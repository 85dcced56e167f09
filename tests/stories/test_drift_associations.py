"""Who moves a subnet to another table or ACL may name nothing but an association: that is told within minutes, too."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.app import Simulator
from tests.stories.changes import EVERYWHERE
from tests.stories.stage import Stage
from tests.stories.watched import DETECTED, RESOLVED, Change, Watched, under_watch


@pytest.fixture(scope="module")
def one_for_all(simulator: Simulator) -> Iterator[Watched]:
    with under_watch(Stage(simulator)) as cluster:
        yield cluster


@pytest.fixture
def watched(one_for_all: Watched) -> Iterator[Watched]:
    """For stories that put right what they change. Nothing is found by the clock: its rule is switched off."""
    one_for_all.sim.trail.on = True
    yield one_for_all
    one_for_all.calm()


def table_association(it: Watched, **of: Any) -> str:
    """The id of the association that has these fields."""
    tables = it.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [it.ids["VpcId"]]}])["RouteTables"]
    [found] = [one for table in tables for one in table["Associations"] if of.items() <= one.items()]
    return str(found["RouteTableAssociationId"])


def new_table(it: Watched, nat: str | None = None) -> str:
    """A table that no baseline knows: it leads nowhere, or to a NAT gateway."""
    table = str(it.ec2.create_route_table(VpcId=it.ids["VpcId"])["RouteTable"]["RouteTableId"])
    if nat:
        it.ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, NatGatewayId=it.ids[nat])
    return table


def serve(it: Watched, table: str) -> None:
    """Have the S3 endpoint serve a table, as it does the cluster's own."""
    here = [{"Name": "vpc-id", "Values": [it.ids["VpcId"]]}]
    [endpoint] = it.ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
    it.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], AddRouteTableIds=[table])


def to_new_table(nat: str | None = None) -> Change:
    return lambda it: move(it, new_table(it, nat))


def move(it: Watched, table: str) -> None:
    association = table_association(it, SubnetId=it.ids["WorkerSubnetId"])
    it.ec2.replace_route_table_association(AssociationId=association, RouteTableId=table)


def own_table(it: Watched) -> None:
    move(it, it.ids["WorkerRouteTableId"])


def no_table(it: Watched) -> None:
    it.ec2.disassociate_route_table(AssociationId=table_association(it, SubnetId=it.ids["WorkerSubnetId"]))


def own_table_again(it: Watched) -> None:
    it.ec2.associate_route_table(SubnetId=it.ids["WorkerSubnetId"], RouteTableId=it.ids["WorkerRouteTableId"])


def to_acl(it: Watched, acl: str) -> str:
    """Answers the one that it was."""
    here = [{"Name": "association.subnet-id", "Values": [it.ids["WorkerSubnetId"]]}]
    [was] = it.ec2.describe_network_acls(Filters=here)["NetworkAcls"]
    [mine] = [one for one in was["Associations"] if one["SubnetId"] == it.ids["WorkerSubnetId"]]
    it.ec2.replace_network_acl_association(AssociationId=mine["NetworkAclAssociationId"], NetworkAclId=acl)
    return str(was["NetworkAclId"])


def shut_acl(it: Watched) -> None:
    acl = it.ec2.create_network_acl(VpcId=it.ids["VpcId"])["NetworkAcl"]["NetworkAclId"]
    it.ids["OpenAcl"] = to_acl(it, acl)


def open_acl(it: Watched) -> None:
    to_acl(it, it.ids["OpenAcl"])


# What is done, how it is put right, the effect that is told, and the call that did it.
MOVES = {
    "a table that nobody knew": (to_new_table(), own_table, "loses the internet", "ReplaceRouteTableAssociation"),
    "no table of its own": (no_table, own_table_again, "loses the internet", "DisassociateRouteTable"),
    "an ACL that lets nothing through": (shut_acl, open_acl, "loses the internet", "ReplaceNetworkAclAssociation"),
}


@pytest.mark.parametrize("to", MOVES)
def test_a_subnet_that_is_moved_is_told_within_minutes_with_who_did_it_and_so_is_its_end(
    watched: Watched, to: str
) -> None:
    spoil, put_right, effect, call = MOVES[to]
    first, last = watched.after(spoil), watched.after(put_right)

    [(kind, row)] = first
    assert (kind, row["InstanceGroupNames"], row["By"]) == (DETECTED, ["worker"], f"role/ops ({call})")
    assert effect in row["Effect"]
    assert [(kind, over["Fingerprint"]) for kind, over in last] == [(RESOLVED, row["Fingerprint"])]


def test_an_association_newer_than_the_baseline_is_heard_of_once_its_drift_is_told(watched: Watched) -> None:
    [(_, first)] = watched.after(to_new_table())
    [(kind, second)] = watched.after(to_new_table("ControllerNatGatewayId"))

    assert (kind, second["Fingerprint"]) == (DETECTED, first["Fingerprint"])
    assert watched.ids["ControllerPublicIp"] in second["Effect"]
    assert first["Since"] < second["Since"]  # who moved it to the table it is in now
    assert [kind for kind, _ in watched.after(own_table)] == [RESOLVED]


def test_the_main_table_is_watched_while_a_subnet_has_none_of_its_own(watched: Watched) -> None:
    was, table = main_table(watched), new_table(watched, "WorkerNatGatewayId")
    serve(watched, table)
    watched.wait()
    [(_, row)] = watched.after(no_table)

    for change, kind in ((main_to(table), RESOLVED), (main_to(was), DETECTED), (own_table_again, RESOLVED)):
        assert [(told, one["Fingerprint"]) for told, one in watched.after(change)] == [(kind, row["Fingerprint"])]


def main_table(it: Watched) -> str:
    main = [{"Name": "vpc-id", "Values": [it.ids["VpcId"]]}, {"Name": "association.main", "Values": ["true"]}]
    return str(it.ec2.describe_route_tables(Filters=main)["RouteTables"][0]["RouteTableId"])


def main_to(table: str) -> Change:
    return lambda it: it.ec2.replace_route_table_association(
        AssociationId=table_association(it, Main=True), RouteTableId=table
    )
