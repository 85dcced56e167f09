"""One look at a cluster that is coming up: what is read, noted and reported."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.cluster.readiness import Status
from control_plane.domain.run import Phase
from control_plane.errors import AccessDenied, DeadlinePassed
from control_plane.steps.read_cluster import Report, read_cluster
from control_plane.steps.request import StepRequest
from tests.cluster_world import World, a_request, phase
from tests.hyperpod_in_memory import ARN, NAME, NOON, OURS, RUN_ID, Refused

CREATED = {"cluster_arn": ARN.format(1), **phase("CreateCluster", NOON)}


def read(world: World) -> Report:
    return read_cluster(StepRequest(run_id=RUN_ID), runs=world.runs, reader=world.reader, now=world.now)


def waiting(**cluster: Any) -> World:
    world = World(**CREATED)
    world.hyperpod.add(OURS, **cluster)
    return world


def test_a_cluster_whose_nodes_all_run_is_in_service() -> None:
    world = waiting()
    world.hyperpod.add_nodes(("controller", "Running"), ("worker", "Running"), ("worker", "Running"))
    assert read(world).status is Status.IN_SERVICE
    assert (world.run.phase, world.run.cluster_status) == (Phase.WAIT_FOR_CLUSTER, "InService")


def test_a_look_is_one_describe_whatever_the_size_and_no_list_before_the_counts_match() -> None:
    world = waiting(ClusterStatus="Creating")
    world.hyperpod.add_nodes(*[("worker", "Running")] * 250)
    assert read(world) == Report(status=Status.WAITING, reason="the cluster is Creating", wait_seconds=60)
    assert world.faults.calls.count("DescribeCluster") == 1
    assert "ListClusterNodes" not in world.faults.calls


def test_all_pages_of_nodes_are_counted() -> None:
    world = World(a_request(groups={"worker": {"InstanceCount": 250}}), **CREATED)
    cluster = world.hyperpod.add(OURS)
    cluster["InstanceGroups"][1] |= {"CurrentCount": 250, "TargetCount": 250}
    world.hyperpod.add_nodes(("controller", "Running"), *[("worker", "Running")] * 250)
    assert read(world).status is Status.IN_SERVICE
    assert [world.faults.calls.count(call) for call in ("DescribeCluster", "ListClusterNodes")] == [1, 3]


def test_each_look_notes_how_the_groups_stand() -> None:
    world = waiting(ClusterStatus="Creating")
    read(world)
    assert [(group.instance_group_name, group.requested_count, group.current_count) for group in world.run.groups] == [
        ("controller", 1, 1),
        ("worker", 2, 2),
    ]


def test_looks_become_rarer_and_last_to_the_deadline_at_most() -> None:
    world = waiting(ClusterStatus="Creating")
    pauses = []
    for minutes in (0, 10, 60, 119):
        world.time = NOON + timedelta(minutes=minutes, seconds=30)
        pauses.append(read(world).wait_seconds)
    assert pauses == [60, 60, 180, 30]


def test_a_cluster_that_failed_is_reported_with_hyperpods_words() -> None:
    report = read(waiting(ClusterStatus="Failed", FailureMessage="no capacity"))
    assert (report.status, report.reason) == (Status.FAILED, "The cluster is Failed. no capacity")


def test_a_new_cluster_may_not_be_visible_for_some_minutes_and_then_it_is_gone() -> None:
    world = World(**CREATED)
    assert read(world).status is Status.WAITING
    world.time += timedelta(minutes=4)
    assert read(world).status is Status.WAITING
    world.time += timedelta(minutes=2)
    assert read(world) == Report(
        status=Status.FAILED, reason="Somebody deleted the cluster: HyperPod no longer knows it.", wait_seconds=60
    )


@pytest.mark.parametrize("misses", [1, 2])
def test_a_cluster_that_a_late_look_misses_is_looked_for_again(misses: int) -> None:
    world = waiting(ClusterStatus="Creating")
    clusters, seen = world.hyperpod.clusters, []
    for look in range(misses + 2):
        world.hyperpod.clusters = {} if 0 < look <= misses else clusters
        world.time += timedelta(minutes=30 if look == 1 else 2)
        seen.append(read(world).status)
    assert seen == [Status.WAITING] * len(seen)
    assert world.run.cluster_status == "Creating"


def test_nodes_that_a_stale_read_has_not_heard_of_are_waited_for() -> None:
    world = waiting()
    world.faults.refuse["ListClusterNodes"] = Refused("ResourceNotFound")
    report = read(world)
    assert (report.status, report.reason) == (
        Status.WAITING,
        "controller: 0 of 1 nodes run; worker: 0 of 2 nodes run",
    )


def test_a_cluster_that_no_late_look_finds_is_gone() -> None:
    world = waiting(ClusterStatus="Creating")
    read(world)
    world.time += timedelta(minutes=30)
    world.hyperpod.clusters = {}
    assert (read(world).status, world.run.cluster_status) == (Status.WAITING, None)
    world.time += timedelta(minutes=4)
    assert read(world).status is Status.WAITING
    world.time += timedelta(minutes=1)
    assert read(world).status is Status.FAILED


def test_another_cluster_that_took_over_the_name_is_not_mistaken_for_ours() -> None:
    hour_ago = NOON - timedelta(hours=1)
    world = World(cluster_arn=ARN.format(9), updated_at=hour_ago, **phase("WaitForCluster", hour_ago))
    world.hyperpod.add({})
    assert world.reader.cluster(NAME) is not None
    assert read(world).status is Status.FAILED


# A cluster's life as HyperPod could show it: its status, its workers' status and count, and how many of them run.
LIFE = (
    None,
    ("Creating", "Creating", 0, 0),
    ("Creating", "Creating", 1, 0),
    ("InService", "Updating", 1, 1),
    ("InService", "Degraded", 2, 1),
    ("InService", "InService", 2, 1),
    ("InService", "InService", 2, 2),
)


@given(lags=st.lists(st.integers(0, 3), min_size=12, max_size=12))
@settings(deadline=None, max_examples=50)
def test_reads_that_lag_behind_delay_a_cluster_and_never_fail_it(lags: list[int]) -> None:
    world = World(**CREATED)
    seen = []
    for look, lag in enumerate(lags):
        _show(world, LIFE[max(0, min(look, len(LIFE) - 1 + lag) - lag)])
        seen.append(read(world).status)
        world.time += timedelta(seconds=30)
    assert Status.FAILED not in seen
    assert seen[-1] is Status.IN_SERVICE


def _show(world: World, state: tuple[str, str, int, int] | None) -> None:
    world.hyperpod.clusters, world.hyperpod.nodes, world.hyperpod.made = {}, [], 0
    if state:
        status, workers, count, running = state
        cluster = world.hyperpod.add(OURS, ClusterStatus=status)
        cluster["InstanceGroups"][1] |= {"Status": workers, "CurrentCount": count}
        world.hyperpod.add_nodes(("controller", "Running"), *[("worker", "Running")] * running)


def test_past_the_deadline_nothing_is_waited_for() -> None:
    world = waiting(ClusterStatus="Creating")
    world.time = world.run.deadline_at + timedelta(seconds=1)
    with pytest.raises(DeadlinePassed):
        read(world)


def test_a_look_that_is_denied_is_no_verdict() -> None:
    world = waiting()
    world.faults.refuse["DescribeCluster"] = Refused("AccessDeniedException")
    with pytest.raises(AccessDenied, match="sagemaker:DescribeCluster"):
        read(world)
