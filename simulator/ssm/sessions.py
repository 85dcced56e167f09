"""Session Manager: who has a session with which node, and how fast sessions may be started."""

import string
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from moto.moto_api._internal import mock_random

from simulator.clock import Clock
from simulator.context import Context
from simulator.faults import Faults, SessionFault, SessionKind
from simulator.sessions import Gateway, Session
from simulator.sessions.agent import START_UP, Agent, Job
from simulator.sessions.command import Ran
from simulator.ssm.documents import SessionDocument
from simulator.ssm.errors import Refused
from simulator.ssm.shell import run_words

# Calls a second that an account may make of each: https://docs.aws.amazon.com/general/latest/gr/ssm.html
RATES = {"StartSession": 3, "TerminateSession": 6}
TOKEN = "simulated-token-of-a-data-channel"  # noqa: S105 # nosec B105 # whoever finds it anywhere has found a leak
ONE = 0.999  # a call: nobody at AWS counts microseconds
LONGEST_ID, LETTERS = 96, string.ascii_lowercase + string.digits


class Pace:
    """A bucket of as many calls as fit in a second, filled in virtual time."""

    def __init__(self, clock: Clock, rate: int) -> None:
        self._clock, self._rate = clock, rate
        self._left, self._at, self._lock = float(rate), clock.now(), threading.Lock()

    def take(self) -> None:
        """
        Raises:
            Refused: ThrottlingException.
        """
        with self._lock:
            now = self._clock.now()
            self._left = min(self._rate, self._left + self._rate * (now - self._at).total_seconds())
            self._at = now
            if self._left < ONE:
                raise Refused("ThrottlingException", "Rate exceeded")
            self._left -= 1


@dataclass(frozen=True)
class Asked:
    """A StartSession."""

    target: str
    document: str
    content: SessionDocument
    parameters: Mapping[str, Sequence[str]]
    reason: str
    caller: str
    sandbox: str  # the caller's session token, if it has one


class Sessions:
    """Also the handle for whoever tells a story."""

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        home_of: Callable[[str], Mapping[str, str] | None],
        faults: Faults,
    ) -> None:
        """
        Args:
            home_of: the environment of a process on the node that a target names; None, if no such node runs.
        """
        self._context, self._gateway, self._home_of, self._faults = context, gateway, home_of, faults
        self._paces = {name: Pace(context.clock, rate) for name, rate in RATES.items()}
        self._started: dict[str, tuple[Session, Callable[[], None]]] = {}

    def all(self) -> list[Session]:
        return [session for session, _ in [*self._started.values()]]

    def open(self) -> list[str]:
        """Ids of those that have not ended."""
        return [session.id for session in self.all() if not session.ended]

    def abandoned(self) -> list[str]:
        """Ids of those whose client went before the end, or never came, and did not terminate them either."""
        return [session.id for session in self.all() if session.abandoned]

    def pace(self, call: str) -> None:
        """
        Raises:
            Refused: ThrottlingException.
        """
        self._paces[call].take()

    def url_of(self, session: Session) -> str:
        return self._gateway.url_of(session)

    def start(self, asked: Asked) -> Session:
        """
        Raises:
            Refused: InvalidParameters, TargetNotConnected.
        """
        asked.content.properties(asked.parameters)
        home = self._home_of(asked.target)
        fault = None if home is None else self._faults.for_session(asked.target)
        if home is None or (fault and fault.kind is SessionKind.NOT_CONNECTED):
            raise Refused("TargetNotConnected", f"{asked.target} is not connected.")
        session = self._made(asked, self._context.clock.now())
        line = self._gateway.join(session)
        if fault and fault.kind in DISTURBANCES:
            line.disturb = DISTURBANCES[fault.kind]
        agent = Agent(self._context.clock, line, _job(asked, home, fault))
        self._started[session.id] = session, line.terminate
        self._context.clock.spawn(f"session {session.id} with {session.target}", agent.run)
        return session

    def terminate(self, session_id: str) -> None:
        """
        Raises:
            Refused: there is no such session, or it has ended. As people report it; AWS documents neither:
                https://github.com/ottramst/gossm/issues/48
        """
        if session_id not in self._started:
            raise Refused("DoesNotExistException", f"Session {session_id} does not exist.")
        session, terminate = self._started[session_id]
        if session.ended:
            raise Refused("ValidationException", "Session is not in a valid state")
        terminate()

    def _made(self, asked: Asked, now: datetime) -> Session:
        random = "".join(mock_random.choice(LETTERS) for _ in range(26))
        return Session(
            id=f"{asked.caller[: LONGEST_ID - 27]}-{random}",
            target=asked.target,
            document=asked.document,
            caller=asked.caller,
            sandbox=asked.sandbox,
            token=f"{TOKEN}-{len(self._started)}",
            reason=asked.reason,
            started=now,
        )


def _job(asked: Asked, home: Mapping[str, str], fault: SessionFault | None) -> Job:
    kind, parameters = fault.kind if fault else None, dict(asked.parameters)
    if kind is SessionKind.WRONG_NONCE and "Nonce" in parameters:
        parameters["Nonce"] = [parameters["Nonce"][0][::-1]]
    return Job(
        properties=asked.content.properties(parameters),
        run=partial(_run, home),
        kms_key=asked.content.kms_key,
        start_up=fault.seconds if fault and kind is SessionKind.LATE_HANDSHAKE else START_UP,
        fault=kind,
    )


DISTURBANCES: Mapping[SessionKind, Callable[[Sequence[bytes]], Sequence[bytes]]] = {
    SessionKind.EVERY_FRAME_TWICE: lambda messages: [message for message in messages for _ in range(2)],
    SessionKind.FRAMES_REORDERED: lambda messages: messages[::-1],
}


def _run(environment: Mapping[str, str], argv: list[str], merged: bool) -> Ran:  # noqa: FBT001 (`Run` says what it is)
    output = run_words(argv, environment, merged=merged)
    return Ran(-1 if output.code is None or output.code < 0 else output.code, output.stdout, output.stderr)
