"""A create that goes wrong ends with its cause and the next thing to do, and leaves what was asked to be left."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.stories.stage import Stage


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("Capacity", "Capacity"), ("LifecycleScript", "LifecycleScript"), ("Efa", "Efa")],
)
def test_a_cluster_that_fails_is_explained_and_kept(stage: Stage, kind: str, cause: str) -> None:
    asked = stage.sim.api("POST", f"/_control/clusters/{stage.cluster}", {"Fail": kind, "Group": "controller"})
    ending = stage.run(stage.request())

    run = ending.run
    assert asked.status == 200
    assert (run["State"], run["Phase"], run["Cause"]) == ("Failed", "WaitForCluster", cause)
    assert run["CauseDetail"]
    assert run["Remedy"]
    assert (run["ClusterDisposition"], ending.clusters, ending.probes) == ("Kept", 1, 0)
    assert ending.told == ["HyperPod Cluster Creating", "HyperPod Cluster Failed"]
    assert len(ending.slack) == 2
    assert cause in ending.slack[-1]


def test_a_failed_cluster_is_deleted_when_that_was_asked(stage: Stage) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", "controller")
    ending = stage.run(stage.request(OnFailure="Delete"))
    stage.sim.clock.sleep(3600)

    assert (ending.run["State"], ending.run["ClusterDisposition"]) == ("Failed", "DeleteRequested")
    assert stage.ending(ending.run["RunId"]).clusters == 0
    assert (ending.probes, ending.ends, len(ending.slack)) == (0, ["HyperPod Cluster Failed"], 2)


def test_a_run_ends_at_its_deadline_with_that_as_its_cause(stage: Stage) -> None:
    ending = stage.run(stage.two_groups(DeadlineMinutes=15))

    run = ending.run
    assert (run["State"], run["Cause"]) == ("Failed", "Deadline")
    deadline, ended = (datetime.fromisoformat(at) for at in (run["DeadlineAt"], run["Phases"][-1]["EndedAt"]))
    assert deadline <= ended < deadline + timedelta(minutes=5)
    assert (ending.clusters, ending.probes, ending.ends) == (1, 0, ["HyperPod Cluster Failed"])
    assert len(ending.slack) == 2


def test_an_execution_that_somebody_stops_still_ends_its_run(stage: Stage) -> None:
    with stage.sim.hold():
        run_id = stage.start(stage.request(), until="WaitForCluster")
        arn = stage.sim.get(f"/runs/{run_id}")["ExecutionArn"]
        stage.sim.client("stepfunctions").stop_execution(executionArn=arn, error="Human", cause="Wrong button")
    stage.sim.settle()
    ending = stage.ending(run_id)

    assert (ending.run["State"], ending.run["Cause"]) == ("Failed", "Stopped")
    assert (ending.clusters, ending.probes, ending.ends) == (1, 0, ["HyperPod Cluster Failed"])
    assert len(ending.slack) == 2


@pytest.mark.parametrize("asked", [b"", b"[]", b"{", {"Fail": "Weather"}, {}, {"Fail": "Capacity", "Nonsense": 1}])
def test_a_failure_that_there_is_not_cannot_be_asked_for(stage: Stage, asked: Any) -> None:
    answer = stage.sim.api("POST", f"/_control/clusters/{stage.cluster}", asked)

    assert answer.status == 400
    assert stage.cluster in answer.json()["message"]
