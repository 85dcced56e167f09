"""Nodes behind a Session Manager on this machine, and a time that moves only where somebody waits."""

import select
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from websockets.frames import Opcode

from control_plane.aws.pace import INTERVAL, Pace
from control_plane.aws.sessions import Sessions
from control_plane.aws.switchboard import Budget, Ending, Question, Switchboard
from control_plane.errors import CallFailed
from control_plane.session.frame import MessageType, PayloadType
from control_plane.session.outcome import Outcome
from tests.aws.gateway_on_loopback import Peer, api, gateway
from tests.session.agent import ASKED, COMPLETE, EXITED, NOON, TOKEN, closed, frames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REALLY = select.select
GAP = INTERVAL / 1000
OUT, ERR = PayloadType.OUTPUT, PayloadType.STDERR
HANG_UP = b""
RAW = b"raw:"  # what follows goes into the connection as it is
ASKED_FRAME, COMPLETE_FRAME, EXIT = frames(ASKED, COMPLETE, EXITED)
CLOSED = MessageType.CHANNEL_CLOSED.encode()

Script = Sequence[tuple[float, bytes]]  # seconds after the channel is opened, and what the agent sends then


def at(seconds: float, *said: bytes) -> list[tuple[float, bytes]]:
    return [(seconds, each) for each in said]


def answering(text: bytes = b"seen", *, seconds: float = 4.0) -> Script:
    first, second, out, code = frames(ASKED, COMPLETE, (OUT, text), EXITED)
    return [*at(0.5, first, second), *at(seconds, out, code, closed(), HANG_UP)]


@dataclass
class Line:
    """The service's end of a session: who it is with, since when, and what the agent has still to say."""

    peer: Peer
    since: float
    script: list[tuple[float, bytes]]


class World:
    """Nodes behind a Session Manager, and a time that moves where somebody waits for it, and only there."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self.now = NOON
        self.scripts: dict[str, Script] = {}  # by node; the agent of one that has none says nothing
        self.refusals: dict[str, list[str]] = {}  # of StartSession, by node, one after the other
        self.refused_terminations: list[int] = []  # HTTP status of each, the first ones first
        self.starts: list[tuple[float, str]] = []  # when, and the node
        self.began: list[str] = []  # ids of sessions
        self.closed: set[str] = set()  # those that the service has closed itself
        self.terminated: list[str] = []
        self.heard: dict[Opcode, list[bytes]] = defaultdict(list)
        self.most_open = 0
        self.each_wait: Callable[[], object] = lambda: None
        self._lines: list[Line] = []
        self._dynamodb, self._table = dynamodb, table

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any] | tuple[int, str]:
        if operation == "TerminateSession":
            self.terminated.append(asked["SessionId"])
            status = self.refused_terminations.pop(0) if self.refused_terminations else 200
            return {"SessionId": asked["SessionId"]} if status == 200 else (status, "InternalServerError")
        node = asked["Target"]
        self.starts.append((self.now, node))
        if refusals := self.refusals.get(node):
            return 400, refusals.pop(0)
        self.began.append(f"{node}.{len(self.began)}")
        return {"SessionId": self.began[-1], "StreamUrl": self.channels.url(self.began[-1]), "TokenValue": TOKEN}

    @contextmanager
    def up(self) -> Iterator[None]:
        with api(self.answer) as self.calls, gateway() as self.channels:
            once = Config(retries={"total_max_attempts": 1})
            ssm = boto3.client("ssm", endpoint_url=self.calls.url, config=once)
            sessions = Sessions(ssm, Credentials("AKIATESTING", "made-up"), "NodeProbe", now=lambda: self.now)
            self.board = Switchboard(sessions, Pace(self._dynamodb, self._table), now=lambda: self.now)
            yield

    def select(self, reading: Sequence[Any], _: object, __: object, seconds: float) -> tuple[list[Any], ...]:
        """What is there to read; if nothing is, time moves on to the next word of an agent's, or by these seconds."""
        self.each_wait()
        self._meet()
        self.most_open = max(self.most_open, len(reading))
        ready = REALLY(reading, [], [], 0)
        if ready[0]:
            return ready
        self.now += min([seconds, *(max(0.0, self._next_word(line)) for line in self._lines if line.script)])
        saying = [line for line in self._lines if line.script and self._next_word(line) <= 1e-6]
        for line in saying:
            self._say(line)
        return REALLY(reading, [], [], 1.0 if saying else 0)

    def _meet(self) -> None:
        """Take new channels in, let go of those that are hung up, and hear what was said on the others."""
        while not self.channels.channels.empty():
            peer = self.channels.peer()
            script = self.scripts.get(peer.session_id.partition(".")[0], ())
            self._lines.append(Line(peer, self.now, [*script]))
        for line in [*self._lines]:
            for each in line.peer.heard(0):
                self.heard[each.opcode].append(bytes(each.data))
                if each.opcode is Opcode.CLOSE:
                    self._lines.remove(line)

    def _next_word(self, line: Line) -> float:
        return line.since + line.script[0][0] - self.now

    def _say(self, line: Line) -> None:
        _, word = line.script.pop(0)
        if word == HANG_UP:
            self._lines.remove(line)
            line.peer.hang_up()
        elif word.startswith(RAW):
            line.peer.send_raw(word.removeprefix(RAW))
        else:
            line.peer.send(word)
            if CLOSED in word:
                self.closed.add(line.peer.session_id)

    @property
    def left(self) -> set[str]:
        """The sessions that nobody has ended."""
        return {*self.began} - self.closed - {*self.terminated}

    def ask(self, *nodes: str, **budget: float) -> dict[str, Outcome | CallFailed]:
        with self.asking(*nodes, **budget) as endings:
            return dict(endings)

    def asking(self, *nodes: str, **budget: float) -> AbstractContextManager[Iterator[Ending]]:
        terms = {"channels": 40, "last_start": NOON + 600, "seconds": 120.0} | budget
        return self.board.asking([Question(node, node, {}) for node in nodes], "run-1", Budget(**terms))  # type: ignore[arg-type]  # one of them is an int


def nodes(count: int) -> list[str]:
    return [f"node-{number}" for number in range(count)]
