"""Nodes that say too much: nobody else waits for them, and they take no room."""

import tracemalloc

import pytest
from websockets.frames import Opcode

from control_plane.session.frame import LARGEST
from control_plane.session.order import LONGEST_JSON
from tests.aws.gateway_on_loopback import frame
from tests.aws.nodes_on_loopback import (
    ASKED_FRAME,
    COMPLETE_FRAME,
    ERR,
    GAP,
    OUT,
    RAW,
    World,
    answering,
    at,
    nodes,
)
from tests.session.agent import ASKED, closed, service, stream


def test_one_that_says_much_at_once_keeps_nobody_waiting(world: World) -> None:
    """Both end at the same moment, and before the first one's end stand a thousand repeats."""
    handshake, complete, *end = [word for _, word in answering()][:-1]
    at_the_end = b"".join(frame(Opcode.BINARY, word) for word in end) + frame(Opcode.CLOSE, b"\x03\xe8")
    repeats = frame(Opcode.BINARY, complete) * 1000
    world.scripts = {
        "node-0": [*at(0.5, handshake, complete), *at(3.0, RAW + repeats + at_the_end)],
        "node-1": [*at(0.1, handshake, complete), *at(3.0 - GAP, RAW + at_the_end)],
    }
    with world.asking(*nodes(2)) as endings:
        assert [key for key, _ in endings] == ["node-1", "node-0"]


def said(number: int, payload_type: int, payload: bytes) -> bytes:
    return frame(Opcode.BINARY, stream(number, payload_type, payload))


# As much of everything as is kept: output, complaints, and what has come before its turn.
KEPT = [
    *[said(number, OUT, b"x" * 1024) for number in range(2, 257)],
    *[said(number, ERR, b"x" * 1024) for number in range(257, 272)],
    *[said(number, OUT, b"x" * 1024) for number in range(300, 700)],
]


def nested(length: int) -> bytes:
    """JSON that takes thirty times its length."""
    return frame(Opcode.BINARY, service("acknowledge", b"[" + b"[[]]," * (length // 5 - 100) + b"0]"))


THINGS = b'{"RequestedClientActions":[' + b"{}," * (LONGEST_JSON // 3 - 20) + b"{}]}"
PIECES = 10_000  # two bytes each: nothing is dearer


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param([*KEPT, nested(LONGEST_JSON), nested(LARGEST)], id="all that is kept, and JSON"),
        pytest.param([*KEPT, frame(Opcode.BINARY, closed("w" * 15_000))], id="all that is kept, and last words"),
        pytest.param([said(2, ASKED[0], THINGS), said(0, ASKED[0], THINGS)], id="a request without an end"),
        pytest.param([said(300 + number, OUT, b"x") for number in range(2000)], id="crumbs before their turn"),
        pytest.param([frame(Opcode.PING) * PIECES], id="pings"),
        pytest.param([frame(Opcode.BINARY) * PIECES], id="nothing, many times"),
        pytest.param([frame(Opcode.TEXT, bytes(LARGEST))] * 4, id="text"),
        pytest.param(
            [frame(Opcode.BINARY, fin=False), frame(Opcode.CONT, fin=False) * PIECES], id="a message of empty pieces"
        ),
        pytest.param([frame(Opcode.BINARY, b"x" * 30_000, fin=False)] * 4, id="a message without an end"),
    ],
)
def test_whatever_is_sent_a_conversation_takes_less_than_2_mb(world: World, flood: list[bytes]) -> None:
    pieces = [b"".join(flood[start : start + 50]) for start in range(0, len(flood), 50)]
    handshake = [] if b"Requested" in flood[0] else at(0.5, ASKED_FRAME, COMPLETE_FRAME)
    world.scripts = {"node-0": [*handshake, *at(1.0, *[RAW + piece for piece in pieces])]}

    def measure() -> None:
        if world.began and not tracemalloc.is_tracing():
            tracemalloc.start()

    world.each_wait = measure
    try:
        world.ask("node-0", seconds=20.0)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
