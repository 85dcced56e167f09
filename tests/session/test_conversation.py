"""A session as its client lives it: in order and out of it, cut off, refused, flooded."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.session import conversation as limits
from control_plane.session.conversation import GAP, NOT_OURS, NOTHING_SAID, Conversation
from control_plane.session.frame import Message, MessageType, PayloadType, read, written
from control_plane.session.handshake import MOST, NO_KMS, TOO_MANY
from control_plane.session.order import LONGEST_JSON, fields_of
from control_plane.session.outcome import End
from tests.session.agent import (
    ASKED,
    COMMANDS,
    COMPLETE,
    EXITED,
    HOUR,
    KMS,
    NOON,
    TOKEN,
    closed,
    conversation,
    frames,
    request,
    service,
    stream,
    told,
)

OUT, ERR, CODE = PayloadType.OUTPUT, PayloadType.STDERR, PayloadType.EXIT_CODE
SAID = [(OUT, b"caf\xc3"), (ERR, b"hm\n"), (OUT, b"\xa9\n")]
WHOLE = frames(ASKED, COMPLETE, *SAID, EXITED)


def ended(talk: Conversation) -> tuple[str, str]:
    assert talk.outcome is not None
    return talk.outcome.end.value, talk.outcome.reason


def running() -> Conversation:
    talk = conversation()
    told(talk, frames(ASKED, COMPLETE))
    return talk


def acknowledged(sent: list[Message]) -> list[object]:
    answers = [fields_of(each.payload) for each in sent if each.type == MessageType.ACKNOWLEDGE]
    return [answer["AcknowledgedMessageSequenceNumber"] for answer in answers]


def test_it_opens_with_the_token_as_text() -> None:
    opening = json.loads(conversation().opening)
    assert (opening["TokenValue"], opening["MessageSchemaVersion"], opening["ClientVersion"]) == (
        TOKEN,
        "1.0",
        "1.2.764.0",
    )
    assert opening["RequestId"] != opening["ClientId"]


def test_a_command_that_ends_leaves_its_output_as_bytes_and_its_exit_code() -> None:
    talk = conversation()
    sent = told(talk, [*WHOLE, closed()])
    talk.wait(NOON + limits.FLUSH)

    assert ended(talk) == ("Completed", "")
    assert talk.outcome is not None
    assert (talk.outcome.stdout, talk.outcome.stderr, talk.outcome.exit_code) == ("café\n".encode(), b"hm\n", 0)
    assert talk.outcome.closed
    assert [each.type for each in sent] == ["acknowledge", "input_stream_data", *["acknowledge"] * 5]
    assert acknowledged(sent) == [0, 1, 2, 3, 4, 5]


@given(data=st.data())
def test_any_order_and_any_repeats_come_to_the_same(data: st.DataObject) -> None:
    repeats = data.draw(st.lists(st.sampled_from(WHOLE), max_size=12))
    sent = told(talk := conversation(), data.draw(st.permutations([*WHOLE, *repeats])))
    told(talk, [closed()])
    talk.lose("end of stream")

    assert ended(talk) == ("Completed", "")
    assert talk.outcome is not None
    assert (talk.outcome.stdout, talk.outcome.stderr) == ("café\n".encode(), b"hm\n")
    assert len(acknowledged(sent)) == len(WHOLE) + len(repeats)
    assert [each.type for each in sent].count("input_stream_data") == 1


@given(output=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)))
def test_where_output_is_cut_makes_no_difference(output: bytes, cuts: list[int]) -> None:
    parts = [output[start:end] for start, end in pairwise(sorted([0, *cuts, len(output)])) if output[start:end]]
    told(talk := conversation(), frames(ASKED, COMPLETE, *[(OUT, part) for part in parts], EXITED))
    told(talk, [closed()])
    talk.lose("end of stream")

    assert talk.outcome is not None
    assert talk.outcome.stdout == output


@given(frames_=st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(WHOLE), st.just(closed())), max_size=60))
def test_garbage_neither_hangs_nor_breaks_it(frames_: list[bytes]) -> None:
    talk, at = conversation(), NOON
    for frame in frames_:
        talk.receive(frame, at)
        at += 1.0
    while talk.outcome is None:
        assert talk.due < NOON + 2 * HOUR
        at = max(at + 0.1, talk.due)
        talk.wait(at)


def test_messages_that_came_early_wait_and_are_acknowledged_at_once() -> None:
    talk = running()
    sent = told(talk, [stream(number, OUT, b"%d" % number) for number in (3, 5, 2, 4)])
    told(talk, [stream(6, *EXITED), closed()])
    talk.lose("end of stream")
    assert acknowledged(sent) == [3, 5, 2, 4]
    assert talk.outcome is not None
    assert talk.outcome.stdout == b"2345"


# ---------------------------------------------------------------- the handshake


def test_the_handshake_is_answered_once_however_often_it_is_asked() -> None:
    talk = conversation()
    sent = told(talk, [*frames(ASKED), *frames(ASKED), stream(1, *ASKED)])
    answers = [each for each in sent if each.type == MessageType.INPUT]
    assert [(each.sequence, each.payload_type) for each in answers] == [(0, PayloadType.HANDSHAKE_RESPONSE)]
    assert answers[0].payload == (
        b'{"ClientVersion":"1.2.764.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,'
        b'"ActionResult":null,"Error":""}],"Errors":null}'
    )


def test_an_answer_that_is_not_acknowledged_is_sent_again_byte_for_byte_and_ever_more_seldom() -> None:
    talk = conversation()
    (answer,) = [each for each in told(talk, frames(ASKED)) if each.type == MessageType.INPUT]
    times = []
    while talk.outcome is None:
        at = talk.due
        times += [at - NOON for frame in talk.wait(at) if frame == written(answer)]
    assert [round(time, 1) for time in times[:5]] == [0.2, 0.6, 1.4, 2.4, 3.4]
    assert len(times) == 16
    assert ended(talk) == ("Unknown", "Waited for the end of the handshake, and it did not come.")


def test_an_answer_that_is_acknowledged_is_not_sent_again() -> None:
    talk = conversation()
    told(talk, frames(ASKED))
    told(talk, [service(MessageType.ACKNOWLEDGE, b'{"AcknowledgedMessageSequenceNumber":0}')])
    assert talk.wait(NOON + 10) == []
    assert talk.due == NOON + limits.COMPLETE


def test_while_the_other_end_is_away_nothing_is_sent_again() -> None:
    talk = conversation()
    told(talk, [*frames(ASKED), service(MessageType.PAUSE_PUBLICATION)])
    assert talk.wait(NOON + 5) == []
    told(talk, [service(MessageType.START_PUBLICATION)])
    assert len(talk.wait(NOON + 5)) == 1


def test_an_agent_that_never_asks_is_waited_for_45_seconds() -> None:
    talk = conversation()
    assert talk.due == NOON + 45
    talk.wait(talk.due)
    assert ended(talk) == ("Unknown", "Waited for the agent's handshake, and it did not come.")


@pytest.mark.parametrize(
    ("action", "status", "text"),
    [
        pytest.param(KMS, 3, NO_KMS, id="encryption"),
        pytest.param(("SessionType", {"SessionType": "Port"}), 2, "not 'Port'", id="another type of session"),
        pytest.param(("SessionType", None), 2, "not 'None'", id="no type of session"),
        pytest.param(("Dance", {}), 3, "cannot do 'Dance'", id="something new"),
    ],
)
def test_what_we_cannot_do_is_refused_with_what_to_change(action: tuple[str, object], status: int, text: str) -> None:
    talk = conversation()
    sent = told(talk, frames((PayloadType.HANDSHAKE_REQUEST, request(COMMANDS, action))))
    (answer,) = [json.loads(each.payload) for each in sent if each.type == MessageType.INPUT]
    (yes, no) = answer["ProcessedClientActions"]
    assert (yes["ActionStatus"], no["ActionStatus"], no["ActionType"]) == (1, status, action[0])
    assert text in no["Error"]
    assert ended(talk) == ("Failed", no["Error"])


@pytest.mark.parametrize("payload", [SAID[0], SAID[1], EXITED], ids=["stdout", "stderr", "exit code"])
@pytest.mark.parametrize("before", [[], [ASKED]], ids=["before the handshake", "before its end"])
def test_output_without_a_whole_handshake_is_another_kind_of_document(
    before: list[tuple[int, bytes]], payload: tuple[int, bytes]
) -> None:
    told(talk := conversation(), frames(*before, payload))
    assert ended(talk) == ("Failed", NOT_OURS)


def test_a_request_without_an_end_is_refused_and_answered_in_part() -> None:
    talk = conversation()
    sent = told(talk, frames((PayloadType.HANDSHAKE_REQUEST, request(*[COMMANDS] * (MOST + 1)))))
    (answer,) = [json.loads(each.payload) for each in sent if each.type == MessageType.INPUT]
    assert len(answer["ProcessedClientActions"]) == MOST
    assert ended(talk) == ("Failed", TOO_MANY)


def test_an_agent_that_encrypts_all_the_same_is_hung_up_on() -> None:
    told(talk := conversation(), frames(ASKED, (PayloadType.ENCRYPTION_CHALLENGE, b'{"Challenge":"AAAA"}')))
    assert ended(talk)[0] == End.FAILED


# ---------------------------------------------------------------- ends


@pytest.mark.parametrize(
    ("payloads", "said", "end", "reason"),
    [
        pytest.param([], "\n---ERROR---\nno such plugin", "Failed", "---ERROR---\nno such plugin", id="told why"),
        pytest.param([(ERR, b"no such user\n")], "", "Failed", "no such user", id="told on stderr"),
        pytest.param([(ERR, b"b")], "a", "Failed", "a\nb", id="told twice"),
        pytest.param([], "", "Unknown", NOTHING_SAID, id="told nothing"),
        pytest.param([(OUT, b"half")], "", "Unknown", NOTHING_SAID, id="cut off"),
        pytest.param([(OUT, b"half"), EXITED], "", "Completed", "", id="done"),
        pytest.param([(CODE, b"EXIT_CODE: 1"), (ERR, b"exec: not found")], "", "Completed", "", id="could not start"),
        pytest.param([(CODE, b"EXIT_CODE: -1")], "", "Completed", "", id="killed"),
        pytest.param([(CODE, b"EXIT_CODE: 0\n")], "", "Unknown", r"b'EXIT_CODE: 0\n' is no exit code.", id="odd code"),
    ],
)  # fmt: skip
def test_a_closed_channel_ends_it(payloads: list[tuple[int, bytes]], said: str, end: str, reason: str) -> None:
    told(talk := conversation(), [*frames(ASKED, COMPLETE, *payloads), closed(said)])
    assert talk.outcome is not None or talk.due <= NOON + limits.FLUSH
    talk.wait(NOON + limits.FLUSH)
    assert ended(talk) == (end, reason)


def test_json_of_a_length_that_nobody_writes_is_not_read() -> None:
    told(talk := running(), [closed("x" * LONGEST_JSON)])
    talk.wait(NOON + limits.FLUSH)
    assert ended(talk) == ("Unknown", NOTHING_SAID)


def test_a_closed_channel_leaves_time_for_what_it_overtook() -> None:
    talk = running()
    told(talk, [closed()])
    told(talk, [stream(2, OUT, b"late"), stream(3, *EXITED)], NOON + 1)
    talk.wait(NOON + 1.9)
    assert talk.outcome is None
    talk.wait(NOON + 2)
    assert talk.outcome is not None
    assert (talk.outcome.end, talk.outcome.stdout) == (End.COMPLETED, b"late")


def test_after_the_exit_code_five_seconds_of_silence_are_the_end_too() -> None:
    told(talk := conversation(), WHOLE)
    talk.wait(NOON + 4.9)
    assert talk.outcome is None
    talk.wait(NOON + 5)
    assert ended(talk) == ("Completed", "")
    assert talk.outcome is not None
    assert not talk.outcome.closed  # so somebody has to terminate it


def test_what_is_missing_makes_the_outcome_unknown_whatever_the_exit_code() -> None:
    told(talk := conversation(), [*WHOLE, stream(7, OUT, b"after a gap"), closed()])
    talk.wait(NOON + 5)
    assert ended(talk) == ("Unknown", GAP)


@pytest.mark.parametrize("come", range(len(WHOLE) + 1))
def test_a_lost_connection_is_unknown_at_every_point(come: int) -> None:
    told(talk := conversation(), WHOLE[:come])
    talk.lose("end of stream")
    assert ended(talk)[0] == End.UNKNOWN


@pytest.mark.parametrize("come", range(len(WHOLE) + 1))
def test_the_deadline_ends_it_at_every_point(come: int) -> None:
    talk = conversation(deadline=NOON + 1)
    told(talk, WHOLE[:come])
    talk.wait(NOON + 1)
    assert ended(talk)[0] == End.TIMED_OUT


def test_a_flood_is_acknowledged_cut_and_ended() -> None:
    talk, number = running(), 1
    while talk.outcome is None:
        number += 1
        assert len(told(talk, [stream(number, OUT, b"x" * 1024)])) == 1
    assert ended(talk) == ("Failed", "The command said 262144 bytes and more.")
    assert len(talk.outcome.stdout) == limits.STDOUT


def test_early_messages_are_kept_up_to_half_a_megabyte_and_then_neither_kept_nor_acknowledged() -> None:
    talk = running()
    kept = sum(len(told(talk, [stream(number, OUT, b"x" * 1024)])) for number in range(3, 2000))
    assert kept == (1 << 19) // (1024 + 512)


def test_twenty_frames_that_are_no_messages_are_enough() -> None:
    talk = conversation()
    for _ in range(limits.CORRUPT - 1):
        assert talk.receive(b"garbage", NOON) == []
    assert talk.outcome is None
    talk.receive(b"garbage", NOON)
    assert ended(talk) == ("Unknown", "20 frames were no messages. 7 bytes hold no header.")


def test_what_is_unknown_is_acknowledged_and_has_no_effect() -> None:
    talk = running()
    assert len(told(talk, [stream(2, 4711, b"news"), stream(3, PayloadType.HANDSHAKE_COMPLETE, b"{}")])) == 2
    assert told(talk, [service("agent_session_state", b"{}"), service("acknowledge", b"[" * 5000)]) == []
    assert talk.outcome is None


def test_after_its_end_nothing_is_sent() -> None:
    talk = running()
    talk.lose("end of stream")
    assert (told(talk, WHOLE), talk.wait(NOON + HOUR)) == ([], [])
    assert read(WHOLE[0]).sequence == 0
