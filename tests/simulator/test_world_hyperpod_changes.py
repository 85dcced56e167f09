"""What becomes of a cluster that is in service: updated, scaled, its nodes replaced, its interfaces made public."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.wrappers import Request

from simulator.controls import Controls
from simulator.faults import Faults
from simulator.front import Refused
from simulator.hyperpod import HyperPod
from simulator.internet import way_out
from tests.simulator.clusters import counts, free, group, interfaces, nodes, state_changes, status, wish
from tests.simulator.worlds import Network, World, refusal

CLUSTER_EVENT, NODE_HEALTH = "SageMaker HyperPod Cluster Event", "SageMaker HyperPod Cluster Node Health Event"
BACK_IN_SERVICE = ["Creating", "InService", "Updating", "InService"]


@pytest.fixture
def in_service(world: World, sagemaker: Any, network: Network, name: str) -> Callable[..., str]:
    """Makes a cluster and waits until it is in service; answers its ARN."""

    def made(*groups: dict[str, Any], **more: Any) -> str:
        arn = sagemaker.create_cluster(**wish(name, network, *groups, **more))["ClusterArn"]
        world.later(minutes=20)
        assert status(sagemaker, name) == "InService"
        return str(arn)

    return made


# -------------------------------------------------------------------- updates


def test_a_group_is_added_with_a_subnet_of_its_own(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"))
    subnet = ec2.create_subnet(VpcId=network.vpc_id, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    ec2.associate_route_table(RouteTableId=network.table_id, SubnetId=subnet)
    elsewhere = {"SecurityGroupIds": [network.group_id], "Subnets": [subnet]}

    sagemaker.update_cluster(ClusterName=name, InstanceGroups=[group("guests", 2, OverrideVpcConfig=elsewhere)])
    assert status(sagemaker, name) == "Updating"
    assert counts(sagemaker, name) == [("workers", 1, 1, "InService"), ("guests", 0, 2, "Creating")]
    assert refusal(sagemaker.update_cluster, ClusterName=name) == "ConflictException"

    world.later(minutes=15)
    assert counts(sagemaker, name) == [("workers", 1, 1, "InService"), ("guests", 2, 2, "InService")]
    assert sorted(it["SubnetId"] for it in interfaces(ec2, arn)) == sorted([network.subnet_id, subnet, subnet])
    assert state_changes(world, arn) == BACK_IN_SERVICE
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert [it.get("OverrideVpcConfig") for it in shown["InstanceGroups"]] == [None, elsewhere]


def test_groups_grow_and_shrink_and_give_addresses_back(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str, in_service: Callable[..., str]
) -> None:
    before = free(ec2, network.subnet_id)
    in_service(group("workers", 2), group("others", 2))

    sagemaker.update_cluster(ClusterName=name, InstanceGroups=[group("workers", 3), group("others", 1)])
    world.later(minutes=1)
    assert sorted(nodes(sagemaker, name)) == [
        ("others", "Running"),
        ("others", "ShuttingDown"),
        ("workers", "Running"),
        ("workers", "Running"),
    ]
    world.later(minutes=20)

    assert counts(sagemaker, name) == [("workers", 3, 3, "InService"), ("others", 1, 1, "InService")]
    assert (status(sagemaker, name), before - free(ec2, network.subnet_id)) == ("InService", 4)


def test_a_group_is_deleted_and_the_last_one_is_kept(
    world: World, sagemaker: Any, ec2: Any, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"), group("others", 2))

    sagemaker.update_cluster(ClusterName=name, InstanceGroupsToDelete=["others"])
    assert counts(sagemaker, name)[1] == ("others", 0, 0, "Deleting")
    world.later(minutes=20)

    assert (counts(sagemaker, name), len(interfaces(ec2, arn))) == ([("workers", 1, 1, "InService")], 1)
    last = {"ClusterName": name, "InstanceGroupsToDelete": ["workers"]}
    assert refusal(sagemaker.update_cluster, **last) == "ValidationException"


def test_what_a_group_keeps_for_life_is_not_changed_and_the_rest_is(
    world: World, sagemaker: Any, name: str, network: Network, in_service: Callable[..., str]
) -> None:
    in_service(group("workers"))
    vpc = {"SecurityGroupIds": [network.group_id], "Subnets": [network.subnet_id]}
    for fixed in (group("workers", instance_type="ml.c5.large"), group("workers", OverrideVpcConfig=vpc)):
        refused = refusal(sagemaker.update_cluster, ClusterName=name, InstanceGroups=[fixed])
        assert refused == "ValidationException"

    scripts = group("workers")["LifeCycleConfig"] | {"OnCreate": "other.sh"}
    sagemaker.update_cluster(
        ClusterName=name, InstanceGroups=[group("workers", LifeCycleConfig=scripts)], NodeRecovery="None"
    )
    world.later(minutes=5)
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (shown["ClusterStatus"], shown["NodeRecovery"]) == ("InService", "None")
    assert shown["InstanceGroups"][0]["LifeCycleConfig"] == scripts


def test_after_an_update_that_fails_what_ran_before_runs_on(
    world: World, clusters: HyperPod, sagemaker: Any, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"))
    clusters.fail(name, "Capacity", "workers")

    sagemaker.update_cluster(ClusterName=name, InstanceGroups=[group("workers", 3)])
    world.later(minutes=20)

    assert counts(sagemaker, name) == [("workers", 1, 1, "InService")]
    assert state_changes(world, arn) == ["Creating", "InService", "Updating", "RollingBack", "InService"]


def test_a_continuous_cluster_stays_in_service_while_it_changes(
    world: World, sagemaker: Any, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"), NodeProvisioningMode="Continuous")

    sagemaker.update_cluster(ClusterName=name, InstanceGroups=[group("workers", 2)])
    assert (status(sagemaker, name), counts(sagemaker, name)) == ("InService", [("workers", 1, 2, "Updating")])
    world.later(minutes=15)

    assert counts(sagemaker, name) == [("workers", 2, 2, "InService")]
    assert state_changes(world, arn) == ["Creating", "InService"]


# -------------------------------------------------------------------- by itself


def test_a_replaced_node_is_another_instance_on_another_interface_of_the_same_subnet(
    world: World, clusters: HyperPod, sagemaker: Any, ec2: Any, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"))
    (old,), (old_interface,) = _summaries(sagemaker, name), interfaces(ec2, arn)

    assert clusters.replace_node(name, "workers") == old["InstanceId"]
    assert (status(sagemaker, name), counts(sagemaker, name)) == ("Updating", [("workers", 0, 1, "Updating")])
    world.later(minutes=30)

    (new,), (new_interface,) = _summaries(sagemaker, name), interfaces(ec2, arn)
    assert new["NodeLogicalId"] == old["NodeLogicalId"]
    assert new["InstanceId"] != old["InstanceId"]
    assert new_interface["NetworkInterfaceId"] != old_interface["NetworkInterfaceId"]
    assert new_interface["SubnetId"] == old_interface["SubnetId"]
    assert counts(sagemaker, name) == [("workers", 1, 1, "InService")]
    assert state_changes(world, arn) == BACK_IN_SERVICE


def test_a_replacement_is_told_as_the_nodes_health_and_by_events_without_metadata(
    world: World, clusters: HyperPod, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"), NodeProvisioningMode="Continuous")
    before = len(_told(world, arn, CLUSTER_EVENT))

    old = clusters.replace_node(name, "workers")
    world.later(minutes=30)

    (health,) = _told(world, arn, NODE_HEALTH)
    assert (health["InstanceId"], health["EventTime"], health["Tags"]) == (old, None, {})
    summary = health["HealthSummary"]
    assert (summary["HealthStatus"], summary["HealthStatusReason"], summary["RepairAction"]) == (
        "Unhealthy",
        None,
        "Replace",
    )
    events = [detail["EventDetails"] for detail in _told(world, arn, CLUSTER_EVENT)[before:]]
    assert events[0]["Description"] == "InstanceGroup workers scaling started"
    assert events[1]["Description"] == f"Instance {old} deletion completed successfully"
    assert events[-1]["Description"] == "InstanceGroup workers scaling completed successfully"
    assert all(isinstance(event["EventTime"], int) for event in events)  # milliseconds
    assert not any(value for event in events for value in event["EventDetails"]["EventMetadata"].values())


def test_the_autoscaler_moves_the_counts_of_continuous_clusters_alone(
    world: World, clusters: HyperPod, sagemaker: Any, name: str, in_service: Callable[..., str]
) -> None:
    in_service(group("workers", 2), NodeProvisioningMode="Continuous")

    for count in (4, 0, 1):
        clusters.scale(name, "workers", count)
        assert counts(sagemaker, name)[0][2] == count
        world.later(minutes=20)
        assert counts(sagemaker, name) == [("workers", count, count, "InService")]


def test_only_what_there_is_can_be_replaced_or_scaled(
    clusters: HyperPod, name: str, in_service: Callable[..., str]
) -> None:
    in_service(group("workers"))
    with pytest.raises(ValueError, match="no group others"):
        clusters.replace_node(name, "others")
    with pytest.raises(ValueError, match="not Continuous"):
        clusters.scale(name, "workers", 2)
    clusters.replace_node(name, "workers")
    with pytest.raises(ValueError, match="No node of workers"):
        clusters.replace_node(name, "workers")


def test_a_visitor_asks_for_both_at_the_control_page(
    clusters: HyperPod, sagemaker: Any, name: str, in_service: Callable[..., str]
) -> None:
    in_service(group("workers"), NodeProvisioningMode="Continuous")
    page = Controls(clusters, Faults(), lambda *_: None, dict)

    def ask(asked: Any) -> dict[str, str]:
        return page.clusters(Request.from_values(f"/_control/clusters/{name}", method="POST", json=asked))

    assert ask({"Scale": "workers", "Count": 2}) == {"ClusterName": name, "Scale": "workers", "Count": 2}
    assert counts(sagemaker, name) == [("workers", 1, 2, "Updating")]
    ask({"Replace": "workers"})
    assert nodes(sagemaker, name) == [("workers", "ShuttingDown")]
    for bad in ({"Replace": "others"}, {"Replace": "workers", "Count": 1}, {"Scale": "workers"}, {"Scale": 1}):
        with pytest.raises(Refused):
            ask(bad)


# -------------------------------------------------------------------- public addresses


def test_an_address_on_a_nodes_interface_is_the_way_out_by_an_internet_gateway(
    world: World, clusters: HyperPod, ec2: Any, network: Network, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"))
    interface_id = interfaces(ec2, arn)[0]["NetworkInterfaceId"]
    address = ec2.allocate_address(Domain="vpc")

    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface_id)
    assert interfaces(ec2, arn)[0]["Association"]["PublicIp"] == address["PublicIp"]
    assert _leaves_by(world, interface_id) == (network.public_ip,)

    ec2.replace_route(
        RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=network.internet_gateway_id
    )
    assert _leaves_by(world, interface_id) == (address["PublicIp"],)

    (shown,) = ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"]
    ec2.disassociate_address(AssociationId=shown["AssociationId"])
    assert "Association" not in interfaces(ec2, arn)[0]
    assert _leaves_by(world, interface_id) == ()


def test_an_address_outlives_the_node_that_had_it(
    world: World, clusters: HyperPod, ec2: Any, name: str, in_service: Callable[..., str]
) -> None:
    arn = in_service(group("workers"))
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interfaces(ec2, arn)[0]["NetworkInterfaceId"])

    clusters.replace_node(name, "workers")
    world.later(minutes=30)

    (shown,) = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    assert "AssociationId" not in shown
    assert "Association" not in interfaces(ec2, arn)[0]


def _leaves_by(world: World, interface_id: str) -> tuple[str, ...]:
    return way_out(world.context, interface_id, "checkip.amazonaws.com").addresses


def _summaries(sagemaker: Any, name: str) -> list[dict[str, Any]]:
    return list(sagemaker.list_cluster_nodes(ClusterName=name)["ClusterNodeSummaries"])


def _told(world: World, arn: str, detail_type: str) -> list[Any]:
    """The details of a cluster's events of a kind."""
    return [it.detail for it in world.events if it.detail_type == detail_type and list(it.resources) == [arn]]
