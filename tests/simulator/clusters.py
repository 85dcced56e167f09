"""Clusters for tests in a small world: what they need of the account, a wish for one, and how it stands."""

import json
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from simulator.context import ACCOUNT, REGION
from tests.simulator.worlds import Network, World

BUCKET = "sagemaker-lifecycle"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/nodes"


def furnish(world: World) -> None:
    """The scripts that nodes run, the role that they run as, and another one that they cannot.

    Beside EC2's, moto's state outlives a world: what the last one left goes first.
    """
    s3_backends.reset()
    iam_backends.reset()
    world.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    world.client("s3").put_object(Bucket=BUCKET, Key="config/on_create.sh", Body=b"#!/bin/sh\n")
    for name, service in (("nodes", "sagemaker"), ("stranger", "lambda")):
        principal = {"Service": f"{service}.amazonaws.com"}
        trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
        world.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def group(name: str, count: int = 1, instance_type: str = "ml.t3.medium", **more: Any) -> dict[str, Any]:
    return {
        "InstanceGroupName": name,
        "InstanceCount": count,
        "InstanceType": instance_type,
        "ExecutionRole": ROLE,
        "LifeCycleConfig": {"SourceS3Uri": f"s3://{BUCKET}/config/", "OnCreate": "on_create.sh"},
        **more,
    }


def wish(name: str, network: Network, *groups: dict[str, Any], **more: Any) -> dict[str, Any]:
    vpc = {"SecurityGroupIds": [network.group_id], "Subnets": [network.subnet_id]}
    return {"ClusterName": name, "InstanceGroups": list(groups) or [group("workers")], "VpcConfig": vpc, **more}


def status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_cluster(ClusterName=name)["ClusterStatus"])


def counts(sagemaker: Any, name: str) -> list[tuple[str, int, int, str]]:
    found = sagemaker.describe_cluster(ClusterName=name)["InstanceGroups"]
    return [(it["InstanceGroupName"], it["CurrentCount"], it["TargetCount"], it["Status"]) for it in found]


def nodes(sagemaker: Any, name: str) -> list[tuple[str, str]]:
    found = sagemaker.list_cluster_nodes(ClusterName=name)["ClusterNodeSummaries"]
    return [(node["InstanceGroupName"], node["InstanceStatus"]["Status"]) for node in found]


def interfaces(ec2: Any, arn: str) -> Any:
    pattern = f"{ACCOUNT}_{arn.rpartition('/')[2]}_*"
    return ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [pattern]}])["NetworkInterfaces"]


def free(ec2: Any, subnet_id: str) -> int:
    return int(ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]["AvailableIpAddressCount"])


def state_changes(world: World, arn: str) -> list[str]:
    wanted = "SageMaker HyperPod Cluster State Change"
    mine = [event for event in world.events if event.detail_type == wanted and list(event.resources) == [arn]]
    assert {event.bus for event in mine} <= {"default"}
    return [event.detail["ClusterStatus"] for event in mine]
