"""Where a packet leaves, hop by hop, on hand-made describe answers."""

from copy import deepcopy
from typing import Any

import pytest

from simulator.internet.packet_path import Sender, Source, follow, future_interface, interface

ECHO = "198.18.7.7"
NODE, PUBLIC = "subnet-node", "subnet-public"
Describes = dict[str, list[dict[str, Any]]]


def table(table_id: str, subnet_id: str | None, *routes: dict[str, Any], main: bool = False) -> dict[str, Any]:
    local = {
        "DestinationCidrBlock": "10.0.0.0/16",
        "GatewayId": "local",
        "State": "active",
        "Origin": "CreateRouteTable",
    }
    associations = [{"SubnetId": subnet_id, "Main": False}] if subnet_id else []
    associations += [{"Main": True}] if main else []
    return {"RouteTableId": table_id, "VpcId": "vpc-1", "Associations": associations, "Routes": [local, *routes]}


def route(target: str, to: str = "0.0.0.0/0", state: str = "active", origin: str = "CreateRoute") -> dict[str, Any]:
    keys = {
        "nat": "NatGatewayId",
        "tgw": "TransitGatewayId",
        "pcx": "VpcPeeringConnectionId",
        "eni": "NetworkInterfaceId",
    }
    destination = "DestinationPrefixListId" if to.startswith("pl-") else "DestinationCidrBlock"
    return {destination: to, keys.get(target.partition("-")[0], "GatewayId"): target, "State": state, "Origin": origin}


def address(public_ip: str | None, private_ip: str = "10.0.101.10", **more: str) -> dict[str, Any]:
    return {"PrivateIp": private_ip, "Status": "succeeded"} | ({"PublicIp": public_ip} if public_ip else {}) | more


def nat(
    *addresses: dict[str, Any], nat_id: str = "nat-1", subnet_id: str = PUBLIC, state: str = "available"
) -> dict[str, Any]:
    return {"NatGatewayId": nat_id, "SubnetId": subnet_id, "State": state, "NatGatewayAddresses": list(addresses)}


def acl(subnet_id: str, *entries: tuple[bool, str, int, int, str]) -> dict[str, Any]:
    """Entries in order: (egress, cidr, first port, last port, action)."""
    numbered = [
        {
            "RuleNumber": number,
            "Egress": egress,
            "CidrBlock": cidr,
            "Protocol": "6",
            "PortRange": {"From": first, "To": last},
            "RuleAction": action,
        }
        for number, (egress, cidr, first, last, action) in enumerate(entries)
    ]
    return {"Associations": [{"SubnetId": subnet_id}], "Entries": numbered}


OUT, IN = True, False
HTTPS_OUT = (OUT, "0.0.0.0/0", 443, 443, "allow")
OPEN_GROUP = {
    "GroupId": "sg-open",
    "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
}


def network(**changes: list[dict[str, Any]]) -> Describes:
    """A node subnet behind a NAT gateway in a public subnet, with each list replaced that is named."""
    return deepcopy(
        {
            "Subnets": [
                {"SubnetId": NODE, "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "a"},
                {"SubnetId": PUBLIC, "VpcId": "vpc-1", "CidrBlock": "10.0.101.0/24", "AvailabilityZone": "a"},
            ],
            "RouteTables": [table("rtb-node", NODE, route("nat-1")), table("rtb-public", PUBLIC, route("igw-1"))],
            "NatGateways": [nat(address("198.51.100.1"))],
            "InternetGateways": [
                {"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}
            ],
            "SecurityGroups": [OPEN_GROUP],
        }
        | changes
    )


def node(describes: Describes, *group_ids: str) -> Source:
    return future_interface(describes, NODE, group_ids or ("sg-open",))


def tables(*routes: dict[str, Any], public: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    public_routes = [route("igw-1")] if public is None else public
    return [table("rtb-node", NODE, *routes), table("rtb-public", PUBLIC, *public_routes)]


@pytest.mark.parametrize(
    ("describes", "addresses"),
    [
        pytest.param(network(), ("198.51.100.1",), id="a NAT gateway's Elastic IP"),
        pytest.param(
            network(NatGateways=[nat(address("198.51.100.1"), address("198.51.100.2", "10.0.101.11"))]),
            ("198.51.100.1", "198.51.100.2"),
            id="any of a NAT gateway's several addresses",
        ),
        pytest.param(
            network(NatGateways=[nat(address("198.51.100.1"), address("198.51.100.2", Status="associating"))]),
            ("198.51.100.1",),
            id="not an address that is not in use yet",
        ),
        pytest.param(
            network(
                RouteTables=[table("rtb-main", None, route("nat-1"), main=True), table("rtb-p", PUBLIC, route("igw-1"))]
            ),
            ("198.51.100.1",),
            id="by the VPC's main table where the subnet has none of its own",
        ),
        pytest.param(
            network(RouteTables=tables(route("nat-dead", state="blackhole"), route("nat-1", "198.18.0.0/15"))),
            ("198.51.100.1",),
            id="the longest prefix wins over a dead default route",
        ),
        pytest.param(
            network(
                RouteTables=tables(route("nat-1", "pl-1"), route("tgw-1")),
                PrefixLists=[{"PrefixListId": "pl-1", "Cidrs": ["198.18.0.0/15"]}],
            ),
            ("198.51.100.1",),
            id="a prefix list's longer block wins over the default route",
        ),
        pytest.param(
            network(RouteTables=tables(route("nat-1"), route("vgw-1", origin="EnableVgwRoutePropagation"))),
            ("198.51.100.1",),
            id="a static route wins over a propagated one",
        ),
        pytest.param(
            network(
                RouteTables=[
                    *tables(route("nat-private"), public=[route("igw-1")]),
                    table("rtb-mid", "subnet-mid", route("nat-1")),
                ],
                NatGateways=[
                    nat(address(None, "10.0.50.9"), nat_id="nat-private", subnet_id="subnet-mid"),
                    nat(address("198.51.100.1")),
                ],
            ),
            ("198.51.100.1",),
            id="a private NAT gateway hands on to a public one",
        ),
        pytest.param(
            network(RouteTables=tables(route("tgw-1")), FarEnds=[{"Target": "tgw-1", "PublicIp": "203.0.113.99"}]),
            ("203.0.113.99",),
            id="a far end behind a transit gateway, where the world has one",
        ),
        pytest.param(
            network(
                RouteTables=[table("rtb-node", NODE, route("nat-1")), table("rtb-nat", None, route("igw-1"))],
                NatGateways=[
                    {
                        "NatGatewayId": "nat-1",
                        "VpcId": "vpc-1",
                        "AvailabilityMode": "regional",
                        "RouteTableId": "rtb-nat",
                        "State": "available",
                        "NatGatewayAddresses": [
                            address("198.51.100.1", AvailabilityZone="a"),
                            address("198.51.100.2", AvailabilityZone="c"),
                        ],
                    }
                ],
            ),
            ("198.51.100.1",),
            id="a regional NAT gateway's address in the node's own zone",
        ),
        pytest.param(
            network(
                RouteTables=tables(route("vpce-1", "pl-s3"), route("nat-1")),
                PrefixLists=[{"PrefixListId": "pl-s3", "Cidrs": ["198.18.0.0/16"]}],
                VpcEndpoints=[{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Gateway"}],
            ),
            ("10.0.1.4",),
            id="its own private address through a gateway endpoint",
        ),
        pytest.param(
            network(NetworkAcls=[acl(NODE, HTTPS_OUT, (IN, "0.0.0.0/0", 32768, 60999, "allow"))]),
            ("198.51.100.1",),
            id="a network ACL that lets Linux's own answer ports back in is enough for a node",
        ),
    ],
)
def test_a_node_is_seen_from(describes: Describes, addresses: tuple[str, ...]) -> None:
    assert follow(describes, node(describes), ECHO).addresses == addresses


@pytest.mark.parametrize(
    ("describes", "why"),
    [
        pytest.param(network(RouteTables=tables()), "rtb-node has no route to", id="no route"),
        pytest.param(
            network(RouteTables=tables(route("nat-1", state="filtered"))),
            "rtb-node has no route",
            id="a filtered route",
        ),
        pytest.param(network(RouteTables=[]), "has no route table", id="no table"),
        pytest.param(
            network(RouteTables=tables(route("nat-1", state="blackhole"))), "is a blackhole", id="a blackhole"
        ),
        pytest.param(
            network(RouteTables=tables(route("nat-1"), route("nat-1", "198.18.0.0/15", state="blackhole"))),
            "is a blackhole",
            id="a blackhole with the longer prefix",
        ),
        pytest.param(network(NatGateways=[]), "nat-1 is not there", id="an unknown NAT gateway"),
        pytest.param(
            network(NatGateways=[nat(address("198.51.100.1"), state="pending")]), "is pending", id="a NAT too young"
        ),
        pytest.param(network(NatGateways=[nat(state="available")]), "no address in use", id="a NAT without an address"),
        pytest.param(
            network(NatGateways=[nat(address(None))]),
            "no public address, igw-1 drops it",
            id="a private NAT to a gateway",
        ),
        pytest.param(
            network(RouteTables=tables(route("nat-1"), public=[])), "rtb-public has no route", id="a NAT at no gateway"
        ),
        pytest.param(network(InternetGateways=[]), "igw-1 is not attached", id="a detached internet gateway"),
        pytest.param(
            network(RouteTables=tables(route("igw-1"))), "igw-1 drops it", id="an internet gateway from a node"
        ),
        pytest.param(
            network(RouteTables=tables(route("nat-1"), public=[route("nat-1")])),
            "round in circles",
            id="a NAT that is its own way",
        ),
        pytest.param(
            network(RouteTables=tables(route("tgw-1"))), "nothing comes back from tgw-1", id="a transit gateway"
        ),
        pytest.param(network(RouteTables=tables(route("pcx-1"))), "nothing comes back from pcx-1", id="a peering"),
        pytest.param(network(RouteTables=tables(route("vgw-1"))), "nothing comes back from vgw-1", id="a VPN"),
        pytest.param(
            network(RouteTables=tables(route("eni-1"))), "nothing comes back from eni-1", id="another machine"
        ),
        pytest.param(network(SecurityGroups=[]), "no security group", id="no rule out"),
        pytest.param(
            network(NetworkAcls=[acl(NODE, HTTPS_OUT, (IN, "0.0.0.0/0", 40000, 60999, "allow"))]),
            f"ACL of {NODE} stops it",
            id="a node's ACL that holds some answers back",
        ),
        pytest.param(
            network(
                NetworkAcls=[
                    acl(NODE, (OUT, "198.18.0.0/15", 443, 443, "deny"), HTTPS_OUT, (IN, "0.0.0.0/0", 0, 65535, "allow"))
                ]
            ),
            f"ACL of {NODE} stops it",
            id="the first matching entry of an ACL decides",
        ),
        pytest.param(
            network(
                NetworkAcls=[
                    acl(
                        PUBLIC,
                        HTTPS_OUT,
                        (OUT, "10.0.1.0/24", 1024, 65535, "allow"),
                        (IN, "0.0.0.0/0", 1024, 65535, "allow"),
                    )
                ]
            ),
            f"ACL of {PUBLIC} stops it",
            id="a NAT's ACL that does not let the nodes in",
        ),
        pytest.param(
            network(
                NetworkAcls=[
                    acl(
                        PUBLIC,
                        (IN, "10.0.1.0/24", 443, 443, "allow"),
                        (IN, "0.0.0.0/0", 32768, 60999, "allow"),
                        (OUT, "0.0.0.0/0", 0, 65535, "allow"),
                    )
                ]
            ),
            f"ACL of {PUBLIC} stops it",
            id="a NAT's ACL that lets only Linux's answer ports back in",
        ),
    ],
)
def test_nothing_comes_back_through(describes: Describes, why: str) -> None:
    way = follow(describes, node(describes), ECHO)
    assert (way.addresses, why in (way.dropped or "")) == ((), True), way


def test_the_hops_are_told_in_order() -> None:
    describes = network()
    assert follow(describes, node(describes), ECHO).hops == (NODE, "rtb-node", "nat-1", PUBLIC, "rtb-public", "igw-1")


def test_an_interface_with_its_own_public_address_leaves_by_it() -> None:
    describes = network(
        RouteTables=tables(route("igw-1")),
        NetworkInterfaces=[
            {
                "NetworkInterfaceId": "eni-1",
                "SubnetId": NODE,
                "PrivateIpAddress": "10.0.1.20",
                "Groups": [{"GroupId": "sg-open"}],
                "Association": {"PublicIp": "203.0.113.5"},
            }
        ],
    )
    assert follow(describes, interface(describes, "eni-1"), ECHO).addresses == ("203.0.113.5",)


@pytest.mark.parametrize(
    ("rule", "seen_as"),
    [
        pytest.param(
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            ("198.51.100.1",),
            id="443",
        ),
        pytest.param(
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, (), id="80"
        ),
        pytest.param(
            {"IpProtocol": "udp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            (),
            id="udp",
        ),
        pytest.param({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, (), id="only inside"),
        pytest.param(
            {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-echo"}]}, ("198.51.100.1",), id="a prefix list"
        ),
        pytest.param({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}, (), id="only its own members"),
    ],
)
def test_a_security_group_lets_out_what_its_rules_name(rule: dict[str, Any], seen_as: tuple[str, ...]) -> None:
    describes = network(
        SecurityGroups=[{"GroupId": "sg-1", "IpPermissionsEgress": [rule]}],
        PrefixLists=[{"PrefixListId": "pl-echo", "Cidrs": ["2001:db8::/32", "198.18.0.0/15"]}],
    )
    assert follow(describes, node(describes, "sg-1"), ECHO).addresses == seen_as


def test_one_open_group_beside_a_closed_one_is_enough() -> None:
    describes = network(SecurityGroups=[OPEN_GROUP, {"GroupId": "sg-closed", "IpPermissionsEgress": []}])
    assert follow(describes, node(describes, "sg-closed", "sg-open"), ECHO).addresses == ("198.51.100.1",)


@pytest.mark.parametrize(("admitted", "seen_as"), [("10.0.0.0/16", ("10.0.1.4",)), ("10.9.0.0/16", ())])
def test_an_interface_endpoint_is_reached_if_its_group_lets_the_sender_in(
    admitted: str, seen_as: tuple[str, ...]
) -> None:
    door = {"GroupId": "sg-door", "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": admitted}]}]}
    describes = network(
        SecurityGroups=[OPEN_GROUP, door],
        NetworkInterfaces=[
            {
                "NetworkInterfaceId": "eni-door",
                "SubnetId": PUBLIC,
                "PrivateIpAddress": "10.0.101.50",
                "Groups": [{"GroupId": "sg-door"}],
            }
        ],
    )
    assert follow(describes, node(describes), "10.0.101.50").addresses == seen_as


def test_a_sender_may_be_given_by_hand() -> None:
    source = Source(NODE, ("sg-open",), Sender("10.0.1.200"))
    assert follow(network(), source, ECHO).addresses == ("198.51.100.1",)
