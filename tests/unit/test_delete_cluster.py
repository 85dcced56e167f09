"""Only a cluster that carries our tags is ever deleted, and what came of it is recorded beside the first cause."""

from datetime import timedelta
from typing import Any

import pytest

from control_plane.domain.cluster.readiness import STALE_READS
from control_plane.domain.run import Disposition, State
from control_plane.errors import AwsUnavailable, NotYet, RunOver
from control_plane.steps.delete_cluster import Report, delete_cluster
from control_plane.steps.request import StepRequest
from tests.cluster_world import World, phase
from tests.hyperpod_in_memory import ARN, NOON, OURS, RUN_ID, Crash, Refused

HOUR_AGO = NOON - timedelta(hours=1)
FAILED_RUN = {
    "cluster_arn": ARN.format(1),
    "cause": "Capacity",
    "cause_detail": "no capacity",
    "remedy": "Try later.",
    "updated_at": HOUR_AGO,
    **phase("CreateCluster", HOUR_AGO),
}


def delete(world: World) -> Report:
    return delete_cluster(
        StepRequest(run_id=RUN_ID), runs=world.runs, reader=world.reader, remover=world.remover, now=world.now
    )


def failed(tags: dict[str, str] = OURS, **run: Any) -> World:
    world = World(**FAILED_RUN | run)
    world.hyperpod.add(tags, ClusterStatus="Failed")
    return world


def test_our_cluster_goes() -> None:
    world = failed()
    assert delete(world) == Report(cluster_disposition=Disposition.DELETE_REQUESTED)
    assert world.hyperpod.clusters[ARN.format(1)]["ClusterStatus"] == "Deleting"
    assert world.run.cluster_disposition is Disposition.DELETE_REQUESTED
    assert (world.run.cause_detail, world.run.remedy) == ("no capacity", "Try later.")


def test_the_deadline_does_not_keep_a_failed_runs_cluster_alive() -> None:
    world = failed()
    world.time = world.run.deadline_at + timedelta(hours=1)
    assert delete(world).cluster_disposition is Disposition.DELETE_REQUESTED


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({}, id="no tags"),
        pytest.param({"hyperpod-vpc:run-id": RUN_ID}, id="no stack"),
        pytest.param(OURS | {"hyperpod-vpc:run-id": "run-other"}, id="another run's"),
        pytest.param(OURS | {"hyperpod-vpc:stack": "other"}, id="another stack's"),
    ],
)
def test_a_cluster_without_our_tags_stays(tags: dict[str, str]) -> None:
    world = failed(tags)
    delete(world)
    assert world.hyperpod.clusters[ARN.format(1)]["ClusterStatus"] == "Failed"
    assert "DeleteCluster" not in world.faults.calls
    assert world.run.cluster_disposition is Disposition.DELETE_FAILED
    assert "its tags no longer say that this run made it" in str(world.run.cause_detail)


def test_a_stranger_that_took_over_the_name_stays_and_ours_is_gone() -> None:
    world = failed({}, cluster_arn=ARN.format(9))
    assert delete(world).cluster_disposition is Disposition.DELETE_REQUESTED
    assert "DeleteCluster" not in world.faults.calls


@pytest.mark.parametrize(
    ("run", "disposition"),
    [
        pytest.param({}, Disposition.DELETE_REQUESTED, id="it had been made"),
        pytest.param({"cluster_arn": None}, Disposition.NOT_CREATED, id="it never was"),
    ],
)
def test_a_cluster_that_is_not_there_is_deleted_enough(run: dict[str, Any], disposition: Disposition) -> None:
    world = World(**FAILED_RUN | run)
    assert delete(world).cluster_disposition is disposition


@pytest.mark.parametrize("stale", ["unseen", "untagged"])
def test_one_answer_without_a_cluster_that_was_there_a_moment_ago_is_not_believed(stale: str) -> None:
    world = failed(updated_at=NOON - STALE_READS + timedelta(seconds=1))
    setattr(world.hyperpod, stale, 1)
    with pytest.raises(NotYet):
        delete(world)
    assert delete(world).cluster_disposition is Disposition.DELETE_REQUESTED


def test_a_cluster_that_is_being_deleted_is_not_deleted_again() -> None:
    world = failed()
    assert delete(world) == delete(world)
    assert world.faults.calls.count("DeleteCluster") == 1


@pytest.mark.parametrize("code", ["ConflictException", "ThrottlingException", "InternalFailure"])
def test_what_passes_is_tried_again(code: str) -> None:
    world = failed()
    world.faults.refuse["DeleteCluster"] = Refused(code)
    with pytest.raises(AwsUnavailable, match=code):
        delete(world)
    assert world.run.cluster_disposition is Disposition.DELETE_FAILED  # unless it is taken after all


def test_a_cluster_that_went_meanwhile_is_deleted_enough() -> None:
    world = failed()
    world.faults.refuse["DeleteCluster"] = Refused("ResourceNotFound")
    assert delete(world).cluster_disposition is Disposition.DELETE_REQUESTED


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
@pytest.mark.parametrize("call", ["DescribeCluster", "ListTags", "DeleteCluster"])
def test_a_refusal_is_told_beside_the_first_cause_and_once(call: str, code: str) -> None:
    world = failed()
    world.faults.refuse[call] = Refused(code, "because of this")
    assert delete(world) == delete(world) == Report(cluster_disposition=Disposition.DELETE_FAILED)
    detail, remedy = str(world.run.cause_detail).splitlines(), str(world.run.remedy).splitlines()
    assert (detail[0], remedy[0], len(detail), len(remedy)) == ("no capacity", "Try later.", 2, 2)
    assert "because of this" in detail[1]
    assert remedy[1].endswith(f"aws sagemaker delete-cluster --cluster-name {ARN.format(1)}")


def test_a_run_that_ended_well_keeps_its_cluster() -> None:
    world = failed(state=State.PROVISIONED)
    with pytest.raises(RunOver):
        delete(world)
    assert world.faults.calls == ["get run"]


@pytest.mark.parametrize("fault", ["crash before", "crash after", "request lost", "reply lost", "throttled", "broken"])
@pytest.mark.parametrize("place", range(5), ids=["get run", "DescribeCluster", "ListTags", "DeleteCluster", "note"])
def test_whatever_breaks_at_whichever_call_the_cluster_goes(place: int, fault: str) -> None:
    world = failed()
    world.faults.at[place] = fault
    with pytest.raises((Crash, AwsUnavailable)):
        delete(world)
    assert delete(world).cluster_disposition is Disposition.DELETE_REQUESTED
    assert world.hyperpod.clusters[ARN.format(1)]["ClusterStatus"] == "Deleting"
