"""Delivered is safe to deliver again: an archive replayed twice, in any order, changes nothing."""

from typing import Any

import pytest

from tests.races import TIMES
from tests.races.replay import replay, world
from tests.stories.stage import Stage

Log = list[tuple[str, Any]]
SEEDS = 2 * TIMES


def a_day(stage: Stage) -> Log:
    """A good run, one that the account refuses, one that fails, and two that the door refuses; all their events."""
    began = len(stage.sim.buses.log())
    good, others = stage.request(), [stage.again() for _ in range(2)]
    stage.sim.hyperpod.fail(others[1].cluster, "Capacity", "controller")
    with stage.sim.hold():
        stage.sim.put_request(good)
        stage.sim.put_request(good | {"RequestId": f"{stage.cluster}-late"})  # the name is busy, today
        stage.sim.put_request({"Cluster": {"ClusterName": stage.cluster}})
        stage.sim.put_request(others[0].request(Egress={"ExpectedPublicIps": ["203.0.113.99"]}))
        stage.sim.put_request(others[1].request(OnFailure="Delete"))
    stage.sim.settle()
    stage.sim.clock.sleep(3600)
    stage.sim.settle()
    return stage.sim.buses.log()[began:]


@pytest.mark.long
def test_a_day_replayed_twice_in_any_order_leaves_table_clusters_executions_and_slack_as_they_were(
    stage: Stage,
) -> None:
    log = a_day(stage)
    before = world(stage.sim)
    assert {kind for _, event in log if (kind := event["detail-type"]).startswith("HyperPod Cluster")} == {
        f"HyperPod Cluster {word}" for word in ("Requested", "Refused", "Creating", "Provisioned", "Failed")
    }

    for seed in range(SEEDS):
        assert replay(stage.sim, log, seed) >= 2 * 13, f"seed {seed}"
        assert world(stage.sim) == before, f"seed {seed}"
    runs = {event["detail"].get("RunId", event["id"]) for _, event in log}
    assert [letter for letter in stage.dead_letters() if any(name in letter for name in runs)] == []
