"""The cluster's own nodes are asked where they leave. What they say counts; what keeps them from saying it does not."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.faults import CallFault, CallKind, SessionFault, SessionKind
from tests.stories.stage import BOTH_PROOFS, Ending, Stage

ONLY_NODES: dict[str, Any] = {"Prove": ["OnNodes"]}


def node_rows(ending: Ending) -> list[tuple[str, str, list[str]]]:
    rows = [row for row in ending.run["Egress"] if row["Via"] == "OnNodes"]
    return [(row["InstanceGroupName"], row["Verdict"], row["ObservedPublicIps"]) for row in rows]


def swap_the_nat_gateways(stage: Stage) -> None:
    """Behind everybody's back: workers leave by the controller's gateway from now on."""
    stage.route("Worker", NatGatewayId=stage.ids["ControllerNatGatewayId"])


def start_and_swap(stage: Stage, **terms: Any) -> str:
    with stage.sim.hold():
        run_id = stage.start(stage.two_groups(Egress=BOTH_PROOFS, **terms), until="WaitForCluster")
        swap_the_nat_gateways(stage)
    stage.sim.settle()
    return run_id


@pytest.fixture(autouse=True)
def _nothing_is_left_open(stage: Stage) -> Iterator[None]:
    """No session had to end by itself: the service closed it, or we did."""
    before = len(stage.sim.sessions.abandoned())
    yield
    assert stage.sim.sessions.open() == []
    assert len(stage.sim.sessions.abandoned()) == before


def test_every_group_s_nodes_prove_their_own_way_out(stage: Stage) -> None:
    ending = stage.run(stage.two_groups(Egress={"NodesPerGroup": "All"}))
    controller, worker = stage.ids["ControllerPublicIp"], stage.ids["WorkerPublicIp"]

    assert ending.run["Proved"] == ["BeforeCreate", "OnNodes"]
    assert node_rows(ending) == [("controller", "Match", [controller]), *[("worker", "Match", [worker])] * 2]
    assert [finding["Rule"] for finding in ending.run["Findings"] if finding["Severity"] == "UNKNOWN"] == []


def test_a_way_out_that_was_changed_while_the_cluster_came_up_fails_the_run(stage: Stage) -> None:
    ending = stage.ending(start_and_swap(stage))
    run = ending.run

    assert (run["State"], run["Cause"], run["Phase"], run["ClusterDisposition"]) == (
        *("Failed", "EgressOtherAddress", "JudgeEgress", "Kept"),
    )
    assert run["Proved"] == []
    assert ("worker", "OtherAddress", [stage.ids["ControllerPublicIp"]]) in node_rows(ending)
    assert stage.ids["ControllerPublicIp"] in run["CauseDetail"]
    assert f"POST /clusters/{stage.cluster}/egress-checks" in run["Remedy"]
    assert (ending.clusters, len(ending.ends)) == (1, 1)


def test_and_takes_the_cluster_away_if_that_was_asked_for(stage: Stage) -> None:
    ending = stage.ending(start_and_swap(stage, OnFailure="Delete"))
    assert (ending.run["Cause"], ending.run["ClusterDisposition"]) == ("EgressOtherAddress", "DeleteRequested")


def test_nodes_that_do_not_get_out_fail_the_run_as_blocked(stage: Stage) -> None:
    with stage.sim.hold():
        run_id = stage.start(stage.request(Egress=BOTH_PROOFS), until="WaitForCluster")
        stage.sim.internet.outside.block("checkip.amazonaws.com")
    stage.sim.settle()
    stage.sim.internet.outside.reset()
    run = stage.sim.get(f"/runs/{run_id}")
    assert run["Cause"] == "EgressBlocked", run["Egress"]


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        pytest.param(SessionKind.EVERY_FRAME_TWICE, "Match", id="every frame twice"),
        pytest.param(SessionKind.FRAMES_REORDERED, "Match", id="frames out of order"),
        pytest.param(SessionKind.LATE_HANDSHAKE, "Match", id="a late handshake"),
        pytest.param(SessionKind.CLOSED_SILENTLY, "Unknown", id="an end without a word"),
        pytest.param(SessionKind.CHANNEL_LOST, "Unknown", id="a lost channel"),
        pytest.param(SessionKind.OUTPUT_TRUNCATED, "Unknown", id="lost output and a good exit code"),
        pytest.param(SessionKind.WRONG_NONCE, "Unknown", id="an answer to another question"),
        pytest.param(SessionKind.NOT_CONNECTED, "Unknown", id="a node that is not connected"),
        pytest.param(SessionKind.KMS_ASKED, "Unknown", id="an agent that encrypts"),
    ],
)
def test_what_happens_to_a_session_is_no_word_about_the_way_out(stage: Stage, kind: SessionKind, verdict: str) -> None:
    """Each time it happens, on a path that is in order."""
    stage.sim.inject(SessionFault("*", kind, nth=0))
    ending = stage.run(stage.request(Egress=ONLY_NODES))
    stage.sim.faults.clear()

    assert ending.run["State"] == "Provisioned", ending.run["CauseDetail"]
    assert [row[1] for row in node_rows(ending)] == [verdict]
    assert ending.run["Proved"] == (["OnNodes"] if verdict == "Match" else [])
    unknown = [finding for finding in ending.run["Findings"] if finding["Severity"] == "UNKNOWN"]
    assert bool(unknown) == (verdict == "Unknown")


@pytest.mark.parametrize("kind", [kind for kind in SessionKind if kind not in (SessionKind.KMS_ASKED,)])
def test_what_happens_once_is_asked_again_and_proves(stage: Stage, kind: SessionKind) -> None:
    stage.sim.inject(SessionFault("*", kind))
    ending = stage.run(stage.request(Egress=ONLY_NODES))

    assert stage.sim.faults.injected() == {kind: 1}
    stage.sim.faults.clear()
    assert ending.run["Proved"] == ["OnNodes"], [row["Reason"] for row in ending.run["Egress"]]


def test_throttled_sessions_are_started_a_little_later(stage: Stage) -> None:
    stage.sim.inject(CallFault("ssm:StartSession", CallKind.THROTTLE, times=3))
    ending = stage.run(stage.request(Egress=ONLY_NODES))
    stage.sim.faults.clear()
    assert ending.run["Proved"] == ["OnNodes"]


def test_who_may_not_start_a_session_leaves_the_proof_open_and_names_the_permission(stage: Stage) -> None:
    stage.sim.fail("ssm:StartSession", "AccessDeniedException", status=400)
    ending = stage.run(stage.two_groups(Egress=ONLY_NODES))
    stage.sim.faults.clear()

    assert (ending.run["State"], ending.run["Proved"]) == ("Provisioned", [])
    assert {row[1] for row in node_rows(ending)} == {"Unknown"}
    assert all("ssm:StartSession" in row["Reason"] for row in ending.run["Egress"])


def test_a_session_costs_two_calls_and_a_slot_of_the_account_s_pace(stage: Stage) -> None:
    before = len(stage.sim.calls())
    stage.run(stage.request(Egress=ONLY_NODES))
    asked = [it.call.name for it in stage.sim.calls()[before:] if it.call.caller == "AskNodesFunction"]

    assert asked.count("ssm:StartSession") == 1
    assert asked.count("ssm:TerminateSession") == 0  # the service has closed it by itself
    assert asked.count("dynamodb:UpdateItem") - 3 in (
        1,
        2,
    )  # the run's phase and rows; and a slot behind others, or alone
