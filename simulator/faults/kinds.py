"""The vocabulary of faults. `nth` counts what matches from when the fault is put in force; 0: every one.

With `times` the ones after the nth are hit too, so many in all.
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from simulator.faults.names import check_call
from simulator.operations import Call

PUT_EVENTS = "events:PutEvents"
MOST_STATES_AGO = 3
A_DAY = 86_400
REFUSALS = range(400, 600)  # HTTP statuses


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


class SessionKind(StrEnum):
    NOT_CONNECTED = "NotConnected"  # StartSession says TargetNotConnected
    LATE_HANDSHAKE = "LateHandshake"  # the agent needs `seconds` until its first word
    KMS_ASKED = "KmsAsked"  # the agent wants to encrypt
    CLOSED_SILENTLY = "ClosedSilently"  # after the handshake, with no output and no exit code
    CHANNEL_LOST = "ChannelLost"  # the connection ends after the first piece of output
    OUTPUT_TRUNCATED = "OutputTruncated"  # by a pause: half a piece of output, the exit code, and no gap between
    WRONG_NONCE = "WrongNonce"  # the script is run with another value of the parameter Nonce
    EVERY_FRAME_TWICE = "EveryFrameTwice"
    FRAMES_REORDERED = "FramesReordered"  # what the agent says in one moment comes with the last word first


@dataclass(frozen=True, kw_only=True)
class Fault:
    nth: int = 1
    times: int = 1
    probability: float = 1.0  # of those that match; drawn by the plan's seed

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: it is no fault that could ever be; the message says why.
        """
        _hold(self.nth >= 0 and self.times >= 1, "Nth is 0 or more, Times 1 or more.")
        _hold(0 <= self.probability <= 1, "Probability is from 0 to 1.")

    @property
    def name(self) -> str:
        """The kind, as it is counted."""
        return str(getattr(self, "kind", ""))


@dataclass(frozen=True)
class CallFault(Fault):
    call: str  # "sagemaker:CreateCluster"; "sagemaker:*" and "*" match more, but for what AWS does by itself
    kind: CallKind
    caller: str = ""  # a function's name; "": anybody
    seconds: float = 30.0
    states_ago: int = 1
    code: str = ""
    status: int = 400
    message: str = "Injected by the simulator."

    def __post_init__(self) -> None:
        super().__post_init__()
        check_call(self.call)
        _hold(0 <= self.seconds <= A_DAY, "Seconds is from 0 to 86,400.")
        _hold(1 <= self.states_ago <= MOST_STATES_AGO, f"StatesAgo is from 1 to {MOST_STATES_AGO}.")
        _hold(self.status in REFUSALS, "Status is from 400 to 599.")
        _hold((self.kind is CallKind.REFUSE) == bool(self.code), "Code goes with the kind Refuse, and with no other.")
        _hold(self.kind is not CallKind.PARTIAL or self.call == PUT_EVENTS, f"Only {PUT_EVENTS} can be Partial.")

    def concerns(self, call: Call) -> bool:
        if self.caller not in ("", call.caller):
            return False
        if call.caller in AWS_ITSELF:
            return self.call == call.name and self.kind in HAPPEN_TO_AWS
        return fnmatchcase(call.name, self.call)


@dataclass(frozen=True)
class FunctionFault(Fault):
    function: str
    kind: FunctionKind


@dataclass(frozen=True)
class EventFault(Fault):
    detail_type: str
    kind: EventKind
    seconds: float = 90.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _hold(0 <= self.seconds <= A_DAY, "Seconds is from 0 to 86,400.")


@dataclass(frozen=True)
class ExecutionFault(Fault):
    state: str
    kind: ExecutionKind


@dataclass(frozen=True)
class SlackFault(Fault):
    """Slack answers a post with `status`, and does not take it; 0: it takes it, and its answer is lost."""

    status: int
    retry_after: int = 0  # seconds, in a header

    def __post_init__(self) -> None:
        super().__post_init__()
        _hold(self.status == 0 or self.status in REFUSALS, "Slack is 0, or a status from 400 to 599.")

    @property
    def name(self) -> str:
        return f"Slack {self.status or 'Cut'}"


@dataclass(frozen=True)
class SessionFault(Fault):
    target: str  # StartSession's, "sagemaker-cluster:<id>_<group>-<instance id>"; "*" stands for any letters
    kind: SessionKind
    seconds: float = 30.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _hold(0 <= self.seconds <= A_DAY, "Seconds is from 0 to 86,400.")


# Who calls in AWS's own name: to start a function, to bury an event, to deploy a stack.
AWS_ITSELF = frozenset({"cloudformation", "events", "lambda", "states"})
# What can happen to them: they are no functions, and they hold the clock while they wait.
HAPPEN_TO_AWS = frozenset(
    {CallKind.REFUSE, CallKind.THROTTLE, CallKind.SERVER_ERROR, CallKind.ACCESS_DENIED, CallKind.RESET, CallKind.CUT}
)


AnyFault = CallFault | FunctionFault | EventFault | ExecutionFault | SlackFault | SessionFault


def _hold(condition: bool, rule: str) -> None:  # noqa: FBT001 (it reads as a sentence)
    if not condition:
        raise ValueError(rule)
