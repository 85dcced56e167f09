"""The reference network is one that a cluster comes up in, with an address of its own for each role."""

import json
from typing import Any

import pytest

from scripts.transform import read_template
from tests.contracts.deployed import EVENTS, ROOT

NETWORK = read_template(ROOT / "networks/reference.yaml")
ROLES = ["Controller", "Worker"]


def properties(name: str) -> dict[str, Any]:
    return dict(NETWORK["Resources"][name]["Properties"])


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_leaves_by_a_gateway_and_an_address_of_its_own(role: str) -> None:
    assert properties(f"{role}SubnetRoutes") == {
        "SubnetId": ref(f"{role}Subnet"),
        "RouteTableId": ref(f"{role}RouteTable"),
    }
    assert properties(f"{role}DefaultRoute") == {
        "RouteTableId": ref(f"{role}RouteTable"),
        "DestinationCidrBlock": "0.0.0.0/0",
        "NatGatewayId": ref(f"{role}NatGateway"),
    }
    assert properties(f"{role}NatGateway")["AllocationId"] == {"Fn::GetAtt": [f"{role}ElasticIp", "AllocationId"]}


@pytest.mark.parametrize("role", ROLES)
def test_a_gateway_stands_where_there_is_a_way_out(role: str) -> None:
    assert properties(f"{role}NatGateway")["SubnetId"] == ref("PublicSubnet")
    assert properties("PublicSubnetRoutes") == {
        "SubnetId": ref("PublicSubnet"),
        "RouteTableId": ref("PublicRouteTable"),
    }
    route = properties("PublicDefaultRoute")
    assert (route["RouteTableId"], route["GatewayId"]) == (ref("PublicRouteTable"), ref("InternetGateway"))


def test_all_that_is_the_workers_alone_goes_away_together() -> None:
    mine = {name for name in NETWORK["Resources"] if name.startswith("Worker")}
    conditional = {name for name, each in NETWORK["Resources"].items() if each.get("Condition") == "HasWorkerNetwork"}
    assert len(mine) == 6
    assert mine == conditional


def test_scripts_come_from_s3_without_the_gateways() -> None:
    endpoint = properties("S3Endpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    controller, worker = endpoint["RouteTableIds"]
    assert (controller, worker["Fn::If"][1]) == (ref("ControllerRouteTable"), ref("WorkerRouteTable"))


def test_names_resolve_in_the_vpc() -> None:
    vpc = properties("Vpc")
    assert (vpc["CidrBlock"], vpc["EnableDnsSupport"], vpc["EnableDnsHostnames"]) == ("10.0.0.0/16", True, True)


def test_nodes_talk_among_themselves_by_group_and_out_to_all_and_nothing_else_talks_to_them() -> None:
    group = {"Fn::GetAtt": ["NodeSecurityGroup", "GroupId"]}
    ingress, egress = properties("NodesHearEachOther"), properties("NodesReachEachOther")
    assert (ingress["IpProtocol"], ingress["GroupId"], ingress["SourceSecurityGroupId"]) == ("-1", group, group)
    assert (egress["IpProtocol"], egress["GroupId"], egress["DestinationSecurityGroupId"]) == ("-1", group, group)
    [out] = properties("NodeSecurityGroup")["SecurityGroupEgress"]
    assert (out["IpProtocol"], out["CidrIp"]) == ("-1", "0.0.0.0/0")
    assert "SecurityGroupIngress" not in properties("NodeSecurityGroup")
    kinds = [each["Type"] for each in NETWORK["Resources"].values()]
    assert [kinds.count(f"AWS::EC2::SecurityGroup{side}") for side in ("Ingress", "Egress")] == [1, 1]


def test_the_execution_role_may_do_what_hyperpod_asks_for_in_a_vpc() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites-iam.html"""
    role = properties("ExecutionRole")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    [managed] = role["ManagedPolicyArns"]
    assert managed["Fn::Sub"].endswith(":policy/AmazonSageMakerClusterInstanceRolePolicy")
    interfaces, tags = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert set(interfaces["Action"]) == {
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ec2:DetachNetworkInterface",
    }
    assert (tags["Action"], tags["Resource"]["Fn::Sub"]) == (
        "ec2:CreateTags",
        "arn:${AWS::Partition}:ec2:*:*:network-interface/*",
    )


def test_the_lifecycle_bucket_is_one_that_the_role_may_read_and_the_public_may_not() -> None:
    bucket = properties("LifecycleBucket")
    assert bucket["BucketName"]["Fn::If"][1]["Fn::Sub"].startswith("sagemaker-")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_sample_request_is_for_this_network() -> None:
    [entry] = json.loads((EVENTS / "cluster_requested.json").read_text())
    controllers, workers = json.loads(entry["Detail"])["Cluster"]["InstanceGroups"]
    for group in (controllers, workers):
        assert group["ExecutionRole"].endswith(f":role/{NETWORK['Parameters']['ExecutionRoleName']['Default']}")
        assert group["LifeCycleConfig"]["SourceS3Uri"] == "s3://sagemaker-hyperpod-lifecycle-123456789012/config/"
    assert "OverrideVpcConfig" not in controllers
    assert "OverrideVpcConfig" in workers
