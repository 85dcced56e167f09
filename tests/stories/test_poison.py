"""A poison event blocks nobody: what comes right behind it goes through, and it ends in something a person sees."""

import json
from typing import Any

import pytest

from tests.races.burst import ends_of
from tests.stories.stage import Stage

REFUSED, DEAD = "Refused event", "dead letter"

DETAILS: dict[str, tuple[str, str]] = {
    "nothing": ("{}", REFUSED),
    "a cluster that is a list": ('{"Cluster": []}', REFUSED),
    "a cluster that is null": ('{"Cluster": null}', REFUSED),
    "a name that is an object": ('{"Cluster": {"ClusterName": {"a": 1}}}', REFUSED),
    "a name that is half a character": ('{"Cluster": {"ClusterName": "\\ud800"}}', REFUSED),
    "a key that is half a character": ('{"\\ud800": 1, "Cluster": {"\\udfff": 1}}', REFUSED),
    "a RequestId that is a number": ('{"RequestId": 5, "Cluster": {"ClusterName": "a"}}', REFUSED),
    "a RequestId that is half a character": ('{"RequestId": "\\ud800", "Cluster": {"ClusterName": "a"}}', REFUSED),
    "a RequestId as long as an event": (json.dumps({"RequestId": "r" * 240_000}), REFUSED),
    "groups that are texts": ('{"Cluster": {"ClusterName": "a", "InstanceGroups": ["b", 1, null]}}', REFUSED),
    "a count without end": ('{"Cluster": {"InstanceGroups": [{"InstanceCount": 1e999}]}}', REFUSED),
    "a count of 400 digits": (f'{{"Cluster": {{"InstanceGroups": [{{"InstanceCount": {"9" * 400}}}]}}}}', REFUSED),
    "terms of the wrong types": ('{"Egress": 1, "OnFailure": [], "DeadlineMinutes": "x", "Suppress": {}}', REFUSED),
    "10,000 unknown keys": (json.dumps({"Cluster": {f"key-{number}": 1 for number in range(10_000)}}), REFUSED),
    "3,000 groups": (json.dumps({"Cluster": {"InstanceGroups": [{"InstanceType": "x" * 50}] * 3_000}}), REFUSED),
    "300 lists in lists": (f'{{"Cluster": {{"ClusterName": {"[" * 300}{"]" * 300}}}}}', REFUSED),
    "control characters": ('{"Cluster": {"ClusterName": "a\\u0000\\u001b[31mb"}}', REFUSED),
}


def where(stage: Stage, event_id: str, dead_letters: list[str]) -> str:
    """What a person sees of an event."""
    ends = ends_of(stage.sim, stage.sim.run_id(event_id))
    if ends:
        return REFUSED if ends == ["HyperPod Cluster Refused"] else str(ends)
    return DEAD if any(event_id in letter for letter in dead_letters) else "nothing"


def test_a_good_request_behind_poison_goes_through_and_every_poison_is_seen(stage: Stage) -> None:
    entry = {"EventBusName": stage.sim.world["EventBusName"], "Source": "somebody"}
    kinds = {"DetailType": "HyperPod Cluster Requested"}
    events = stage.sim.client("events")
    with stage.sim.hold():
        put = {
            what: events.put_events(Entries=[entry | kinds | {"Detail": detail}])["Entries"][0]["EventId"]
            for what, (detail, _) in DETAILS.items()
        }
        request = stage.request(Egress={"Prove": []})
        stage.sim.put_request(request)
    stage.sim.settle()
    letters = stage.dead_letters()

    assert stage.ending(stage.sim.run_id(request["RequestId"])).run["State"] == "Provisioned"
    assert {what: where(stage, event_id, letters) for what, event_id in put.items()} == {
        what: expected for what, (_, expected) in DETAILS.items()
    }


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        pytest.param({}, "nothing", id="without a name all runs are swept"),
        pytest.param({"name": None}, "nothing", id="null"),
        pytest.param({"name": ["run-1"]}, "nothing", id="a list"),
        pytest.param({"name": "x" * 200_000}, "nothing", id="a name as long as an event"),
        pytest.param({"name": "run-" + "0" * 24}, DEAD, id="a run that nobody knows"),
    ],
)
def test_an_odd_end_of_an_execution_hides_no_run_that_needs_the_sweeper(
    stage: Stage, name: dict[str, Any], seen: str
) -> None:
    run_id = stage.start(stage.request(Egress={"Prove": []}), until="WaitForCluster")
    detail = {"stateMachineArn": stage.sim.world["StateMachines"]["ProvisionCluster"], "status": "ABORTED", **name}
    odd = stage.sim.buses.event("aws.states", "Step Functions Execution Status Change", detail)
    with stage.sim.hold():
        stage.sim.buses.deliver("default", odd)
        arn = stage.sim.get(f"/runs/{run_id}")["ExecutionArn"]
        stage.sim.client("stepfunctions").stop_execution(executionArn=arn, error="Human", cause="Wrong button")
    stage.sim.settle()

    ending = stage.ending(run_id)
    assert (ending.run["State"], len(ending.ends)) == ("Failed", 1)
    assert where(stage, odd["id"], stage.dead_letters()) == seen


def announced(number: int) -> dict[str, dict[str, Any]]:
    """Odd details, under EventIds that hold this number."""
    run = {"RunId": "run-x"}
    return {
        "nothing": {},
        "ids that are numbers": {"RunId": 1, "EventId": number},
        "lists that are texts": run | {"EventId": f"a-{number}", "Findings": "none", "Egress": "none", "Groups": 1},
        "rows that are texts": run | {"EventId": f"b-{number}", "Findings": ["a"], "Egress": [1], "Groups": [None]},
        "names that are objects": run | {"EventId": f"c-{number}", "ClusterName": {"a": 1}, "Cause": []},
        "as long as an event": run | {"EventId": f"d-{number}", "CauseDetail": "x" * 200_000},
        "an EventId longer than a key": run | {"EventId": "e" * 3_000},
        "half a character": run | {"EventId": f"f-{number}", "ClusterName": "\ud800"},
    }


@pytest.mark.parametrize("kind", ["HyperPod Cluster Failed", "HyperPod Cluster Provisioned"])
def test_an_odd_announcement_is_told_in_slack_or_is_a_dead_letter_and_holds_up_no_other(
    stage: Stage, kind: str
) -> None:
    entry = {"EventBusName": stage.sim.world["EventBusName"], "Source": "hyperpod-vpc", "DetailType": kind}
    request = stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]})
    before, events = len(stage.sim.slack()), stage.sim.client("events")
    with stage.sim.hold():
        put = {
            what: events.put_events(Entries=[entry | {"Detail": json.dumps(detail)}])
            for what, detail in announced(stage.number).items()
        }
        stage.sim.put_request(request)
    stage.sim.settle()

    letters = stage.dead_letters()
    dead = [what for what, it in put.items() if any(it["Entries"][0]["EventId"] in letter for letter in letters)]
    assert len(stage.ending(stage.sim.run_id(request["RequestId"])).slack) == 1
    assert len(stage.sim.slack()) - before - 1 + len(dead) == len(put), dead
