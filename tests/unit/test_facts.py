"""Facts: frozen, and the same after a way through JSON."""

import json

import pytest
from pydantic import ValidationError

from control_plane.domain.account.blocks import Block, pieces
from control_plane.domain.account.facts import ExistingCluster, Facts
from control_plane.domain.account.network import Kind, Route
from tests.accounts import VPC, Account
from tests.unit.test_rulebook import denied
from tests.unit.test_rules_cautions import around, firewall, regional


def full_account() -> Account:
    account = Account()
    for change in (around, firewall, regional):
        change(account)
    account.prefix_lists["pl-1"] = ["192.0.2.0/24"]
    account.roles["arn:aws:iam::123456789012:role/gone"] = None
    account.cluster = ExistingCluster(cluster_arn="arn:cluster/1", cluster_status="InService", ours=True)
    account.unread = [denied("ec2:DescribeNetworkAcls")]
    return account


def test_facts_come_back_from_json_as_they_were() -> None:
    facts = full_account().facts()
    assert Facts.from_wire(json.loads(json.dumps(facts.to_wire()))) == facts


def test_kept_facts_have_aws_s_own_names() -> None:
    table = full_account().facts().to_wire()["Network"]["RouteTables"][1]
    assert (table["RouteTableId"], table["Routes"][1]["NatGatewayId"]) == ("rtb-controller", "nat-controller")


def test_facts_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Account().facts().network.subnets[0].state = "gone"


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.LOCAL, Kind.OTHER}])
def test_every_kind_of_target_can_be_told_from_a_route(kind: Kind) -> None:
    prefixes = {Kind.INTERNET_GATEWAY: "igw-1", Kind.PRIVATE_GATEWAY: "vgw-1", Kind.ENDPOINT: "vpce-1"}
    fields = [name for name in Route.model_fields if name.endswith(("_id", "_arn", "ip_address"))]
    targets = [Route.model_validate({name: prefixes.get(kind, "x-1")}).target for name in fields]
    assert kind in {target.kind for target in targets}


def test_a_gateway_endpoint_is_no_way_to_the_internet() -> None:
    account = Account()
    account.one("rtb-worker")["Routes"].append({"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-s3"})
    account.prefix_lists["pl-s3"] = ["52.92.0.0/16"]
    routes = account.facts().network.routes["rtb-worker"]
    assert Block.of("52.92.0.0/16") not in [block for block, _ in routes]


def test_pieces_add_up_to_the_whole() -> None:
    whole = Block.of("10.0.0.0/8")
    cuts = [Block.of(cidr) for cidr in ("10.0.0.0/9", "10.1.0.0/16", "10.1.2.0/24", "10.128.0.0/9", "11.0.0.0/8")]
    cut = pieces(whole, cuts)
    assert sum(cut.values()) == whole.size
    assert whole not in cut  # its two halves are all of it


def test_a_subnet_of_another_vpc_does_not_fall_back_to_this_one_s_main_table() -> None:
    network = Account().facts().network
    assert [network.table_of("subnet-x", vpc) is None for vpc in (VPC, "vpc-2")] == [False, True]
