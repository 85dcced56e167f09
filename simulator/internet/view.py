"""What a VPC looks like now, as the dict that `packet_path.follow` takes."""

import time

from simulator.ec2 import changes
from simulator.ec2.inside import client
from simulator.internet.filters import Describes, Shape

_last: tuple[object, Describes] = (None, {})


def describe_vpc(vpc_id: str, region: str) -> Describes:
    """Look at one VPC; in the same virtual moment, with nothing changed, once for all who ask: a look costs 30 ms."""
    global _last  # noqa: PLW0603 (one world in a process, as moto has it)
    moment, (seen_at, seen) = (vpc_id, time.time(), changes.count()), _last
    if seen_at != moment:
        seen = _look(vpc_id, region)
        _last = moment, seen
    return seen


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
