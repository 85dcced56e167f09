"""Which sandbox runs what just now, told apart as AWS tells callers apart: by the session token of its credentials."""

import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from simulator.clock import Clock

TICKS = 1_000_000  # of the clock, a second


class Ears(Protocol):
    """What speaks to functions, as they see it. Before time goes on, it has to read all that they have sent to it."""

    def pump(self) -> None: ...

    def listen(self, sandbox: str, seconds: float) -> bool:
        """Wait until something is sent to the sandbox with this token, for so many virtual seconds at most.

        Returns:
            Whether something was.
        """


@dataclass
class Invocation:
    pid: int
    work: int | None  # as the clock knows it
    deadline: datetime
    overran: bool = False


class Sandboxes:
    def __init__(self, clock: Clock, ears: Ears) -> None:
        self._clock, self._ears = clock, ears
        self._running: dict[str, Invocation] = {}

    @contextmanager
    def running(self, token: str, invocation: Invocation) -> Iterator[None]:
        self._running[token] = invocation
        try:
            yield
        finally:
            del self._running[token]

    def pump(self) -> None:
        self._ears.pump()

    def let_go(self, token: str, asked: dict[str, float]) -> bool:
        """Let time go on for a sandbox that wants to ``sleep`` or to ``listen``; whether it has heard something.

        Raises:
            TimeoutError: its own time is over by then.
        """
        deadline = self._running[token].deadline
        left = (deadline - self._clock.now()).total_seconds()
        [(how, seconds)] = asked.items()
        seconds = left if seconds >= left else min(left, _whole_ticks(seconds))
        if how == "listen":
            heard = self._ears.listen(token, seconds)
        else:
            self._ears.pump()
            self._clock.sleep(seconds)
            heard = False
        if self._clock.now() >= deadline:
            raise TimeoutError
        return heard

    def kill(self, token: str) -> None:
        """Kill the sandbox with this token; nothing, if it runs nothing now, or is somebody's outside."""
        if invocation := self._running.get(token):
            _signal(invocation, signal.SIGKILL)

    def kill_all(self) -> None:
        for token in [*self._running]:
            self.kill(token)

    def wait(self, token: str, seconds: float) -> bool:
        """Let time pass for who waits at the door; false, if it is a function whose own time is over by then."""
        if (invocation := self._running.get(token)) is None:
            self._clock.sleep(seconds)
            return True
        self._ears.pump()
        left = (invocation.deadline - self._clock.now()).total_seconds()
        invocation.overran = seconds >= left
        self._clock.sleep_for(invocation.work, min(seconds, left))
        if not invocation.overran:
            _signal(invocation, signal.SIGUSR1)  # it then asks what time it is
        return not invocation.overran


def _whole_ticks(seconds: float) -> float:
    """Rounded up: who waits for less than a tick waits for one, or its time would stand still.

    >>> _whole_ticks(1.1), _whole_ticks(2e-7)
    (1.1, 1e-06)
    """
    return math.ceil(round(seconds * TICKS, 3)) / TICKS


def _signal(invocation: Invocation, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(invocation.pid, number)
