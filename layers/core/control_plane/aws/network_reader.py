"""What EC2 says of the VPC of a request: as many calls for a hundred groups as for one.

Every call has a filter: without one, EC2 allows half as many.
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from control_plane.aws.calls import calling
from control_plane.aws.reading import Reading
from control_plane.domain.account.facts import Network
from control_plane.domain.account.network import (
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
    Subnet,
    VpcEndpoint,
)
from control_plane.domain.cluster.shape import ClusterShape

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ACTIONS = frozenset(
    {
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNatGateways",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcEndpoints",
        "ec2:GetManagedPrefixListEntries",
    }
)
INTERFACES = frozenset({"ec2:DescribeNetworkInterfaces"})  # only where they are asked for
READS = ACTIONS | INTERFACES
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
VALUES_PER_FILTER = 200

ShapeT = TypeVar("ShapeT")
AnswerT = TypeVar("AnswerT")


class NetworkReader:
    def __init__(self, ec2: "EC2Client", reading: Reading) -> None:
        self._ec2, self._reading = ec2, reading

    def read(self, shape: ClusterShape, *, interfaces: bool = False) -> Network:
        """Read the subnets and groups that a cluster names, and all else of their VPC that traffic can meet.

        Args:
            interfaces: also those with a public address. Nodes have none, unless somebody gave them one.
        """
        vpcs = [shape.vpc_of(group) for group in shape.groups]
        subnets = self._look(self._subnets, {one for vpc in vpcs for one in vpc.subnets})
        group_ids = {one for vpc in vpcs for one in vpc.security_group_ids}
        vpc_ids = {subnet.vpc_id for subnet in subnets}
        network = Network(
            subnets=subnets,
            security_groups=self._look(self._security_groups, group_ids),
            route_tables=self._look(self._route_tables, vpc_ids),
            nat_gateways=self._look(self._nat_gateways, vpc_ids),
            internet_gateways=self._look(self._internet_gateways, vpc_ids),
            network_acls=self._look(self._network_acls, vpc_ids),
            vpc_endpoints=self._look(self._vpc_endpoints, vpc_ids),
            dns_support=self._look_each(self._dns_support, vpc_ids),
            interfaces=self._look(self._interfaces, vpc_ids if interfaces else ()),
        )
        return network.model_copy(update={"prefix_lists": self._look_each(self._prefix_list, network.prefix_list_ids)})

    def _look(self, read: Callable[[list[str]], list[ShapeT]], ids: Iterable[str]) -> tuple[ShapeT, ...]:
        """Read what has to do with any of these, in as few calls as the filter allows; nothing at all for none."""
        asked = sorted(ids)
        portions = (asked[start : start + VALUES_PER_FILTER] for start in range(0, len(asked), VALUES_PER_FILTER))
        return tuple(
            shape
            for portion in portions
            for shapes in self._reading.attempt(partial(read, portion), subject=", ".join(portion))
            for shape in shapes
        )

    def _look_each(self, read: Callable[[str], AnswerT], ids: Iterable[str]) -> dict[str, AnswerT]:
        return {one: answer for one in sorted(ids) for answer in self._reading.attempt(partial(read, one), subject=one)}

    def _subnets(self, subnet_ids: list[str]) -> list[Subnet]:
        with calling("ec2:DescribeSubnets"):
            pages = self._ec2.get_paginator("describe_subnets").paginate(
                Filters=[{"Name": "subnet-id", "Values": subnet_ids}]
            )
            return [Subnet.model_validate(one) for page in pages for one in page["Subnets"]]

    def _security_groups(self, group_ids: list[str]) -> list[SecurityGroup]:
        with calling("ec2:DescribeSecurityGroups"):
            pages = self._ec2.get_paginator("describe_security_groups").paginate(
                Filters=[{"Name": "group-id", "Values": group_ids}]
            )
            return [SecurityGroup.model_validate(one) for page in pages for one in page["SecurityGroups"]]

    def _route_tables(self, vpc_ids: list[str]) -> list[RouteTable]:
        with calling("ec2:DescribeRouteTables"):
            pages = self._ec2.get_paginator("describe_route_tables").paginate(
                Filters=[{"Name": "vpc-id", "Values": vpc_ids}]
            )
            return [RouteTable.model_validate(one) for page in pages for one in page["RouteTables"]]

    def _nat_gateways(self, vpc_ids: list[str]) -> list[NatGateway]:
        with calling("ec2:DescribeNatGateways"):
            pages = self._ec2.get_paginator("describe_nat_gateways").paginate(
                Filter=[{"Name": "vpc-id", "Values": vpc_ids}]  # type: ignore[call-arg]  # the stubs say Filters, AWS does not
            )
            return [NatGateway.model_validate(one) for page in pages for one in page["NatGateways"]]

    def _internet_gateways(self, vpc_ids: list[str]) -> list[InternetGateway]:
        with calling("ec2:DescribeInternetGateways"):
            pages = self._ec2.get_paginator("describe_internet_gateways").paginate(
                Filters=[{"Name": "attachment.vpc-id", "Values": vpc_ids}]
            )
            return [InternetGateway.model_validate(one) for page in pages for one in page["InternetGateways"]]

    def _network_acls(self, vpc_ids: list[str]) -> list[NetworkAcl]:
        with calling("ec2:DescribeNetworkAcls"):
            pages = self._ec2.get_paginator("describe_network_acls").paginate(
                Filters=[{"Name": "vpc-id", "Values": vpc_ids}]
            )
            return [NetworkAcl.model_validate(one) for page in pages for one in page["NetworkAcls"]]

    def _vpc_endpoints(self, vpc_ids: list[str]) -> list[VpcEndpoint]:
        with calling("ec2:DescribeVpcEndpoints"):
            pages = self._ec2.get_paginator("describe_vpc_endpoints").paginate(
                Filters=[{"Name": "vpc-id", "Values": vpc_ids}]
            )
            return [VpcEndpoint.model_validate(one) for page in pages for one in page["VpcEndpoints"]]

    def _interfaces(self, vpc_ids: list[str]) -> list[NetworkInterface]:
        # A VPC may hold tens of thousands, and few have a public address: an asterisk stands for any.
        with calling("ec2:DescribeNetworkInterfaces"):
            pages = self._ec2.get_paginator("describe_network_interfaces").paginate(
                Filters=[{"Name": "vpc-id", "Values": vpc_ids}, {"Name": "association.public-ip", "Values": ["*"]}]
            )
            return [NetworkInterface.model_validate(one) for page in pages for one in page["NetworkInterfaces"]]

    def _prefix_list(self, list_id: str) -> tuple[str, ...]:
        with calling("ec2:GetManagedPrefixListEntries"):
            pages = self._ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=list_id)
            return tuple(one["Cidr"] for page in pages for one in page["Entries"])

    def _dns_support(self, vpc_id: str) -> bool:
        with calling("ec2:DescribeVpcAttribute"):
            answer = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
            return answer["EnableDnsSupport"]["Value"]
