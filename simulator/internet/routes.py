"""Which route a packet takes out of a subnet. Pure, on AWS-shaped answers."""

from ipaddress import ip_network
from typing import Any

from simulator.internet.filters import Describes, Shape, inside, prefixes

TARGETS = (
    "NatGatewayId",
    "GatewayId",  # igw-, vgw-, vpce-, "local"
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
    "IpAddress",
)


def one(describes: Describes, kind: str, key: str, value: str) -> Shape | None:
    return next((item for item in describes.get(kind, ()) if item.get(key) == value), None)


def table_of(describes: Describes, subnet_id: str) -> Shape | None:
    """The subnet's own route table, else its VPC's main one; None where neither is described."""
    tables = describes.get("RouteTables", ())
    for table in tables:
        if any(_binds(association, subnet_id) for association in table.get("Associations", ())):
            return table
    subnet = one(describes, "Subnets", "SubnetId", subnet_id)
    mains = [table for table in tables if any(item.get("Main") for item in table.get("Associations", ()))]
    return next((table for table in mains if subnet and table["VpcId"] == subnet["VpcId"]), None)


def best_route(describes: Describes, table: Shape, address: str) -> Shape | None:
    """The longest prefix wins; of equal ones the local, then static, prefix-list, propagated routes.

    A blackhole wins like any other. https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    """
    routes = [route for route in table["Routes"] if route.get("State") != "filtered"]  # filtered out: not in effect
    matching = [(length, route) for route in routes if (length := _match(describes, route, address)) is not None]
    return max(matching, key=lambda found: (found[0], _rank(found[1])), default=(0, None))[1]


def target_of(route: Shape) -> str:
    return next((str(route[key]) for key in TARGETS if route.get(key)), "nothing")


def _binds(association: Shape, subnet_id: str) -> bool:
    state = association.get("AssociationState", {}).get("State", "associated")
    return association.get("SubnetId") == subnet_id and state == "associated"


def _match(describes: Describes, route: Shape, address: str) -> int | None:
    """The length of the route's longest prefix that holds the address."""
    blocks = [route["DestinationCidrBlock"]] if "DestinationCidrBlock" in route else []
    if "DestinationPrefixListId" in route:
        blocks += prefixes(describes, route["DestinationPrefixListId"])
    return max((ip_network(block).prefixlen for block in blocks if inside(address, block)), default=None)


def _rank(route: Shape) -> int:
    ranks: dict[Any, int] = {"CreateRouteTable": 3, "CreateRoute": 2, "EnableVgwRoutePropagation": 0}
    return 1 if "DestinationPrefixListId" in route else ranks.get(route.get("Origin"), 2)
