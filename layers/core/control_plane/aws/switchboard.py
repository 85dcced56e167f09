"""Many conversations on one thread: each session is started at its moment, listened to, and ended whatever happens.

A session costs one StartSession, at its slot of the account's pace (one UpdateItem, or two), and one TerminateSession
unless the service has closed it. While a call is under way nobody listens: that is some tenths of a second, and the
agent keeps what it said until it is acknowledged, for two seconds even after its command has ended.
"""

import logging
import select
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

from control_plane.aws import pace as pace_room
from control_plane.aws import sessions as sessions_room
from control_plane.aws.data_channel import DataChannel
from control_plane.aws.pace import Pace
from control_plane.aws.sessions import Session, Sessions
from control_plane.errors import CallFailed
from control_plane.session.conversation import Conversation
from control_plane.session.outcome import Outcome

ACTIONS = pace_room.ACTIONS | sessions_room.ACTIONS

logger = logging.getLogger(__name__)

THROTTLED = "ThrottlingException"


class Question(NamedTuple):
    key: str  # what its ending is told under
    target: str
    parameters: Mapping[str, str]


class Budget(NamedTuple):
    """How much of everything; times are seconds since 1970."""

    channels: int  # open at once; 1 to some hundreds, for `select` takes file descriptors below 1,024
    last_start: float  # no session is started later
    seconds: float  # that a session may take in all


Ending = tuple[str, Outcome | CallFailed]  # a question's key; a failure, if there was no session or no channel


class Switchboard:
    def __init__(self, sessions: Sessions, pace: Pace, *, now: Callable[[], float]) -> None:
        self.throttles = 0  # times that AWS found our calls too many; each question was asked again
        self._sessions, self._pace, self._now = sessions, pace, now
        self._waiting: deque[Question] = deque()
        self._slot: float | None = None  # the moment that is reserved for the next start
        self._lines: list[_Line] = []

    @contextmanager
    def asking(self, questions: Iterable[Question], reason: str, budget: Budget) -> Iterator[Iterator[Ending]]:
        """Ask them, and say what came of each as it ends; nothing of those that there was no time to ask.

        Be quick between two of these: nobody listens to the others. However the block is left, no session stays.

        Args:
            reason: for CloudTrail; at most 256 characters.
        """
        self._waiting = deque(questions)
        try:
            yield self._endings(reason, budget)
        finally:
            self._hang_up()

    def _endings(self, reason: str, budget: Budget) -> Iterator[Ending]:
        while self._waiting or self._lines:
            if question := self._next(budget):
                failure = self._ask(question, reason, budget)
                if failure:
                    yield question.key, failure
            self._wait(budget)
            yield from self._ended()

    # ---------------------------------------------------------------- starting

    def _next(self, budget: Budget) -> Question | None:
        """The question whose moment has come; a slot is reserved for it when there is room."""
        if not self._has_room(budget):
            return None
        if self._slot is None and self._now() <= budget.last_start:
            self._slot = self._pace.reserve(self._now())
        if self._slot is None or max(self._slot, self._now()) > budget.last_start:
            self._waiting.clear()
        elif self._slot <= self._now():
            self._slot = None
            return self._waiting.popleft()
        return None

    def _has_room(self, budget: Budget) -> bool:
        return bool(self._waiting) and len(self._lines) < budget.channels

    def _ask(self, question: Question, reason: str, budget: Budget) -> CallFailed | None:
        """Start a session and open its channel at once: the agent does not wait long."""
        at = self._now()
        try:
            session = self._sessions.start(question.target, question.parameters, reason)
            talk = Conversation(session.token, at=at, deadline=at + budget.seconds, new_id=uuid4)
            self._put_through(question.key, session, talk)
        except CallFailed as failure:
            if failure.code != THROTTLED:
                return failure
            self.throttles += 1
            self._waiting.append(question)
        return None

    def _put_through(self, key: str, session: Session, talk: Conversation) -> None:
        with ExitStack() as otherwise:
            otherwise.callback(self._terminate, session.session_id)
            channel = self._sessions.open(session)
            channel.send(talk.opening)
            self._lines.append(_Line(key, session.session_id, channel, talk))
            otherwise.pop_all()

    # ---------------------------------------------------------------- listening

    def _wait(self, budget: Budget) -> None:
        """The one place where time passes: until somebody says something, or it is time to do something."""
        at = self._now()
        due = [line.due for line in self._lines]
        if self._has_room(budget):
            due.append(at if self._slot is None else self._slot)
        select.select([line.channel for line in self._lines], [], [], max(0.0, min(due, default=at) - at))

    def _ended(self) -> Iterator[Ending]:
        for line in [*self._lines]:
            if outcome := line.turn(self._now()):
                self._lines.remove(line)
                self._end(line)
                yield line.key, outcome

    # ---------------------------------------------------------------- ending

    def _end(self, line: "_Line") -> None:
        line.channel.close()
        if not line.talk.closed:
            self._terminate(line.session_id)

    def _hang_up(self) -> None:
        self._waiting.clear()
        self._slot = None
        with ExitStack() as each_of_them:
            while self._lines:
                each_of_them.callback(self._end, self._lines.pop())

    def _terminate(self, session_id: str) -> None:
        try:
            self._sessions.terminate(session_id)
        except CallFailed as failure:  # its command ends in time, and the session with it
            logger.warning("session not terminated", extra={"session_id": session_id, "error": str(failure)})


@dataclass(frozen=True)
class _Line:
    key: str
    session_id: str
    channel: DataChannel
    talk: Conversation

    @property
    def due(self) -> float:
        return min(self.channel.due, self.talk.due)

    def turn(self, at: float) -> Outcome | None:
        """Hear what has come, say what is due; the outcome, once there is one."""
        for frame in self.channel.receive(at):
            self._say(self.talk.receive(frame, at))
        self.channel.wait(at)
        if self.channel.lost:
            self.talk.lose(self.channel.lost)
        self._say(self.talk.wait(at))
        return self.talk.outcome

    def _say(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self.channel.send(frame)
