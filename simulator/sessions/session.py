"""A session as the API knows it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(eq=False)
class Session:
    id: str
    target: str
    document: str
    caller: str  # the access key that started it
    sandbox: str  # the session token of the function's sandbox that did; "": somebody outside
    token: str  # TokenValue
    reason: str
    started: datetime
    status: str = "Connecting"
    ended: datetime | None = None
    was_opened: bool = False
    abandoned: bool = False  # when it ended its client had gone, or never come, and had not called TerminateSession

    def end(self, now: datetime) -> None:
        self.status, self.ended = "Terminated", self.ended or now
