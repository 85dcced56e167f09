"""The reference network once more, in moto, with as many groups in one VPC as a test wants."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from tests.accounts import TRUST

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

BUCKET = "sagemaker-scripts"
HYPERPOD_IS_ELSEWHERE: Any = {"core": {"passthrough": {"services": ["sagemaker"]}}}


@dataclass(frozen=True)
class AwsNetwork:
    ec2: "EC2Client"
    iam: "IAMClient"
    s3: "S3Client"
    vpc_id: str
    subnets: list[str]
    group_id: str
    tables: list[str]
    nat_gateways: list[str]
    role: str

    def groups(self, count: int) -> list[dict[str, Any]]:
        """Instance groups that each have a subnet of their own."""
        return [
            {
                "InstanceGroupName": f"g{number}",
                "InstanceType": "ml.c5.large",
                "InstanceCount": 1,
                "ExecutionRole": self.role,
                "LifeCycleConfig": {"SourceS3Uri": f"s3://{BUCKET}/config", "OnCreate": "on_create.sh"},
                "OverrideVpcConfig": {"Subnets": [self.subnets[number]], "SecurityGroupIds": [self.group_id]},
            }
            for number in range(count)
        ]


def build(subnets: int, role: str | None = None) -> AwsNetwork:
    """Private subnets, each with a table and a NAT gateway of its own; a public one; S3 endpoint, role, script.

    Another network has the `role` of the first, and its script.
    """
    ec2, iam, s3 = boto3.client("ec2"), boto3.client("iam"), boto3.client("s3")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    public = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.255.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    _table(ec2, vpc_id, public, GatewayId=gateway)
    private = [_private(ec2, vpc_id, public, number) for number in range(subnets)]
    tables = [table for _, table, _ in private]
    ec2.create_vpc_endpoint(VpcId=vpc_id, ServiceName="com.amazonaws.ap-northeast-1.s3", RouteTableIds=tables)
    return AwsNetwork(
        ec2=ec2,
        iam=iam,
        s3=s3,
        vpc_id=vpc_id,
        subnets=[subnet for subnet, _, _ in private],
        group_id=_security_group(ec2, vpc_id),
        tables=tables,
        nat_gateways=[nat for _, _, nat in private],
        role=role or _role_and_script(iam, s3),
    )


def _private(ec2: "EC2Client", vpc_id: str, public: str, number: int) -> tuple[str, str, str]:
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    return subnet, _table(ec2, vpc_id, subnet, NatGatewayId=nat), nat


def _table(ec2: "EC2Client", vpc_id: str, subnet: str, **target: Any) -> str:
    table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return table


def _security_group(ec2: "EC2Client", vpc_id: str) -> str:
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc_id)["GroupId"]
    itself: Any = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=itself)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=itself)
    return group


def _role_and_script(iam: "IAMClient", s3: "S3Client") -> str:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket=BUCKET, Key="config/on_create.sh", Body=b"#!/bin/sh\n")
    s3.put_object(Bucket=BUCKET, Key="config/on_create.sh.bak", Body=b"")
    role = iam.create_role(RoleName="hyperpod", AssumeRolePolicyDocument=json.dumps(TRUST))
    return role["Role"]["Arn"]


def know_public_addresses(patch: pytest.MonkeyPatch) -> None:
    """Interfaces can be looked for by their public address: a filter that moto does not know."""
    of_moto = NetworkInterface.get_filter_value

    def filter_value(self: NetworkInterface, name: str, method: str | None = None) -> Any:
        return self.public_ip if name == "association.public-ip" else of_moto(self, name, method)

    patch.setattr(NetworkInterface, "get_filter_value", filter_value)
