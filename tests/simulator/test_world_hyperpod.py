"""The life of a cluster, from CreateCluster to its end."""

import json
from datetime import timedelta
from typing import Any

import pytest

from simulator.context import ACCOUNT, REGION
from simulator.hyperpod import HyperPod
from tests.simulator.clusters import ROLE, counts, free, group, interfaces, nodes, state_changes, status, wish
from tests.simulator.worlds import Network, World, build_network, refusal

# -------------------------------------------------------------------- all nodes or none


def test_two_groups_fill_one_after_the_other_and_are_in_service_after_14_minutes(
    world: World, sagemaker: Any, network: Network, name: str
) -> None:
    arn = sagemaker.create_cluster(**wish(name, network, group("controller"), group("worker", 2)))["ClusterArn"]
    assert status(sagemaker, name) == "Creating"
    assert counts(sagemaker, name) == [("controller", 0, 1, "Creating"), ("worker", 0, 2, "Creating")]
    assert nodes(sagemaker, name) == []

    world.later(minutes=3)
    assert nodes(sagemaker, name) == [("controller", "Pending")]

    world.later(minutes=1.5)
    assert nodes(sagemaker, name) == [("controller", "Pending"), ("worker", "Pending"), ("worker", "Pending")]

    world.later(minutes=6)
    assert counts(sagemaker, name) == [("controller", 1, 1, "InService"), ("worker", 0, 2, "Creating")]

    world.later(minutes=1.5)
    assert counts(sagemaker, name) == [("controller", 1, 1, "InService"), ("worker", 1, 2, "Creating")]

    world.later(seconds=5)
    assert counts(sagemaker, name)[1] == ("worker", 2, 2, "InService")
    assert (status(sagemaker, name), state_changes(world, arn)) == ("Creating", ["Creating"])

    world.later(minutes=2)
    assert (status(sagemaker, name), state_changes(world, arn)) == ("InService", ["Creating", "InService"])
    assert {state for _, state in nodes(sagemaker, name)} == {"Running"}


def test_describe_gives_back_what_was_asked_for(world: World, sagemaker: Any, network: Network, name: str) -> None:
    override = {"SecurityGroupIds": [network.group_id], "Subnets": [network.public_subnet_id]}
    more: dict[str, Any] = {
        "ThreadsPerCore": 1,
        "InstanceStorageConfigs": [{"EbsVolumeConfig": {"VolumeSizeInGB": 100}}],
        "OverrideVpcConfig": override,
        "ImageId": "ami-0123456789abcdef0",
    }
    spec = wish(name, network, group("plain"), group("rich", **more), NodeRecovery="Automatic")
    spec["Tags"] = [{"Key": "team", "Value": "a"}]
    made_at = world.clock.now()
    arn = sagemaker.create_cluster(**spec)["ClusterArn"]
    shown = sagemaker.describe_cluster(ClusterName=arn)
    plain, rich = shown["InstanceGroups"]

    assert (shown["ClusterName"], shown["VpcConfig"], shown["NodeRecovery"]) == (name, spec["VpcConfig"], "Automatic")
    assert abs(shown["CreationTime"] - made_at) < timedelta(seconds=1)
    assert "NodeProvisioningMode" not in shown
    assert plain["LifeCycleConfig"] == spec["InstanceGroups"][0]["LifeCycleConfig"]
    assert plain["ExecutionRole"] == ROLE
    assert "OverrideVpcConfig" not in plain
    assert {key: rich[key] for key in more if key != "ImageId"} == {key: more[key] for key in more if key != "ImageId"}
    assert (rich["CurrentImageId"], rich["DesiredImageId"]) == (more["ImageId"], more["ImageId"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == spec["Tags"]

    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "run", "Value": "1"}, {"Key": "team", "Value": "b"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}, {"Key": "run", "Value": "1"}]


def test_the_arn_ends_in_an_id_and_nodes_look_like_instances(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str
) -> None:
    arn = sagemaker.create_cluster(**wish(name, network))["ClusterArn"]
    cluster_id = arn.rpartition("/")[2]
    assert (len(cluster_id), cluster_id.isalnum(), cluster_id.islower() or cluster_id.isdigit()) == (12, True, True)

    world.later(minutes=15)
    node = sagemaker.list_cluster_nodes(ClusterName=name)["ClusterNodeSummaries"][0]
    assert (node["InstanceId"][:2], len(node["InstanceId"]), node["InstanceType"]) == ("i-", 19, "ml.t3.medium")
    by_id = sagemaker.describe_cluster_node(ClusterName=arn, NodeId=node["InstanceId"])["NodeDetails"]
    by_logical_id = sagemaker.describe_cluster_node(ClusterName=arn, NodeLogicalId=node["NodeLogicalId"])["NodeDetails"]
    assert by_id == by_logical_id
    assert by_id["Placement"] == {"AvailabilityZone": f"{REGION}a", "AvailabilityZoneId": "apne1-az4"}
    assert ec2.describe_instances(InstanceIds=[])["Reservations"] == []  # nodes are in an account of AWS's own

    (interface,) = interfaces(ec2, arn)
    assert interface["PrivateIpAddress"] == by_id["PrivatePrimaryIp"]
    dashed = by_id["PrivatePrimaryIp"].replace(".", "-")
    assert by_id["PrivateDnsHostname"] == f"ip-{dashed}.{REGION}.compute.internal"


def test_nodes_take_addresses_of_their_groups_subnet_and_deletion_gives_them_back(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str
) -> None:
    before = free(ec2, network.subnet_id), free(ec2, network.public_subnet_id)
    override = {"SecurityGroupIds": [network.group_id], "Subnets": [network.public_subnet_id]}
    spec = wish(name, network, group("here", 2), group("there", 1, OverrideVpcConfig=override, LifeCycleConfig={}))
    arn = sagemaker.create_cluster(**spec)["ClusterArn"]
    world.later(minutes=20)
    assert status(sagemaker, name) == "InService"
    assert (free(ec2, network.subnet_id), free(ec2, network.public_subnet_id)) == (before[0] - 2, before[1] - 1)

    shown = interfaces(ec2, arn)
    assert sorted(item["SubnetId"] for item in shown) == sorted([network.subnet_id] * 2 + [network.public_subnet_id])
    assert {item["Groups"][0]["GroupId"] for item in shown} == {network.group_id}
    assert {(item["Status"], item["Attachment"]["InstanceOwnerId"]) for item in shown} == {("in-use", "999999999999")}
    assert not any("Association" in item for item in shown)

    sagemaker.delete_cluster(ClusterName=name)
    assert (status(sagemaker, name), {state for _, state in nodes(sagemaker, name)}) == ("Deleting", {"ShuttingDown"})
    assert refusal(sagemaker.create_cluster, **spec) == "ResourceInUse"

    world.later(minutes=6)
    assert refusal(sagemaker.describe_cluster, ClusterName=name) == "ResourceNotFound"
    assert interfaces(ec2, arn) == []
    assert (free(ec2, network.subnet_id), free(ec2, network.public_subnet_id)) == before
    assert state_changes(world, arn) == ["Creating", "InService", "Deleting"]


def test_one_of_several_subnets_is_picked_for_all_groups_and_not_always_the_first(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str
) -> None:
    candidates = [network.public_subnet_id, network.subnet_id]
    picked = []
    for number in range(8):
        spec = wish(f"{name}-{number}", network, group("a", LifeCycleConfig={}), group("b", LifeCycleConfig={}))
        spec["VpcConfig"]["Subnets"] = candidates
        arn = sagemaker.create_cluster(**spec)["ClusterArn"]
        world.later(minutes=5)
        (subnet_id,) = {item["SubnetId"] for item in interfaces(ec2, arn)}
        picked.append(subnet_id)
    assert set(picked) == set(candidates)


# -------------------------------------------------------------------- refusals


def _two_vpcs(world: World, spec: dict[str, Any]) -> None:
    spec["VpcConfig"]["SecurityGroupIds"] = [build_network(world).group_id]


def _no_subnet(_: World, spec: dict[str, Any]) -> None:
    spec["VpcConfig"]["Subnets"] = ["subnet-0123456789abcdef0"]


def _no_group(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"][0]["OverrideVpcConfig"] = spec["VpcConfig"] | {"SecurityGroupIds": ["sg-0123456789abcdef0"]}


def _no_role(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"][0]["ExecutionRole"] = f"arn:aws:iam::{ACCOUNT}:role/nobody"


def _untrusting_role(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"][0]["ExecutionRole"] = f"arn:aws:iam::{ACCOUNT}:role/stranger"


def _twins(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"] *= 2


def _minimum(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"][0]["MinInstanceCount"] = 1


def _unknown_type(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"][0]["InstanceType"] = "ml.t3.colossal"


def _lonely_override(_: World, spec: dict[str, Any]) -> None:
    spec["InstanceGroups"][0]["OverrideVpcConfig"] = spec.pop("VpcConfig")
    spec["Orchestrator"] = {"Slurm": {}}


@pytest.mark.parametrize(
    "spoil",
    [_two_vpcs, _no_subnet, _no_group, _no_role, _untrusting_role, _twins, _minimum, _unknown_type, _lonely_override],
    ids=lambda spoil: spoil.__name__[1:],
)
def test_what_cannot_be_is_refused_at_once(
    world: World, sagemaker: Any, network: Network, name: str, spoil: Any
) -> None:
    spec = wish(name, network)
    spoil(world, spec)
    assert refusal(sagemaker.create_cluster, **spec) == "ValidationException"
    assert refusal(sagemaker.describe_cluster, ClusterName=name) == "ResourceNotFound"


def test_a_name_is_taken_while_its_cluster_lives(sagemaker: Any, network: Network, name: str) -> None:
    sagemaker.create_cluster(**wish(name, network))
    assert refusal(sagemaker.create_cluster, **wish(name, network)) == "ResourceInUse"


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("describe_cluster", {}),
        ("delete_cluster", {}),
        ("list_cluster_nodes", {}),
        ("describe_cluster_node", {"NodeId": "i-0123456789abcdef0"}),
        ("list_cluster_events", {}),
    ],
)
def test_an_unknown_cluster_is_not_found(sagemaker: Any, operation: str, more: dict[str, str]) -> None:
    assert refusal(getattr(sagemaker, operation), ClusterName="nobody", **more) == "ResourceNotFound"


def test_lists_are_filtered_sorted_and_paged(world: World, sagemaker: Any, network: Network, name: str) -> None:
    for number in range(3):
        sagemaker.create_cluster(**wish(f"{name}-{number}", network, group("worker", 2), group("worker-2")))
        world.later(seconds=10)
    pages = sagemaker.get_paginator("list_clusters").paginate(
        NameContains=name, SortBy="NAME", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    names = [[it["ClusterName"] for it in page["ClusterSummaries"]] for page in pages]
    assert names == [[f"{name}-2", f"{name}-1"], [f"{name}-0"]]

    world.later(minutes=20)
    nodes_of = {"ClusterName": f"{name}-0", "InstanceGroupNameContains": "worker-2"}
    assert len(sagemaker.list_cluster_nodes(**nodes_of)["ClusterNodeSummaries"]) == 1
    pages = sagemaker.get_paginator("list_cluster_nodes").paginate(
        ClusterName=f"{name}-0", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["ClusterNodeSummaries"]) for page in pages] == [2, 1]
    young = sagemaker.list_clusters(NameContains=name, CreationTimeAfter=world.clock.now() - timedelta(seconds=5))
    assert young["ClusterSummaries"] == []


# -------------------------------------------------------------------- continuous


def test_a_continuous_cluster_is_in_service_before_its_nodes_are(
    world: World, sagemaker: Any, network: Network, name: str
) -> None:
    arn = sagemaker.create_cluster(**wish(name, network, group("workers", 2), NodeProvisioningMode="Continuous"))[
        "ClusterArn"
    ]
    world.later(minutes=3)
    assert (status(sagemaker, name), counts(sagemaker, name)) == ("InService", [("workers", 0, 2, "Creating")])
    assert sagemaker.describe_cluster(ClusterName=name)["InstanceGroups"][0]["ActiveOperations"] == {"Scaling": 1}

    world.later(minutes=8)
    assert counts(sagemaker, name) == [("workers", 2, 2, "InService")]
    assert state_changes(world, arn) == ["Creating", "InService"]


def test_its_events_name_subnet_and_interface_and_are_sent_without_metadata(
    world: World, sagemaker: Any, ec2: Any, network: Network, name: str
) -> None:
    arn = sagemaker.create_cluster(**wish(name, network, NodeProvisioningMode="Continuous"))["ClusterArn"]
    world.later(minutes=15)
    events = sagemaker.list_cluster_events(ClusterName=name)["Events"]
    times = [event["EventTime"] for event in events]
    assert times == sorted(times, reverse=True)
    ids = [event["EventId"] for event in events]
    details = [sagemaker.describe_cluster_event(ClusterName=name, EventId=it)["EventDetails"] for it in ids]
    metadata = [detail.get("EventDetails", {}).get("EventMetadata", {}) for detail in details]
    assert [item["InstanceGroup"]["SubnetId"] for item in metadata if "InstanceGroup" in item] == [network.subnet_id]
    assert [item["Instance"]["CustomerEni"] for item in metadata if "Instance" in item] == [
        interfaces(ec2, arn)[0]["NetworkInterfaceId"]
    ]
    only = sagemaker.list_cluster_events(ClusterName=name, ResourceType="Instance", SortOrder="Ascending")["Events"]
    assert [event["Description"].partition(" i-")[0] for event in only] == [
        only[0]["Description"].partition(" i-")[0],
        "Instance lifecycle script execution for EC2 Instance",
        "Instance",
    ]

    sent = [event for event in world.events if event.detail_type == "SageMaker HyperPod Cluster Event"]
    mine = [event.detail["EventDetails"] for event in sent if list(event.resources) == [arn]]
    assert {event["EventId"] for event in mine} == set(ids)
    assert not any(value for event in mine for value in event["EventDetails"]["EventMetadata"].values())


def test_other_clusters_have_no_events(sagemaker: Any, network: Network, name: str) -> None:
    sagemaker.create_cluster(**wish(name, network))
    assert refusal(sagemaker.list_cluster_events, ClusterName=name) == "ValidationException"


def test_a_continuous_group_tries_again_until_it_can(
    world: World, clusters: HyperPod, sagemaker: Any, network: Network, name: str
) -> None:
    clusters.fail(name, "Capacity")
    sagemaker.create_cluster(**wish(name, network, NodeProvisioningMode="Continuous"))
    world.later(minutes=40)
    assert (status(sagemaker, name), counts(sagemaker, name)) == ("InService", [("workers", 0, 1, "Creating")])
    events = sagemaker.list_cluster_events(ClusterName=name)["Events"]
    errors = [event for event in events if event["EventLevel"] == "Error"]
    assert len(errors) == 3  # after 3, 18 and 33 minutes
    detail = sagemaker.describe_cluster_event(ClusterName=name, EventId=errors[0]["EventId"])["EventDetails"]
    failure = detail["EventDetails"]["EventMetadata"]["InstanceGroup"]["FailureMessage"]
    assert "do not have sufficient capacity to launch new ml." in failure

    clusters.heal(name)
    world.later(minutes=25)
    assert counts(sagemaker, name) == [("workers", 1, 1, "InService")]


def test_a_missed_minimum_ends_in_service_with_nothing_in_it(
    world: World, clusters: HyperPod, sagemaker: Any, network: Network, name: str
) -> None:
    clusters.fail(name, "Capacity")
    workers = group("workers", 2, MinInstanceCount=1)
    sagemaker.create_cluster(**wish(name, network, workers, NodeProvisioningMode="Continuous"))
    world.later(hours=2.9)
    assert counts(sagemaker, name) == [("workers", 0, 2, "Creating")]

    world.later(hours=0.2)
    assert counts(sagemaker, name) == [("workers", 0, 0, "InService")]
    assert status(sagemaker, name) == "InService"


# -------------------------------------------------------------------- native events


def test_a_state_change_carries_the_whole_cluster_and_no_provisioning_mode(
    world: World, sagemaker: Any, network: Network, name: str
) -> None:
    arn = sagemaker.create_cluster(**wish(name, network, NodeProvisioningMode="Continuous"))["ClusterArn"]
    (event,) = [it for it in world.events if list(it.resources) == [arn] and "State Change" in it.detail_type]
    detail = event.detail
    shown = sagemaker.describe_cluster(ClusterName=name)
    assert (detail["ClusterArn"], detail["ClusterName"], detail["ClusterStatus"]) == (arn, name, "Creating")
    assert (detail["FailureMessage"], detail["Tags"], "NodeProvisioningMode" in detail) == ("", {}, False)
    assert detail["CreationTime"] == round(shown["CreationTime"].timestamp() * 1000)
    assert detail["VpcConfig"] == shown["VpcConfig"]
    assert detail["InstanceGroups"][0]["OverrideVpcConfig"] is None
    json.dumps(detail)


def test_a_nodes_health_is_sent_on_request(
    world: World, clusters: HyperPod, sagemaker: Any, network: Network, name: str
) -> None:
    arn = sagemaker.create_cluster(**wish(name, network))["ClusterArn"]
    world.later(minutes=15)
    node_id = sagemaker.list_cluster_nodes(ClusterName=name)["ClusterNodeSummaries"][0]["InstanceId"]
    clusters.report_health(name, node_id, healthy=False)
    event = world.events[-1]
    assert (event.detail_type, list(event.resources)) == ("SageMaker HyperPod Cluster Node Health Event", [arn])
    assert (event.detail["InstanceId"], event.detail["HealthSummary"]["RepairAction"]) == (node_id, "Replace")
