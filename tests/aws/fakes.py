"""Stand-ins for what moto cannot do in-process; as small as honesty allows."""

from dataclasses import dataclass, field
from typing import Any

from control_plane.domain.messages.announcements import Announcement
from control_plane.errors import AwsUnavailable


@dataclass
class StateMachine:
    """Executions by name, with their status; what is started runs until it is told otherwise."""

    executions: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    down_for: str = ""

    def arn_of(self, name: str) -> str:
        return f"arn:aws:states:ap-northeast-1:123456789012:execution:provision:{name}"

    def status(self, name: str) -> str | None:
        self._check(name)
        return self.executions.get(name)

    def _check(self, name: str) -> None:
        if self.down_for and name.startswith(self.down_for):
            raise AwsUnavailable("states:Any", "Throttling", "Rate exceeded")

    def start(self, name: str, payload: dict[str, Any]) -> None:
        self._check(name)
        self.inputs[name] = payload
        self.executions.setdefault(name, "RUNNING")

    def stop(self, name: str, error: str, cause: str) -> None:
        self.executions[name] = "ABORTED"


@dataclass
class SilentBus:
    sent: list[Announcement] = field(default_factory=list)
    down: bool = False

    def put(self, announcement: Announcement) -> None:
        if self.down:
            raise AwsUnavailable("events:PutEvents", "InternalFailure", "Try again")
        self.sent.append(announcement)
