"""Faults at the door: what a caller may see when AWS, or the way there, has a bad minute."""

import threading
from dataclasses import dataclass, field

from simulator.operations import Call


@dataclass
class Fault:
    """What happens to some calls of one operation, "sagemaker:CreateCluster".

    With a `code` the call is answered with that error and not applied; without one it is applied and its reply lost.
    """

    name: str
    code: str = ""
    status: int = 400
    nth: int = 0  # which of the calls, counted from 1; 0: every one
    caller: str = ""  # only calls of this function; "": anybody's
    seen: int = field(default=0, init=False)

    def hits(self, call: Call) -> bool:
        if call.name != self.name or (self.caller and call.caller != self.caller):
            return False
        self.seen += 1
        return self.nth in (0, self.seen)


class Faults:
    """The plan of faults in force."""

    def __init__(self) -> None:
        self._plan: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._plan.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._plan.clear()

    def for_call(self, call: Call) -> Fault | None:
        """The first fault that hits this call; every fault of the plan has counted it."""
        with self._lock:
            return next(iter([fault for fault in self._plan if fault.hits(call)]), None)
