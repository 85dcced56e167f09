"""The faults in force: which of them hits, and how often each kind has."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import TypeVar

from simulator.faults.kinds import (
    AnyFault,
    CallFault,
    EventFault,
    ExecutionFault,
    FunctionFault,
    SessionFault,
    SlackFault,
)
from simulator.operations import Call
from simulator.responses import Response

F = TypeVar("F", CallFault, FunctionFault, EventFault, ExecutionFault, SlackFault, SessionFault)


@dataclass
class _Armed:
    """A fault in force, and how many of what it may hit have come by."""

    fault: AnyFault
    seed: str
    seen: int = 0
    hits: int = 0

    def strikes(self) -> bool:
        self.seen += 1
        if self.fault.nth and not self.fault.nth <= self.seen < self.fault.nth + self.fault.times:
            return False
        # Drawn by the count, not by who comes first: threads change nothing.
        drawn = Random(f"{self.seed}/{self.seen}").random()  # noqa: S311 # nosec B311 # drawn to be drawn again
        return drawn < self.fault.probability


class Faults:
    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._injected: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.plane_is_dead = False
        self.history: dict[object, list[Response]] = {}  # the latest different answers to a question, for stale reads

    def add(self, *faults: AnyFault, seed: int | str = 0) -> None:
        """Put faults in force, beside those that are; the same seed draws the same."""
        with self._lock:
            self._armed += [_Armed(fault, f"{seed}/{number}") for number, fault in enumerate(faults)]

    def clear(self) -> None:
        """End all faults; a plane that was killed comes back."""
        with self._lock:
            self._armed.clear()
            self._injected.clear()
            self.history.clear()
            self.plane_is_dead = False

    def injected(self) -> Counter[str]:
        """How many faults of each kind have hit since the last `clear`."""
        with self._lock:
            return +self._injected

    def in_force(self) -> list[tuple[AnyFault, int]]:
        """Each fault, and how often it has hit."""
        with self._lock:
            return [(armed.fault, armed.hits) for armed in self._armed]

    def met(self) -> int:
        """How many of the faults in force have hit."""
        return sum(hits > 0 for _, hits in self.in_force())

    def take_back(self, fault: AnyFault) -> None:
        """It has hit, and nothing could come of it."""
        with self._lock:
            self._injected[fault.name] -= 1
            for armed in self._armed:
                armed.hits -= armed.fault is fault

    def for_call(self, call: Call) -> CallFault | None:
        return self._hit(CallFault, lambda fault: fault.concerns(call))

    def for_function(self, name: str) -> FunctionFault | None:
        return self._hit(FunctionFault, lambda fault: fault.function == name)

    def for_event(self, detail_type: str) -> EventFault | None:
        return self._hit(EventFault, lambda fault: fault.detail_type == detail_type)

    def for_state(self, name: str) -> ExecutionFault | None:
        return self._hit(ExecutionFault, lambda fault: fault.state == name)

    def for_post(self) -> SlackFault | None:
        return self._hit(SlackFault, lambda _: True)

    def for_session(self, target: str) -> SessionFault | None:
        return self._hit(SessionFault, lambda fault: fnmatchcase(target, fault.target))

    def _hit(self, kind: type[F], matches: Callable[[F], bool]) -> F | None:
        """The first fault that hits; every one that matches has counted what came by."""
        if not self._armed:
            return None
        with self._lock:
            striking = [
                (armed, armed.fault)
                for armed in self._armed
                if isinstance(armed.fault, kind) and matches(armed.fault) and armed.strikes()
            ]
            if not striking:
                return None
            armed, fault = striking[0]
            armed.hits += 1
            self._injected[fault.name] += 1
            return fault
