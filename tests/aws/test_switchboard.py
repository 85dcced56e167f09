"""Many sessions on one thread: paced, heard, ended, and none left behind."""

import json
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from websockets.frames import Opcode

from control_plane.aws.pace import KEY
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable, CallFailed
from control_plane.session.frame import MessageType, read
from control_plane.session.outcome import End, Outcome
from tests.aws.conftest import TABLE
from tests.aws.nodes_on_loopback import (
    ASKED_FRAME,
    COMPLETE_FRAME,
    EXIT,
    GAP,
    HANG_UP,
    OUT,
    Script,
    World,
    answering,
    at,
    nodes,
)
from tests.session.agent import NOON, TOKEN, closed, stream

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def ends(found: dict[str, Outcome | CallFailed]) -> Counter[str]:
    return Counter(each.end.value if isinstance(each, Outcome) else each.code for each in found.values())


# ---------------------------------------------------------------- the ordinary case


def test_many_nodes_are_asked_at_the_pace_and_heard_at_the_same_time(world: World) -> None:
    world.scripts = {node: answering(node.encode(), seconds=8.0) for node in nodes(12)}
    found = world.ask(*nodes(12))

    assert {node: outcome.stdout.decode() for node, outcome in found.items() if isinstance(outcome, Outcome)} == {
        node: node for node in nodes(12)
    }
    assert [round(when - NOON, 3) for when, _ in world.starts] == [round(number * GAP, 3) for number in range(12)]
    assert world.now - NOON == pytest.approx(11 * GAP + 8)
    assert world.most_open == 12
    assert [json.loads(text)["TokenValue"] for text in world.heard[Opcode.TEXT]] == [TOKEN] * 12


def test_a_session_costs_one_start_no_termination_and_one_call_for_its_slot(
    world: World, dynamodb: "DynamoDBClient"
) -> None:
    slots: list[Any] = []
    dynamodb.meta.events.register("before-call.dynamodb.UpdateItem", lambda **call: slots.append(call))
    world.scripts = {node: answering() for node in nodes(5)}
    world.ask(*nodes(5))
    assert Counter(operation for operation, _ in world.calls.calls) == {"StartSession": 5}
    assert len(slots) == 6  # the first one finds nobody there, which takes two


def test_no_more_channels_are_open_than_the_budget_says(world: World) -> None:
    world.scripts = {node: answering(seconds=10.0) for node in nodes(9)}
    found = world.ask(*nodes(9), channels=4)
    assert (ends(found), world.most_open) == ({"Completed": 9}, 4)
    assert world.now - NOON == pytest.approx(2 * 10 + 10, abs=1.5)  # three rounds


def test_nothing_is_started_when_its_time_is_over_and_nothing_is_told_of_it(world: World) -> None:
    world.scripts = {node: answering(seconds=30.0) for node in nodes(9)}
    found = world.ask(*nodes(9), last_start=NOON + 1.0)
    assert (list(found), ends(found)) == (nodes(3), {"Completed": 3})
    assert max(when for when, _ in world.starts) <= NOON + 1.0


def test_a_question_that_comes_when_the_time_is_over_costs_no_call(world: World, dynamodb: "DynamoDBClient") -> None:
    assert (world.ask("node-0", last_start=NOON - 1), world.calls.calls) == ({}, [])
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=KEY)


# ---------------------------------------------------------------- whatever becomes of a session


@pytest.mark.parametrize(
    ("script", "end", "reason", "terminations"),
    [
        pytest.param(answering(), End.COMPLETED, "", 0, id="all is well"),
        pytest.param([], End.UNKNOWN, "agent's handshake, and it did not come", 1, id="the agent says nothing"),
        pytest.param(at(1, HANG_UP), End.UNKNOWN, r"lost \(end of stream\)", 1, id="lost before the handshake"),
        pytest.param(at(1, ASKED_FRAME, COMPLETE_FRAME, HANG_UP), End.UNKNOWN, "lost", 1, id="lost in the middle"),
        pytest.param(at(1, ASKED_FRAME), End.UNKNOWN, "end of the handshake", 1, id="half a handshake"),
        pytest.param(at(1, closed()), End.UNKNOWN, "terminated, or its time was over", 0, id="closed without a word"),
        pytest.param(at(1, closed("no such plugin")), End.FAILED, "no such plugin", 0, id="closed with a reason"),
        pytest.param(at(1, closed(), HANG_UP), End.UNKNOWN, "was closed", 0, id="closed and gone"),
        pytest.param(at(1, stream(0, OUT, b"hello")), End.FAILED, "another kind of document", 1, id="no handshake"),
        pytest.param(at(1, ASKED_FRAME, COMPLETE_FRAME, EXIT), End.COMPLETED, "", 1, id="it is not closed"),
        pytest.param(at(1, ASKED_FRAME, COMPLETE_FRAME), End.TIMED_OUT, "end of the command", 1, id="too slow"),
        pytest.param(at(1, *[b"garbage"] * 20), End.UNKNOWN, "no messages", 1, id="garbage"),
    ],
)  # fmt: skip
def test_a_session_ends_in_its_outcome_and_is_terminated_unless_the_service_closed_it(
    world: World, script: Script, end: End, reason: str, terminations: int
) -> None:
    world.scripts = {"node-0": script}
    outcome = world.ask("node-0")["node-0"]
    assert isinstance(outcome, Outcome)
    assert outcome.end is end
    assert re.search(reason, outcome.reason)
    assert len(world.terminated) == terminations
    assert world.left == set()


def test_an_answer_that_the_agent_does_not_acknowledge_is_sent_again(world: World) -> None:
    world.scripts = {"node-0": at(1, ASKED_FRAME)}
    world.ask("node-0")
    answers = [message for message in world.heard[Opcode.BINARY] if read(message).type == MessageType.INPUT]
    assert (len(answers), len({*answers})) == (17, 1)


def test_a_session_that_has_nothing_to_say_for_long_is_kept_alive(world: World) -> None:
    world.scripts = {"node-0": [*at(1, ASKED_FRAME, COMPLETE_FRAME), *at(100, EXIT, closed())]}
    assert ends(world.ask("node-0")) == {"Completed": 1}
    assert world.heard[Opcode.PING] == [b"keepalive"] * 3


def test_each_session_has_a_time_of_its_own(world: World) -> None:
    world.scripts = {node: at(0.1, ASKED_FRAME, COMPLETE_FRAME) for node in nodes(3)}
    with world.asking(*nodes(3), seconds=20.0) as endings:
        times = [(key, round(world.now - NOON, 2)) for key, _ in endings]
    assert times == [(node, round(20 + number * GAP, 2)) for number, node in enumerate(nodes(3))]


# ---------------------------------------------------------------- whatever comes instead of one


def test_a_node_that_is_not_connected_is_told_by_its_code_and_the_others_are_asked(world: World) -> None:
    world.refusals = {"node-1": ["TargetNotConnected"]}
    world.scripts = {node: answering() for node in nodes(3)}
    found = world.ask(*nodes(3))
    assert isinstance(found["node-1"], AwsRefused)
    assert ends(found) == {"Completed": 2, "TargetNotConnected": 1}
    assert len(world.starts) == 3


def test_a_throttled_question_comes_again_after_the_others_at_a_slot_of_its_own(world: World) -> None:
    world.refusals = {"node-0": ["ThrottlingException"] * 2, "node-2": ["ThrottlingException"]}
    world.scripts = {node: answering() for node in nodes(4)}
    found = world.ask(*nodes(4))
    assert ends(found) == {"Completed": 4}
    assert [node for _, node in world.starts] == [*nodes(4), "node-0", "node-2", "node-0"]
    assert world.board.throttles == 3
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(world.starts)]
    assert min(gaps) >= 1 / 3


def test_a_question_that_is_throttled_until_the_time_is_over_is_not_told_of(world: World) -> None:
    world.refusals = {"node-0": ["ThrottlingException"] * 100}
    assert world.ask("node-0", last_start=NOON + 2) == {}
    assert world.board.throttles == 6


@pytest.mark.parametrize(("status", "kind"), [(403, AccessDenied), (503, AwsUnavailable)])
def test_a_channel_that_does_not_open_is_told_and_its_session_terminated(
    world: World, status: int, kind: type[CallFailed]
) -> None:
    world.channels.status = status
    found = world.ask("node-0", "node-1")
    assert {type(each) for each in found.values()} == {kind}
    assert world.terminated == world.began
    assert len(world.began) == 2


# ---------------------------------------------------------------- nothing is left behind


class Interrupted(Exception):
    pass


def test_who_stops_listening_leaves_no_session_behind(world: World) -> None:
    world.scripts = {"node-0": answering()}
    with world.asking(*nodes(6)) as endings:
        next(endings)
    assert len(world.began) == 6
    assert (world.terminated, world.left) == (world.began[1:], set())


def test_who_fails_while_listening_leaves_no_session_behind(world: World) -> None:
    world.scripts = {"node-0": answering()}

    def fail_at_the_first() -> None:
        with world.asking(*nodes(6)) as endings:
            raise Interrupted(next(endings))

    with pytest.raises(Interrupted):
        fail_at_the_first()
    assert (len(world.terminated), world.left) == (5, set())


def test_a_pace_that_cannot_be_had_ends_all_and_leaves_nothing_behind(world: World, dynamodb: "DynamoDBClient") -> None:
    world.each_wait = lambda: len(world.began) == 3 and dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(AwsRefused, match="dynamodb:UpdateItem"):
        world.ask(*nodes(6))
    assert (sorted(world.terminated), len(world.began)) == (sorted(world.began), 3)


def test_a_session_that_the_service_has_closed_is_left_in_peace_also_in_a_hurry(world: World) -> None:
    world.scripts = {"node-0": at(0.2, closed()), "node-1": answering(seconds=0.5)}
    with world.asking(*nodes(2)) as endings:
        next(endings)
    assert (world.closed, world.left) == ({*world.began}, set())
    assert world.terminated == []


def test_a_termination_that_fails_is_logged_and_stops_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.refused_terminations = [500] * 4  # each is tried twice
    world.scripts = {"node-3": answering()}
    with world.asking(*nodes(4)) as endings:
        next(endings)
    first, second, third, _ = world.began
    assert world.terminated == [first, first, second, second, third]
    assert [record.getMessage() for record in caplog.records] == ["session not terminated"] * 2
    assert TOKEN not in caplog.text
