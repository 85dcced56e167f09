"""Where a path or a node has changed, and after some days, the nodes are asked again; only those whom it concerns."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.app import Simulator
from tests.stories.changes import route_to
from tests.stories.stage import Stage, schema_of
from tests.stories.test_adoption import asked as asked_for
from tests.stories.watched import DETECTED, RESOLVED, Change, Watched, under_watch, unswept

VERIFIED, MISMATCH, DIGEST = "HyperPod Egress Verified", "HyperPod Egress Mismatch", "HyperPod Watch Digest"
DAY = 24 * 60  # minutes


@pytest.fixture(scope="module")
def proved(simulator: Simulator) -> Iterator[Watched]:
    """One for all of these stories; each leaves it as it was."""
    with under_watch(Stage(simulator), terms={"Egress": {"Prove": ["OnNodes"]}}) as cluster:
        yield cluster


@pytest.fixture
def watched(proved: Watched) -> Watched:
    proved.sim.trail.on = True
    return proved


def asked(it: Watched, change: Change, minutes: float = 9) -> list[dict[str, Any]]:
    """The proofs that come of a change: the events that tell how they ended."""
    before = len(it.proofs())
    change(it)
    it.wait(minutes)
    events = it.proofs()[before:]
    for event in events:
        schema_of(event["DetailType"]).validate(event["Detail"])
    return events


def groups(event: dict[str, Any]) -> list[str]:
    return sorted(row["InstanceGroupName"] for row in event["Detail"]["Egress"])


def in_slack(it: Watched, event: dict[str, Any]) -> bool:
    return event["Detail"]["EventId"] in {message["EventId"] for message in it.sim.slack()}


def test_a_route_that_is_swapped_has_its_group_s_nodes_asked_and_so_has_its_end(watched: Watched) -> None:
    here, there = watched.ids["WorkerPublicIp"], watched.ids["ControllerPublicIp"]
    partners = watched.sim.get(f"/clusters/{watched.stage.cluster}/egress.json")
    [swapped] = asked(watched, route_to("ControllerNatGatewayId"))

    assert (swapped["DetailType"], groups(swapped)) == (MISMATCH, ["worker"])
    [row] = swapped["Detail"]["Egress"]
    assert (row["ExpectedPublicIps"], row["ObservedPublicIps"], row["Verdict"]) == ([here], [there], "OtherAddress")
    assert swapped["Detail"]["RequestedBy"] == "the watch: its way out has changed"

    [put_back] = asked(watched, route_to("WorkerNatGatewayId"))
    assert (put_back["DetailType"], groups(put_back)) == (VERIFIED, ["worker"])
    assert [kind for kind, _ in watched.told()][-2:] == [DETECTED, RESOLVED]
    assert in_slack(watched, swapped)
    assert in_slack(watched, put_back)
    assert watched.sim.get(f"/clusters/{watched.stage.cluster}/egress.json") == partners  # some groups are no cluster


def test_a_proof_that_could_not_be_asked_for_is_asked_for_by_the_next_look(watched: Watched) -> None:
    watched.calm()
    watched.sim.fail("s3:GetObject", "AccessDenied", status=403, caller="AskForProofsFunction")
    assert asked(watched, route_to("ControllerNatGatewayId")) == []
    watched.sim.faults.clear()
    [late] = asked(watched, Watched.look)
    assert (late["DetailType"], groups(late)) == (MISMATCH, ["worker"])
    assert asked(watched, Watched.look) == []

    [put_back] = asked(watched, route_to("WorkerNatGatewayId"))
    assert put_back["DetailType"] == VERIFIED
    watched.calm()


def test_a_node_that_is_replaced_has_its_group_asked_when_the_next_one_is_there(watched: Watched) -> None:
    def replace(it: Watched) -> None:
        gone.append(it.sim.hyperpod.replace_node(it.stage.cluster, "controller"))

    gone: list[str] = []
    [event] = asked(watched, replace, minutes=45)

    assert (event["DetailType"], groups(event)) == (VERIFIED, ["controller"])
    assert event["Detail"]["Egress"][0]["Subject"] not in gone
    assert event["Detail"]["RequestedBy"] == "the watch: a node was replaced"


def test_after_some_days_all_are_asked_once_and_that_all_is_well_is_told_on_the_bus_alone(watched: Watched) -> None:
    def looked_at_twice(it: Watched) -> None:
        with unswept(it.sim):
            it.wait(8 * DAY)
        it.look()
        it.look()

    [event] = asked(watched, looked_at_twice)
    assert (event["DetailType"], groups(event)) == (VERIFIED, ["controller", "worker"])
    assert not in_slack(watched, event)
    assert watched.sim.get(f"/clusters/{watched.stage.cluster}/egress.json")["RunId"] == event["Detail"]["RunId"]
    assert asked(watched, Watched.look) == []


def test_whoever_accepts_what_is_there_turns_no_proof_off(watched: Watched) -> None:
    watched.wait()  # or both baselines may be of the same moment: in this world work takes no time
    asked_for(watched.stage, "PUT", f"/clusters/{watched.stage.cluster}/baseline", Reason="It is as it should be.")
    newest, *_ = watched.sim.get(f"/clusters/{watched.stage.cluster}/baselines")["Items"]
    bucket, _, key = newest["S3Uri"].removeprefix("s3://").partition("/")
    kept = json.loads(watched.sim.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    assert newest["Reason"] == kept["Reason"] == "It is as it should be."
    assert kept["EgressTerms"]["Prove"] == ["OnNodes"]


def test_the_day_is_told_once_after_all_were_looked_at_and_not_where_a_look_failed(watched: Watched) -> None:
    sim, machine = watched.sim, watched.sim.outputs["CheckDriftStateMachineArn"]

    def look(day: str) -> None:
        start = {"WaitSeconds": 0, "Digest": day}
        sim.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(start))
        watched.wait()

    def told(day: str) -> tuple[list[dict[str, Any]], list[str]]:
        event_id = f"watch-{day}/{DIGEST}"
        events = [event["Detail"] for event in sim.events() if event["Detail"].get("EventId") == event_id]
        return events, [it["Payload"]["text"] for it in sim.slack() if it["EventId"] == event_id]

    for _ in range(2):
        look("2026-11-24")
    sim.fail("s3:GetObject", "AccessDenied", status=403, caller="CheckDriftFunction")
    look("2026-11-25")
    sim.faults.clear()

    events, texts = told("2026-11-24")
    for event in events:
        schema_of(DIGEST).validate(event)
        assert event["Watched"] == event["AsWanted"] + len(event["Clusters"])
    assert (len(events), len(texts)) == (2, 1)  # the bus at least once, Slack once
    assert "Watched: " in texts[0]
    assert told("2026-11-25") == ([], [])
