"""How a session ended. What is not known is told as that: output that is missing must never pass for an answer."""

from enum import StrEnum
from typing import NamedTuple


class End(StrEnum):
    COMPLETED = "Completed"  # the command's own end, with its exit code; whether it said all is for its trailer to show
    FAILED = "Failed"  # somebody said why not
    UNKNOWN = "Unknown"  # lost, cut off or silent
    TIMED_OUT = "TimedOut"


class Outcome(NamedTuple):
    end: End
    reason: str
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    closed: bool  # the service has ended the session; if not, somebody has to call TerminateSession
