"""What keeps a cluster from coming up, asked for or true, and what becomes of it then."""

from typing import Any

import pytest

from simulator.context import REGION
from simulator.hyperpod import HyperPod
from tests.simulator.clusters import BUCKET, free, group, interfaces, nodes, state_changes, status, wish
from tests.simulator.worlds import Network, World, refusal


def make_its_own_peer(ec2: Any, group_id: str) -> None:
    rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule])
    ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=[rule])


@pytest.mark.parametrize(
    ("kind", "text", "pending"),
    [
        ("Capacity", "do not have sufficient capacity for the requested instance type", 0),
        ("Efa", "EFA health checks did not run successfully", 2),
        ("LifecycleScript", "Lifecycle scripts did not run successfully", 2),
    ],
)
def test_a_failure_asked_for_rolls_the_cluster_back(
    world: World, clusters: HyperPod, network: Network, name: str, kind: str, text: str, pending: int
) -> None:
    sagemaker, ec2 = world.client("sagemaker"), world.client("ec2")
    clusters.fail(name, kind, "worker")
    arn = sagemaker.create_cluster(**wish(name, network, group("controller"), group("worker", 2)))["ClusterArn"]
    for _ in range(40):
        world.later(seconds=30)
        if status(sagemaker, name) != "Creating":
            break
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (shown["ClusterStatus"], text in shown["FailureMessage"]) == ("RollingBack", True)
    workers = sagemaker.list_cluster_nodes(ClusterName=name, InstanceGroupNameContains="worker")["ClusterNodeSummaries"]
    states = [node["InstanceStatus"] for node in workers]
    assert [it["Message"] for it in states if it["Status"] == "Failure"] == [shown["FailureMessage"]] * pending

    world.later(minutes=3)
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (shown["ClusterStatus"], text in shown["FailureMessage"]) == ("Failed", True)
    assert (nodes(sagemaker, name), interfaces(ec2, arn)) == ([], [])
    assert state_changes(world, arn) == ["Creating", "RollingBack", "Failed"]

    sagemaker.delete_cluster(ClusterName=name)
    world.later(minutes=6)
    assert refusal(sagemaker.describe_cluster, ClusterName=name) == "ResourceNotFound"


@pytest.mark.parametrize("kind", ["Capacity", "Efa", "LifecycleScript"])
@pytest.mark.parametrize("minutes", [5, 12])
def test_a_failure_can_be_asked_for_at_any_time_of_the_create(
    world: World, clusters: HyperPod, sagemaker: Any, network: Network, name: str, kind: str, minutes: int
) -> None:
    sagemaker.create_cluster(**wish(name, network))
    world.later(minutes=minutes)
    clusters.fail(name, kind)
    world.later(minutes=15)
    assert status(sagemaker, name) == "Failed"


def test_a_cluster_being_rolled_back_cannot_be_deleted_yet(
    world: World, clusters: HyperPod, sagemaker: Any, network: Network, name: str
) -> None:
    clusters.fail(name, "Capacity")
    sagemaker.create_cluster(**wish(name, network))
    world.later(minutes=4)
    assert status(sagemaker, name) == "RollingBack"
    assert refusal(sagemaker.delete_cluster, ClusterName=name) == "ConflictException"


def test_only_known_failures_of_known_groups_can_be_asked_for(
    clusters: HyperPod, sagemaker: Any, network: Network, name: str
) -> None:
    with pytest.raises(ValueError, match="Capacity, Efa, LifecycleScript"):
        clusters.fail(name, "Boredom")
    sagemaker.create_cluster(**wish(name, network))
    with pytest.raises(ValueError, match="no group"):
        clusters.fail(name, "Capacity", "players")


@pytest.mark.parametrize(
    ("fix", "end"),
    [pytest.param(True, "InService", id="with self rules"), pytest.param(False, "Failed", id="without self rules")],
)
def test_efa_needs_groups_that_let_themselves_in_and_out(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str, fix: Any, end: str
) -> None:
    if fix:
        make_its_own_peer(ec2, network.group_id)
    sagemaker.create_cluster(**wish(name, network, group("gpu", 1, "ml.g5.8xlarge")))
    world.later(minutes=20)
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (shown["ClusterStatus"], "EFA health checks" in shown["FailureMessage"]) == (end, not fix)


def test_a_p5_node_takes_32_addresses(world: World, sagemaker: Any, ec2: Any, network: Network, name: str) -> None:
    make_its_own_peer(ec2, network.group_id)
    before = free(ec2, network.subnet_id)
    sagemaker.create_cluster(**wish(name, network, group("gpu", 1, "ml.p5.48xlarge")))
    world.later(minutes=20)
    assert (status(sagemaker, name), before - free(ec2, network.subnet_id)) == ("InService", 32)


def test_a_subnet_without_free_addresses_fails_the_create(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str
) -> None:
    small = ec2.create_subnet(VpcId=network.vpc_id, CidrBlock="10.0.9.0/28", AvailabilityZone=f"{REGION}a")["Subnet"][
        "SubnetId"
    ]
    spec = wish(name, network, group("workers", 12))
    spec["VpcConfig"]["Subnets"] = [small]
    sagemaker.create_cluster(**spec)
    world.later(minutes=10)
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert shown["ClusterStatus"] == "Failed"
    assert "InsufficientFreeAddressesInSubnet" in shown["FailureMessage"]
    assert free(ec2, small) == 11


def test_a_missing_script_fails_the_create(world: World, sagemaker: Any, network: Network, name: str) -> None:
    missing = {"SourceS3Uri": f"s3://{BUCKET}/config", "OnCreate": "typo.sh"}
    sagemaker.create_cluster(**wish(name, network, group("workers", LifeCycleConfig=missing)))
    world.later(minutes=20)
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (shown["ClusterStatus"], "did not run successfully" in shown["FailureMessage"]) == ("Failed", True)


def test_without_a_way_to_s3_the_scripts_time_out_and_an_endpoint_is_a_way(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str
) -> None:
    ec2.delete_route(RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0")
    sagemaker.create_cluster(**wish(name, network))
    world.later(minutes=20)
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (shown["ClusterStatus"], "execution timed out" in shown["FailureMessage"]) == ("Failed", True)

    ec2.create_vpc_endpoint(
        VpcId=network.vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[network.table_id],
    )
    sagemaker.create_cluster(**wish(f"{name}-2", network))
    world.later(minutes=20)
    assert status(sagemaker, f"{name}-2") == "InService"
