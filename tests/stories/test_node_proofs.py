"""The cluster's own nodes are asked where they leave. What they say counts; what keeps them from saying it does not."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.app import Simulator
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
def _nothing_is_left_open(simulator: Simulator) -> Iterator[None]:
    """No session had to end by itself: the service closed it, or we did."""
    before = len(simulator.sessions.abandoned())
    yield
    assert simulator.sessions.open() == []
    assert len(simulator.sessions.abandoned()) == before


def test_every_group_s_nodes_prove_their_own_way_out(stage: Stage) -> None:
    ending = stage.run(stage.two_groups(Egress={"NodesPerGroup": "All"}))
    controller, worker = stage.ids["ControllerPublicIp"], stage.ids["WorkerPublicIp"]

    assert ending.run["Proved"] == ["BeforeCreate", "OnNodes"]
    assert node_rows(ending) == [("controller", "Match", [controller]), *[("worker", "Match", [worker])] * 2]
    assert [finding["Rule"] for finding in ending.run["Findings"] if finding["Severity"] == "UNKNOWN"] == []


@pytest.mark.changes_network
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


@pytest.mark.changes_network
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


# What happens to the sessions with a group's nodes, and what can be said of it if it happens each time.
VERDICTS = {
    SessionKind.EVERY_FRAME_TWICE: "Match",
    SessionKind.FRAMES_REORDERED: "Match",
    SessionKind.LATE_HANDSHAKE: "Match",
    SessionKind.CLOSED_SILENTLY: "Unknown",
    SessionKind.CHANNEL_LOST: "Unknown",
    SessionKind.OUTPUT_TRUNCATED: "Unknown",  # and the exit code is good
    SessionKind.WRONG_NONCE: "Unknown",
    SessionKind.NOT_CONNECTED: "Unknown",
    SessionKind.KMS_ASKED: "Unknown",
}


def groups_in_trouble(stage: Stage, nth: int) -> Ending:
    """A run with a group for each kind of trouble, named after it; every path is in order."""
    stage.sim.inject(*(SessionFault(f"*_{kind}-*", kind, nth=nth) for kind in SessionKind))
    ending = stage.run(stage.request(*map(stage.group, SessionKind), Egress=ONLY_NODES))
    injected = stage.sim.faults.injected()
    stage.sim.faults.clear()
    assert injected.keys() == set(SessionKind)
    assert ending.run["State"] == "Provisioned", ending.run["CauseDetail"]
    return ending


def test_what_happens_to_a_session_is_no_word_about_the_way_out(stage: Stage) -> None:
    ending = groups_in_trouble(stage, nth=0)

    assert {group: verdict for group, verdict, _ in node_rows(ending)} == VERDICTS
    assert ending.run["Proved"] == []
    unknown = [finding for finding in ending.run["Findings"] if finding["Severity"] == "UNKNOWN"]
    assert len(unknown) == len([kind for kind in VERDICTS if VERDICTS[kind] == "Unknown"])


def test_what_happens_once_is_asked_again_and_proves(stage: Stage) -> None:
    ending = groups_in_trouble(stage, nth=1)
    assert {verdict for _, verdict, _ in node_rows(ending)} == {"Match"}, ending.run["Egress"]
    assert ending.run["Proved"] == ["OnNodes"]


def test_where_a_group_may_be_in_several_subnets_its_nodes_say_in_which_they_are(stage: Stage) -> None:
    both = {**stage.vpc("Worker"), "Subnets": [stage.ids["ControllerSubnetId"], stage.ids["WorkerSubnetId"]]}
    ending = stage.run(stage.request(stage.group("worker", 2, OverrideVpcConfig=both), Egress=ONLY_NODES))
    own = {stage.ids[f"{role}SubnetId"]: stage.ids[f"{role}PublicIp"] for role in ("Controller", "Worker")}

    [row] = ending.run["Egress"]
    assert (row["Verdict"], row["ObservedPublicIps"]) == ("Match", [own[row["SubnetId"]]])


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
