"""Which sandbox runs what just now, told apart as AWS tells callers apart: by the session token of its credentials."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from simulator.clock import Clock


@dataclass
class Invocation:
    pid: int
    work: int | None  # as the clock knows it
    deadline: datetime
    overran: bool = False


class Sandboxes:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[str, Invocation] = {}

    @contextmanager
    def running(self, token: str, invocation: Invocation) -> Iterator[None]:
        self._running[token] = invocation
        try:
            yield
        finally:
            del self._running[token]

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
        left = (invocation.deadline - self._clock.now()).total_seconds()
        invocation.overran = seconds >= left
        self._clock.sleep_for(invocation.work, min(seconds, left))
        if not invocation.overran:
            _signal(invocation, signal.SIGUSR1)  # it then asks what time it is
        return not invocation.overran


def _signal(invocation: Invocation, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(invocation.pid, number)
