"""What a VPC looks like now, as the dict that `packet_path.follow` takes."""

from simulator.ec2.inside import client
from simulator.internet.filters import Describes, Shape


def describe_vpc(vpc_id: str, region: str) -> Describes:
    """Read one VPC: about ten describe calls, 30 ms."""
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
