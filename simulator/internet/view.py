"""What a VPC looks like now, as the dict that `packet_path.follow` takes."""

from typing import Any

from moto.ec2.models import ec2_backends

from simulator.context import ACCOUNT
from simulator.ec2 import changes
from simulator.ec2.inside import client
from simulator.internet.filters import Describes, Shape

_last: tuple[object, Describes] = (None, {})


def describe_vpc(vpc_id: str, region: str) -> Describes:
    """Look at one VPC, once for all who ask until something changes: a look costs 30 ms, and more with each interface.

    Time alone changes nothing in a VPC but its NAT gateways, and what is told of routes to them.
    """
    global _last  # noqa: PLW0603 (one world in a process, as moto has it)
    state, (state_seen, seen) = (vpc_id, region, changes.latest(), _gateways(region)), _last
    if state_seen != state:
        seen = _look(vpc_id, region)
        _last = state, seen
    return seen


def _gateways(region: str) -> list[Shape]:
    """All NAT gateways as they are told of now."""
    nats: Any = ec2_backends[ACCOUNT][region].nat_gateways
    return [nat.describe() for nat in [*nats.values()] if nat.listed]


def _look(vpc_id: str, region: str) -> Describes:
    ec2 = client("ec2", region)
    here = [{"Name": "vpc-id", "Values": [vpc_id]}]
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    return {
        "Subnets": ec2.describe_subnets(Filters=here)["Subnets"],
        "RouteTables": ec2.describe_route_tables(Filters=here)["RouteTables"],
        "NatGateways": ec2.describe_nat_gateways(Filter=here)["NatGateways"],
        "InternetGateways": ec2.describe_internet_gateways(Filters=attached)["InternetGateways"],
        "NetworkInterfaces": ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"],
        "SecurityGroups": ec2.describe_security_groups(Filters=here)["SecurityGroups"],
        "NetworkAcls": ec2.describe_network_acls(Filters=here)["NetworkAcls"],
        "VpcEndpoints": ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"],
        "PrefixLists": [_with_cidrs(found, region) for found in ec2.describe_managed_prefix_lists()["PrefixLists"]],
    }


def _with_cidrs(prefix_list: Shape, region: str) -> Shape:
    entries = client("ec2", region).get_managed_prefix_list_entries(PrefixListId=prefix_list["PrefixListId"])["Entries"]
    return {**prefix_list, "Cidrs": [entry["Cidr"] for entry in entries]}
