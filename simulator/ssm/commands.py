"""Run Command: what was sent, to whom, and what came of it."""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from simulator.context import Context
from simulator.ssm.documents import Script
from simulator.ssm.shell import Outcome, run

Shape = dict[str, Any]

DELIVERY = timedelta(seconds=1)
ANSWER = timedelta(seconds=1)
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html, API_CommandPlugin.html
STDOUT_CHARACTERS, STDERR_CHARACTERS, PLUGIN_CHARACTERS = 24_000, 8_000, 2_500
TRUNCATED = "--output truncated--"


@dataclass
class Invocation:
    """One command on one instance."""

    instance_id: str
    sent: datetime
    status: str = "Pending"
    details: str = "Pending"
    outcomes: list[tuple[Script, Outcome]] = field(default_factory=list)
    started: datetime | None = None
    ended: datetime | None = None
    asked: bool = False

    def is_known(self, now: datetime) -> bool:
        """Just after SendCommand the first who asks is told that there is no such invocation."""
        early, self.asked = now < self.sent + DELIVERY and not self.asked, True
        return not early

    def end(self, status: str, details: str, now: datetime) -> None:
        self.status, self.details, self.ended = status, details, now

    @property
    def code(self) -> int:
        """The exit code AWS shows; -1 until there is one."""
        codes = [outcome.code for _, outcome in self.outcomes if outcome.code is not None]
        return next((code for code in codes if code), codes[-1]) if codes else -1

    def output(self, stream: Callable[[Outcome], str], limit: int) -> str:
        text = "".join(stream(outcome) for _, outcome in self.outcomes)
        return text if len(text) <= limit else text[: limit - len(TRUNCATED)] + TRUNCATED


@dataclass
class Command:
    document: str
    version: str
    comment: str
    parameters: Mapping[str, Sequence[str]]
    timeout_seconds: int
    scripts: list[Script]
    invocations: dict[str, Invocation]
    sent: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def status(self) -> str:
        """Its instances' common status, else the worst that stands."""
        found = {invocation.status for invocation in self.invocations.values()}
        return next(status for status in ("InProgress", "Pending", "TimedOut", "Failed", "Success") if status in found)


class Commands:
    """`environment` gives what a process needs to live on an instance; `online` who can be reached now."""

    def __init__(
        self,
        context: Context,
        environment: Callable[[str], Mapping[str, str]],
        online: Callable[[Collection[str]], set[str]],
    ) -> None:
        self._context, self._environment, self._online = context, environment, online
        self._lock = threading.Lock()
        self._sent: dict[str, Command] = {}

    def now(self) -> datetime:
        return self._context.clock.now()

    def send(self, command: Command) -> None:
        with self._lock:
            self._sent[command.id] = command
        for invocation in command.invocations.values():
            name = f"run command {command.id} on {invocation.instance_id}"
            self._context.clock.spawn(name, partial(self._carry_out, command, invocation))

    def all(self) -> list[Command]:
        with self._lock:
            return list(self._sent.values())

    def get(self, command_id: str) -> Command | None:
        with self._lock:
            return self._sent.get(command_id)

    def _carry_out(self, command: Command, invocation: Invocation) -> None:
        clock = self._context.clock
        clock.sleep(DELIVERY.total_seconds())
        if invocation.instance_id not in self._online([invocation.instance_id]):
            clock.sleep(command.timeout_seconds)
            invocation.end("TimedOut", "DeliveryTimedOut", clock.now())
            return
        invocation.status = invocation.details = "InProgress"
        invocation.started = clock.now()
        for script in command.scripts:
            if not self._run(script, invocation):
                clock.sleep(script.timeout_seconds)
                invocation.end("TimedOut", "ExecutionTimedOut", clock.now())
                return
        clock.sleep(ANSWER.total_seconds())
        status = "Failed" if invocation.code else "Success"
        invocation.end(status, status, clock.now())

    def _run(self, script: Script, invocation: Invocation) -> bool:
        """Run one step; False: it had to be killed."""
        own = {"AWS_SSM_INSTANCE_ID": invocation.instance_id, "AWS_SSM_REGION_NAME": self._context.region}
        outcome = run(script.text, {**self._environment(invocation.instance_id), **own, **script.environment})
        invocation.outcomes.append((script, outcome))
        return outcome.code is not None
