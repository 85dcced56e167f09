"""When is a cluster what was asked for, when not yet, and when never?"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.cluster.readiness import STALE_READS, Status, counts_match, groups_of, judge, wait_seconds
from control_plane.domain.cluster.seen import Cluster, Node
from control_plane.domain.cluster.shape import ClusterShape
from tests.cluster_world import a_request

LATER = STALE_READS + timedelta(minutes=10)


def asked(**worker: Any) -> ClusterShape:
    return a_request(groups={"worker": worker}).shape


def seen(status: str = "InService", *, message: str = "", **worker: Any) -> Cluster:
    standard = {
        "InstanceGroupName": "worker",
        "InstanceType": "ml.g5.xlarge",
        "Status": "InService",
        "CurrentCount": 2,
        "TargetCount": 2,
    }
    controller = {"InstanceGroupName": "controller", "Status": "InService", "CurrentCount": 1, "TargetCount": 1}
    return Cluster.model_validate(
        {
            "ClusterArn": "arn:aws:sagemaker:eu-west-1:123456789012:cluster/abcdefabcdef",
            "ClusterName": "vision",
            "ClusterStatus": status,
            "FailureMessage": message,
            "InstanceGroups": [controller, standard | worker],
        }
    )


def nodes(**states: str) -> list[Node]:
    """The controller's node and the workers', "Running,Failure" for two of them."""
    per_group = {"controller": "Running", "worker": "Running,Running"} | states
    return [
        Node.model_validate({"InstanceGroupName": group, "InstanceStatus": {"Status": status}})
        for group, statuses in per_group.items()
        for status in statuses.split(",")
    ]


@pytest.mark.parametrize(
    ("shape", "cluster", "found"),
    [
        pytest.param(asked(), seen(), nodes(), id="everything is there and runs"),
        pytest.param(
            asked(), seen(CurrentCount=3), nodes(worker="Running,Running,Pending"), id="one node more than asked"
        ),
        pytest.param(
            asked(MinInstanceCount=1), seen(CurrentCount=1), nodes(worker="Running"), id="the minimum is enough"
        ),
        pytest.param(
            asked(InstanceCount=0),
            seen(CurrentCount=0, TargetCount=0),
            nodes(worker="Failure"),
            id="an empty group was asked for",
        ),
        pytest.param(
            asked(MinInstanceCount=0),
            seen(CurrentCount=0, TargetCount=0),
            nodes(worker="Pending"),
            id="a minimum of none",
        ),
        pytest.param(
            asked(), seen(TargetCount=0), nodes(), id="its own target is no yardstick, also where it says less"
        ),
    ],
)
def test_a_cluster_is_in_service_when_the_nodes_that_were_asked_for_run(
    shape: ClusterShape, cluster: Cluster, found: list[Node]
) -> None:
    assert judge(shape, cluster, found, LATER, LATER).status is Status.IN_SERVICE


@pytest.mark.parametrize(
    ("shape", "cluster", "found", "reason"),
    [
        pytest.param(asked(), seen("Creating"), nodes(), "the cluster is Creating", id="the cluster is being made"),
        pytest.param(asked(), seen("Updating"), nodes(), "the cluster is Updating", id="the cluster changes"),
        pytest.param(asked(), seen("Dreaming"), nodes(), "the cluster is Dreaming", id="a word that AWS adds tomorrow"),
        pytest.param(
            asked(),
            seen(Status="Creating", CurrentCount=1),
            nodes(),
            "worker is Creating with 1 of 2 nodes",
            id="a group is being made",
        ),
        pytest.param(
            asked(), seen(Status="Degraded"), nodes(), "worker is Degraded with 2 of 2 nodes", id="a group lost a node"
        ),
        pytest.param(
            asked(),
            seen(Status="Failed", CurrentCount=0),
            nodes(),
            "worker is Failed with 0 of 2 nodes",
            id="a group failed: HyperPod may try again",
        ),
        pytest.param(
            asked(),
            seen(CurrentCount=0),
            nodes(),
            "worker is InService with 0 of 2 nodes",
            id="Continuous: in service with nothing in it",
        ),
        pytest.param(
            asked(),
            seen(InstanceGroupName="other"),
            nodes(),
            "worker is Absent with 0 of 2 nodes",
            id="a group is not shown yet",
        ),
        pytest.param(
            asked(), seen(), nodes(worker="Running,Pending"), "worker: 1 of 2 nodes run", id="a node is not up yet"
        ),
        pytest.param(
            asked(),
            seen(),
            nodes(worker="Running,Failure"),
            "worker: 1 of 2 nodes run",
            id="a broken node may be replaced",
        ),
        pytest.param(
            asked(),
            seen(),
            nodes(worker="Running,DeepHealthCheckInProgress"),
            "worker: 1 of 2 nodes run",
            id="a node is being tested",
        ),
        pytest.param(
            asked(),
            seen(),
            [],
            "controller: 0 of 1 nodes run; worker: 0 of 2 nodes run",
            id="counts run ahead of the list",
        ),
    ],
)
def test_what_is_still_missing_is_waited_for_and_named(
    shape: ClusterShape, cluster: Cluster, found: list[Node], reason: str
) -> None:
    readiness = judge(shape, cluster, found, LATER, LATER)
    assert (readiness.status, readiness.reason) == (Status.WAITING, reason)


@pytest.mark.parametrize(
    ("shape", "cluster", "reason"),
    [
        pytest.param(asked(), seen("Failed", message="no capacity"), "The cluster is Failed. no capacity", id="failed"),
        pytest.param(asked(), seen("RollingBack"), "The cluster is RollingBack.", id="rolling back, with no word why"),
        pytest.param(
            asked(), seen("Deleting"), "Somebody deleted the cluster: it is being taken down.", id="somebody deletes it"
        ),
        pytest.param(asked(), None, "Somebody deleted the cluster: HyperPod no longer knows it.", id="it is gone"),
        pytest.param(
            asked(MinInstanceCount=1),
            seen(CurrentCount=0, TargetCount=0),
            "HyperPod has stopped adding nodes: worker is InService and wants 0 nodes, of 1 asked for",
            id="a missed minimum looks like service",
        ),
        pytest.param(
            asked(),
            seen(CurrentCount=1, TargetCount=1),
            "HyperPod has stopped adding nodes: worker is InService and wants 1 nodes, of 2 asked for",
            id="somebody scaled it down",
        ),
    ],
)
def test_what_will_not_come_is_a_failure(shape: ClusterShape, cluster: Cluster | None, reason: str) -> None:
    readiness = judge(shape, cluster, nodes(), LATER, LATER)
    assert (readiness.status, readiness.reason) == (Status.FAILED, reason)


@pytest.mark.parametrize("cluster", [None, seen(CurrentCount=0, TargetCount=0)], ids=["not shown yet", "no target yet"])
def test_a_cluster_that_was_made_a_moment_ago_may_be_read_late(cluster: Cluster | None) -> None:
    assert judge(asked(MinInstanceCount=1), cluster, [], *[timedelta(minutes=1)] * 2).status is Status.WAITING


def test_the_nodes_are_worth_a_look_only_when_the_counts_match() -> None:
    assert counts_match(asked(), seen())
    assert not counts_match(asked(), seen("Creating"))
    assert not counts_match(asked(), seen(CurrentCount=1))


def test_restricted_groups_count_like_the_others() -> None:
    group = {"InstanceGroupName": "nova", "InstanceType": "ml.p5.48xlarge", "InstanceCount": 1, "ExecutionRole": "arn"}
    shape = ClusterShape.model_validate({"ClusterName": "vision", "RestrictedInstanceGroups": [group]})
    details = {"InstanceGroupName": "nova", "Status": "InService", "CurrentCount": 1, "TargetCount": 1}
    cluster = seen().model_copy(
        update={
            "restricted_instance_groups": Cluster.model_validate(
                {
                    "ClusterArn": "a",
                    "ClusterName": "vision",
                    "ClusterStatus": "InService",
                    "RestrictedInstanceGroups": [details],
                }
            ).restricted_instance_groups
        }
    )
    found = [Node.model_validate({"InstanceGroupName": "nova", "InstanceStatus": {"Status": "Running"}})]
    assert judge(shape, cluster, found, LATER, LATER).status is Status.IN_SERVICE
    assert judge(shape, cluster, [], LATER, LATER).status is Status.WAITING


def test_groups_stand_beside_what_was_asked_for() -> None:
    rows = groups_of(asked(), seen(CurrentCount=1, TargetCount=0, Status="Updating"))
    assert [
        (row.instance_group_name, row.requested_count, row.current_count, row.target_count, row.status) for row in rows
    ] == [
        ("controller", 1, 1, 1, "InService"),
        ("worker", 2, 1, 0, "Updating"),
    ]


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [
        pytest.param(0, 60, id="at first every minute"),
        pytest.param(40, 120, id="then rarer"),
        pytest.param(90, 270, id="late"),
        pytest.param(1200, 600, id="every ten minutes at the least"),
    ],
)
def test_looks_become_rarer(minutes: int, seconds: int) -> None:
    assert wait_seconds(timedelta(minutes=minutes), timedelta(hours=9)) == seconds


@given(
    waited=st.timedeltas(timedelta(0), timedelta(days=1)),
    left=st.timedeltas(timedelta(days=-1), timedelta(days=1)),
)
def test_a_wait_is_never_past_the_deadline_by_more_than_a_second(waited: timedelta, left: timedelta) -> None:
    assert 1 <= wait_seconds(waited, left) <= max(1, left.total_seconds() + 1)
