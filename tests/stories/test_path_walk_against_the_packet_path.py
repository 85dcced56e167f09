"""Two opinions of one network: our prediction, and the packet that the simulator sends. They were written apart."""

from copy import deepcopy
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.account.blocks import NOT_INTERNET, Block
from control_plane.domain.account.facts import Network
from control_plane.domain.account.packet_filters import groups_permit
from control_plane.domain.account.path_walk import End, walk
from control_plane.domain.account.promise import Promises
from simulator.internet.packet_path import follow, future_interface
from tests.accounts import VPC, nat_gateway, route, route_table

Shape = dict[str, Any]

SUBNETS = {"subnet-a": "10.0.1.0/24", "subnet-b": "10.0.2.0/24", "subnet-c": "10.0.3.0/24"}
NATS = ("nat-1", "nat-2", "nat-3")
BLOCKS = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "64.0.0.0/2",
    "8.0.0.0/8",
    "8.8.8.0/24",
    "203.0.113.0/24",
    "10.0.0.0/8",
)
DESTINATIONS = ("8.8.8.8", "8.1.1.1", "9.9.9.9", "64.1.1.1", "200.0.0.1", "203.0.113.9")
PORTS = (None, (443, 443), (1024, 65535), (32768, 60999), (0, 1023), (40000, 50000))


targets = st.sampled_from(
    [
        *({"NatGatewayId": name} for name in (*NATS, *NATS, "nat-unheard-of")),
        {"GatewayId": "igw-1"},
        {"GatewayId": "igw-2"},
        {"TransitGatewayId": "tgw-1"},
        {"VpcPeeringConnectionId": "pcx-1"},
        {"NetworkInterfaceId": "eni-1"},
        {"GatewayId": "vpce-fw"},
    ]
)


def open_acl(name: str, *subnets: str) -> Shape:
    entries = [
        {"RuleNumber": 100, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "Egress": way, "Protocol": "-1"}
        for way in (True, False)
    ]
    return {
        "NetworkAclId": name,
        "VpcId": VPC,
        "Associations": [{"SubnetId": one} for one in subnets],
        "Entries": entries,
    }


def healthy() -> dict[str, list[Shape]]:
    """subnet-a leaves by nat-1, subnet-b by nat-2, subnet-c is public; nat-3 is regional; rtb-main serves nobody."""
    return {
        "Subnets": [
            {"SubnetId": name, "VpcId": VPC, "CidrBlock": cidr, "State": "available"} for name, cidr in SUBNETS.items()
        ],
        "RouteTables": [
            route_table("rtb-main", routes=[route(NatGatewayId="nat-2")], main=True),
            route_table("rtb-1", "subnet-a", routes=[route(NatGatewayId="nat-1")]),
            route_table("rtb-2", "subnet-b", routes=[route(NatGatewayId="nat-2")]),
            route_table("rtb-3", "subnet-c", routes=[route(GatewayId="igw-1")]),
        ],
        "NatGateways": [
            nat_gateway("nat-1", "198.51.100.11", "198.51.100.12", subnet_id="subnet-c"),
            nat_gateway("nat-2", "198.51.100.21", subnet_id="subnet-c"),
            {key: value for key, value in nat_gateway("nat-3", "198.51.100.31").items() if key != "SubnetId"}
            | {"AvailabilityMode": "regional", "RouteTableId": "rtb-3"},
        ],
        "InternetGateways": [
            {"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": VPC, "State": "available"}]},
            {"InternetGatewayId": "igw-2", "Attachments": [{"VpcId": "vpc-2", "State": "available"}]},
        ],
        "SecurityGroups": [
            {"GroupId": name, "VpcId": VPC, "IpPermissionsEgress": [everything()]} for name in ("sg-1", "sg-2")
        ],
        "NetworkAcls": [open_acl("acl-1", "subnet-a"), open_acl("acl-2", "subnet-b"), open_acl("acl-3", "subnet-c")],
        "VpcEndpoints": [
            {
                "VpcEndpointId": "vpce-fw",
                "VpcId": VPC,
                "VpcEndpointType": "GatewayLoadBalancer",
                "ServiceName": "firewall",
                "State": "available",
                "SubnetIds": ["subnet-b"],
            }
        ],
        "PrefixLists": [{"PrefixListId": "pl-1", "Cidrs": ["8.0.0.0/8", "128.0.0.0/1"]}],
    }


def everything() -> Shape:
    return {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@st.composite
def other_routes(draw: st.DrawFn, describes: dict[str, list[Shape]]) -> None:
    """A few more routes in a table. Two of one block differ in kind, so that which wins is never a draw."""
    main, own, other, public = describes["RouteTables"]
    table = draw(st.sampled_from((own, public, own, public, main, other)))
    for block in draw(st.lists(st.sampled_from(BLOCKS), unique=True, min_size=1, max_size=3)):
        kind = draw(st.sampled_from(("CreateRoute", "CreateRoute", "EnableVgwRoutePropagation")))
        taken = [one for one in table["Routes"] if one.get("DestinationCidrBlock") == block and one["Origin"] == kind]
        for one in taken:
            table["Routes"].remove(one)
        target = {"GatewayId": "vgw-1"} if kind == "EnableVgwRoutePropagation" else draw(targets)
        state = draw(st.sampled_from(("active", "active", "blackhole", "filtered")))
        table["Routes"].insert(0, {"DestinationCidrBlock": block, "Origin": kind, "State": state, **target})


@st.composite
def listed_route(draw: st.DrawFn, describes: dict[str, list[Shape]]) -> None:
    table = draw(st.sampled_from(describes["RouteTables"]))
    listed = [one for one in table["Routes"] if "DestinationPrefixListId" not in one]
    route = {"DestinationPrefixListId": "pl-1", "Origin": "CreateRoute", "State": "active", **draw(targets)}
    table["Routes"] = [route, *listed]


@st.composite
def other_table(draw: st.DrawFn, describes: dict[str, list[Shape]]) -> None:
    """A subnet changes its table, or is about to leave the one it has."""
    name = draw(st.sampled_from(sorted(SUBNETS)))
    for table in describes["RouteTables"]:
        table["Associations"] = [one for one in table["Associations"] if one.get("SubnetId") != name]
    state = draw(st.sampled_from(("associated", "associated", "disassociating")))
    table = draw(st.sampled_from(describes["RouteTables"][1:]))
    table["Associations"].append({"SubnetId": name, "Main": False, "AssociationState": {"State": state}})


@st.composite
def other_nat_gateway(draw: st.DrawFn, describes: dict[str, list[Shape]]) -> None:
    nat = draw(st.sampled_from(describes["NatGateways"]))
    change = draw(st.sampled_from(("state", "address", "home", "private")))
    if change == "state":
        nat["State"] = draw(st.sampled_from(("pending", "failed", "deleting", "deleted")))
    elif change == "address":
        draw(st.sampled_from(nat["NatGatewayAddresses"]))["Status"] = "disassociating"
    elif change == "home":
        key, homes = ("SubnetId", sorted(SUBNETS)) if "SubnetId" in nat else ("RouteTableId", ["rtb-main", "rtb-1"])
        nat[key] = draw(st.sampled_from(homes))
    else:
        nat["ConnectivityType"] = "private"
        for address in nat["NatGatewayAddresses"]:
            address.pop("PublicIp", None)


@st.composite
def other_acl(draw: st.DrawFn, describes: dict[str, list[Shape]]) -> None:
    """Entries before, or instead of, the one that allows everything in one direction."""
    acl, egress = draw(st.sampled_from(describes["NetworkAcls"])), draw(st.booleans())
    if draw(st.booleans()):
        acl["Entries"] = [one for one in acl["Entries"] if one["Egress"] is not egress or one["RuleNumber"] != 100]
    for number in draw(st.lists(st.integers(1, 99), unique=True, min_size=1, max_size=3)):
        ports = draw(st.sampled_from(PORTS))
        acl["Entries"].append(
            {
                "RuleNumber": number + (200 if draw(st.booleans()) else 0),
                "RuleAction": draw(st.sampled_from(("allow", "deny"))),
                "CidrBlock": draw(st.sampled_from((*BLOCKS, *SUBNETS.values(), "10.0.0.0/16", "10.0.101.0/24"))),
                "Egress": egress,
                "Protocol": draw(st.sampled_from(("6", "6", "17"))) if ports else "-1",
            }
            | ({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {})
        )


@st.composite
def other_group(draw: st.DrawFn, describes: dict[str, list[Shape]]) -> None:
    group = draw(st.sampled_from(describes["SecurityGroups"]))
    protocol, ports = (
        draw(st.sampled_from(("-1", "tcp", "tcp", "udp"))),
        draw(st.sampled_from(((443, 443), (80, 80), (0, 65535)))),
    )
    permission: Shape = {
        "IpProtocol": protocol,
        "IpRanges": [{"CidrIp": one} for one in draw(st.lists(st.sampled_from(BLOCKS), max_size=3))],
        "PrefixListIds": [{"PrefixListId": "pl-1"}] if draw(st.booleans()) else [],
        "UserIdGroupPairs": [{"GroupId": "sg-1"}],
    }
    group["IpPermissionsEgress"] = [
        permission | ({} if protocol == "-1" else {"FromPort": ports[0], "ToPort": ports[1]})
    ]


CHANGES = (other_routes, other_routes, listed_route, other_table, other_nat_gateway, other_acl, other_acl, other_group)


@st.composite
def networks(draw: st.DrawFn) -> dict[str, list[Shape]]:
    """A healthy network with up to five changes: enough to break it, and seldom enough to leave nothing alive."""
    describes = deepcopy(healthy())
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=5)):
        draw(change(describes))
    return describes


def as_facts(describes: dict[str, list[Shape]]) -> Network:
    return Network.model_validate(
        {
            "subnets": describes["Subnets"],
            "route_tables": describes["RouteTables"],
            "nat_gateways": describes["NatGateways"],
            "internet_gateways": describes["InternetGateways"],
            "security_groups": describes["SecurityGroups"],
            "network_acls": describes["NetworkAcls"],
            "vpc_endpoints": describes["VpcEndpoints"],
            "prefix_lists": {one["PrefixListId"]: one["Cidrs"] for one in describes["PrefixLists"]},
        }
    )


def seen_as(describes: dict[str, list[Shape]], groups: tuple[str, ...], destination: str) -> set[str]:
    return set(follow(describes, future_interface(describes, "subnet-a", groups), destination).addresses)


groups_of_a_node = st.sampled_from([("sg-1",), ("sg-2",), ("sg-1", "sg-2")])


@pytest.mark.long
@given(networks(), groups_of_a_node, st.sampled_from(DESTINATIONS))
@settings(max_examples=1000, deadline=None)
def test_a_walk_ends_where_the_packet_ends(
    describes: dict[str, list[Shape]], groups: tuple[str, ...], destination: str
) -> None:
    network = as_facts(describes)
    way = walk(network, network.subnet["subnet-a"], Block.of(f"{destination}/32"))
    let_out = groups_permit(
        [network.security_group[one] for one in groups], Block.of(f"{destination}/32"), 443, network.prefix_lists
    )
    seen = seen_as(describes, groups, destination)

    if way.inspected_by or way.half_open_acls:
        return  # the packet gives up there; the walk goes on and says that it is not sure
    if way.end is End.LEAVES and let_out:
        assert seen
        assert seen <= way.public_ips
        assert seen == way.public_ips or network.nat_gateway[way.nat_gateways[-1]].subnet_id is None
    else:
        assert seen == set()


@given(networks(), groups_of_a_node)
@settings(max_examples=250, deadline=None)
def test_a_promise_is_what_packets_to_every_corner_of_the_internet_show(
    describes: dict[str, list[Shape]], groups: tuple[str, ...]
) -> None:
    network = as_facts(describes)
    promise = Promises(network).of(network.subnet["subnet-a"], groups)
    if any(way.inspected_by or way.half_open_acls for way in promise.ways):
        return
    seen = set[str]().union(*(seen_as(describes, groups, corner) for corner in corners()))
    used = {network.nat_gateway[way.nat_gateways[-1]] for way in promise.ways if way.end is End.LEAVES}
    if all(nat.subnet_id for nat in used):
        assert seen == promise.public_ips
    assert seen <= promise.public_ips
    assert bool(seen) == bool(promise.public_ips)


def corners() -> set[str]:
    """The addresses at both sides of every edge that these networks can have, as far as they are on the internet."""
    edges = {edge for block in BLOCKS for edge in (ip_network(block)[0], ip_network(block)[-1])}
    beside = {int(edge) + step for edge in edges for step in (-1, 0, 1)}
    private = [ip_network(block) for block in NOT_INTERNET]
    inside = [
        ip_address(number) for number in beside | {int(ip_address(one)) for one in DESTINATIONS} if 0 <= number < 2**32
    ]
    return {str(one) for one in inside if not any(one in block for block in private)}
