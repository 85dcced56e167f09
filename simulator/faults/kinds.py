"""The vocabulary of faults. `nth` counts what matches from when the fault is put in force; 0: every one.

With `times` the ones after the nth are hit too, so many in all.
"""

from dataclasses import dataclass
from enum import StrEnum


class CallKind(StrEnum):
    REFUSE = "Refuse"  # with `code`, `status` and `message`; not applied
    THROTTLE = "Throttle"  # in the service's own words; not applied
    SERVER_ERROR = "ServerError"  # 500; not applied
    ACCESS_DENIED = "AccessDenied"  # not applied
    DELAY = "Delay"  # answered `seconds` later, in virtual time
    RESET = "Reset"  # the connection ends before the call is applied
    CUT = "Cut"  # applied, and the reply is lost
    STALE = "Stale"  # a read is answered as it was `states_ago` different answers ago
    PARTIAL = "Partial"  # PutEvents answers 200, and its first entry was not put
    KILL_BEFORE = "KillBefore"  # the function that calls dies, and the call is not applied
    KILL_AFTER = "KillAfter"  # it dies, and the call is applied
    NEVER_BACK = "NeverBack"  # it dies before the call, and with it every function, until `Faults.clear`


class FunctionKind(StrEnum):
    KILL_AT_START = "KillAtStart"  # before its first call
    KILL_AT_END = "KillAtEnd"  # after its last one, its answer lost
    OUT_OF_MEMORY = "OutOfMemory"  # as Lambda says it: the process was killed
    OVERTIME = "Overtime"  # it did all it had to, and hangs until its time is over
    THROTTLED = "Throttled"  # Lambda has no room for it


class EventKind(StrEnum):
    DUPLICATE = "Duplicate"  # delivered twice
    REORDER = "Reorder"  # delivered after the next one, or after `seconds` if none comes
    LATE = "Late"  # delivered after `seconds`
    LOSE = "Lose"  # on the bus, and never delivered


class ExecutionKind(StrEnum):
    STOP = "Stop"  # somebody stops it as it enters the state
    TIME_OUT = "TimeOut"  # it runs into the state machine's own limit there


@dataclass(frozen=True, kw_only=True)
class Fault:
    nth: int = 1
    times: int = 1
    probability: float = 1.0  # of those that match; drawn by the plan's seed

    @property
    def name(self) -> str:
        """The kind, as it is counted."""
        return str(getattr(self, "kind", ""))


@dataclass(frozen=True)
class CallFault(Fault):
    call: str  # "sagemaker:CreateCluster"; "sagemaker:*" and "*" match more
    kind: CallKind
    caller: str = ""  # a function's name; "": anybody
    seconds: float = 30.0
    states_ago: int = 1
    code: str = ""
    status: int = 400
    message: str = "Injected by the simulator."


@dataclass(frozen=True)
class FunctionFault(Fault):
    function: str
    kind: FunctionKind


@dataclass(frozen=True)
class EventFault(Fault):
    detail_type: str
    kind: EventKind
    seconds: float = 90.0


@dataclass(frozen=True)
class ExecutionFault(Fault):
    state: str
    kind: ExecutionKind


@dataclass(frozen=True)
class SlackFault(Fault):
    """Slack answers a post with `status`, and does not take it; 0: it takes it, and its answer is lost."""

    status: int
    retry_after: int = 0  # seconds, in a header

    @property
    def name(self) -> str:
        return f"Slack {self.status or 'Cut'}"


AnyFault = CallFault | FunctionFault | EventFault | ExecutionFault | SlackFault
