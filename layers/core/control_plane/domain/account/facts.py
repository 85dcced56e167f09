"""What was read of the account, frozen, and what could not be read. Rules judge this and nothing else."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from control_plane.domain.account.blocks import Block
from control_plane.domain.account.network import (
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    VpcEndpoint,
)
from control_plane.domain.wire import AwsShape, Moment, Wire


class NotRead(Wire):
    """A read that was denied, or refused. Who depends on it says UNKNOWN, and how to look by hand."""

    action: str  # "ec2:DescribeRouteTables"
    subject: str  # what it was about: "vpc-1", "subnet-1, subnet-2", a role's ARN, …
    reason: str  # AWS's text
    whole: bool = True  # False: the same action was answered for others, and those can be judged

    @property
    def by_hand(self) -> str:
        """The command that shows a person what this product could not see."""
        return BY_HAND[self.action].format(one=self.subject.replace(", ", ","), name=role_name(self.subject))


BY_HAND = {
    "ec2:DescribeInternetGateways": "aws ec2 describe-internet-gateways --filters Name=attachment.vpc-id,Values={one}",
    "ec2:DescribeNatGateways": "aws ec2 describe-nat-gateways --filter Name=vpc-id,Values={one}",
    "ec2:DescribeNetworkAcls": "aws ec2 describe-network-acls --filters Name=vpc-id,Values={one}",
    "ec2:DescribeNetworkInterfaces": "aws ec2 describe-network-interfaces --filters Name=vpc-id,Values={one}",
    "ec2:DescribeRouteTables": "aws ec2 describe-route-tables --filters Name=vpc-id,Values={one}",
    "ec2:DescribeSecurityGroups": "aws ec2 describe-security-groups --filters Name=group-id,Values={one}",
    "ec2:DescribeSubnets": "aws ec2 describe-subnets --filters Name=subnet-id,Values={one}",
    "ec2:DescribeVpcAttribute": "aws ec2 describe-vpc-attribute --attribute enableDnsSupport --vpc-id {one}",
    "ec2:DescribeVpcEndpoints": "aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values={one}",
    "ec2:GetManagedPrefixListEntries": "aws ec2 get-managed-prefix-list-entries --prefix-list-id {one}",
    "iam:GetRole": "aws iam get-role --role-name {name}",
    "iam:ListAttachedRolePolicies": "aws iam list-attached-role-policies --role-name {name}",
    "iam:ListRolePolicies": "aws iam list-role-policies --role-name {name}",
    "s3:ListBucket": "aws s3 ls {one}",
    "sagemaker:DescribeCluster": "aws sagemaker describe-cluster --cluster-name {one}",
    "sagemaker:ListTags": "aws sagemaker list-tags --resource-arn <the ClusterArn of {one}>",
}


def role_name(arn: str) -> str:
    """
    >>> role_name("arn:aws:iam::123456789012:role/teams/a/hyperpod")
    'hyperpod'
    """
    return arn.rsplit("/", 1)[-1]


class Network(Wire):
    """Everything of EC2 that a group's traffic can meet, as AWS describes it."""

    subnets: tuple[Subnet, ...] = ()  # only those the request names
    route_tables: tuple[RouteTable, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    internet_gateways: tuple[InternetGateway, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()  # only those the request names
    network_acls: tuple[NetworkAcl, ...] = ()
    vpc_endpoints: tuple[VpcEndpoint, ...] = ()
    prefix_lists: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # id → CIDR blocks
    dns_support: dict[str, bool] = Field(default_factory=dict)  # VPC id → enableDnsSupport
    interfaces: tuple[
        NetworkInterface, ...
    ] = ()  # only those with a public address, and only where they were asked for

    @cached_property
    def subnet(self) -> dict[str, Subnet]:
        return {one.subnet_id: one for one in self.subnets}

    @cached_property
    def nat_gateway(self) -> dict[str, NatGateway]:
        return {one.nat_gateway_id: one for one in self.nat_gateways}

    @cached_property
    def internet_gateway(self) -> dict[str, InternetGateway]:
        return {one.internet_gateway_id: one for one in self.internet_gateways}

    @cached_property
    def security_group(self) -> dict[str, SecurityGroup]:
        return {one.group_id: one for one in self.security_groups}

    @cached_property
    def vpc_endpoint(self) -> dict[str, VpcEndpoint]:
        return {one.vpc_endpoint_id: one for one in self.vpc_endpoints}

    @cached_property
    def acl_of_subnet(self) -> dict[str, NetworkAcl]:
        return {one.subnet_id: acl for acl in self.network_acls for one in acl.associations}

    @cached_property
    def route_table(self) -> dict[str, RouteTable]:
        return {one.route_table_id: one for one in self.route_tables}

    @cached_property
    def _associated(self) -> dict[str, RouteTable]:
        """Route tables by the subnet, or by the VPC as its main one, that they are associated with."""
        return {
            one.subnet_id or table.vpc_id: table
            for table in self.route_tables
            for one in table.associations
            if one.holds and (one.subnet_id or one.main)
        }

    def table_of(self, subnet_id: str, vpc_id: str) -> RouteTable | None:
        """The table in force: the subnet's own, else its VPC's main one; None where neither is ours to see."""
        return self._associated.get(subnet_id) or self._associated.get(vpc_id)

    def own_table_id(self, subnet_id: str) -> str | None:
        """The table that is associated with the subnet itself; None where its VPC's main one is in force."""
        table = self._associated.get(subnet_id)
        return table.route_table_id if table else None

    @cached_property
    def routes(self) -> dict[str, list[tuple[Block, Route]]]:
        """By table, each IPv4 route with the blocks it is for; the one that wins first."""
        return {table.route_table_id: sorted(self._ipv4(table), key=_precedence) for table in self.route_tables}

    def _ipv4(self, table: RouteTable) -> Iterable[tuple[Block, Route]]:
        for route in table.routes:
            if route.state != "filtered" and not self.to_gateway_endpoint(route):
                yield from ((Block.of(cidr), route) for cidr in self._blocks_of(route))

    def _blocks_of(self, route: Route) -> tuple[str, ...]:
        if route.destination_prefix_list_id:
            return tuple(cidr for cidr in self.prefix_lists[route.destination_prefix_list_id] if ":" not in cidr)
        return (route.destination_cidr_block,) if route.destination_cidr_block else ()

    def to_gateway_endpoint(self, route: Route) -> bool:
        """S3's and DynamoDB's own way: the prefix list holds that service's addresses and no others."""
        endpoint = self.vpc_endpoint.get(route.gateway_id or "")
        return endpoint is not None and endpoint.vpc_endpoint_type == "Gateway"

    @property
    def prefix_list_ids(self) -> set[str]:
        """The prefix lists that decide about the way out."""
        routes = (one for table in self.route_tables for one in table.routes if not self.to_gateway_endpoint(one))
        permissions = (one for group in self.security_groups for one in group.ip_permissions_egress)
        routed = {one.destination_prefix_list_id for one in routes if one.destination_prefix_list_id}
        return routed | {listed.prefix_list_id for one in permissions for listed in one.prefix_list_ids}


def _precedence(entry: tuple[Block, Route]) -> tuple[int, int]:
    block, route = entry
    return block.size, route.preference


class Role(AwsShape):
    aws: ClassVar = "iam.Role"
    arn: str
    assume_role_policy_document: dict[str, Any] = Field(default_factory=dict)


class Presence(StrEnum):
    """Whether a file is where it should be."""

    THERE = "There"
    NO_FILE = "NoFile"
    NO_BUCKET = "NoBucket"


class Content(AwsShape):
    """What an object holds, as far as S3 tells without giving it away."""

    aws: ClassVar = "s3.Object"
    # Not always a digest, but another one where somebody uploads something else.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    e_tag: str
    last_modified: Moment


class ExistingCluster(Wire):
    """A cluster that has the requested name already."""

    cluster_arn: str
    cluster_status: str
    ours: bool  # by its tags: made in the name of the run that asks


class Facts(Wire):
    read_at: Moment
    network: Network
    roles: dict[str, Role | None] = Field(default_factory=dict)  # by the ARN asked for; None: there is no such role
    attached_policies: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # by role, their ARNs; absent: not read
    inline_policies: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # by role, their names; absent: not read
    lifecycle_files: dict[str, Presence] = Field(default_factory=dict)  # by URI
    lifecycle_contents: dict[str, Content] = Field(default_factory=dict)  # by URI, of those that are there
    cluster: ExistingCluster | None = None
    unread: tuple[NotRead, ...] = ()

    def missing(self, actions: Iterable[str]) -> list[NotRead]:
        """The reads among these that did not succeed."""
        return [one for one in self.unread if one.action in set(actions)]
