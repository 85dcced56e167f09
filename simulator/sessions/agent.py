"""The agent's end of a session: a worker that shakes hands, runs the command and sees to it that all of it is heard.

https://github.com/aws/amazon-ssm-agent, agent/session
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from simulator.clock import Clock
from simulator.faults import SessionKind
from simulator.sessions.command import COMMAND, Failed, Run, Said, said_by
from simulator.sessions.frames import FIN, SYN, Frame, Kind, Payload, encode
from simulator.sessions.line import Line

VERSION = "3.3.3050.0"
ERROR = "\n----------ERROR-------\n"
NO_HANDSHAKE = "Encountered error while initiating handshake. "
KMS_KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/of-the-preferences"
SUCCESS = 1  # an ActionStatus

# Virtual seconds.
START_UP = 1.0  # from StartSession to the agent's first word
HANDSHAKE = 15.0  # from there to the client's answer
RESEND = timedelta(seconds=0.2)
FLUSH = 2.0  # that it waits for acknowledgements at the end


class Over(Exception):
    """Somebody has terminated the session."""


@dataclass(frozen=True)
class Job:
    properties: Mapping[str, Any]  # of the document, with the parameters filled in
    run: Run
    kms_key: str = ""  # an ARN: the session is to be encrypted
    start_up: float = START_UP
    fault: SessionKind | None = None


@dataclass
class _Unheard:
    """A message that the client has not acknowledged."""

    data: bytes
    sent: datetime


class Agent:
    def __init__(self, clock: Clock, line: Line, job: Job) -> None:
        self._clock, self._line, self._job = clock, line, job
        self._random = Random(line.session.id)  # noqa: S311 # nosec B311 # ids that are the same every time
        self._numbered, self._batch = 0, list[bytes]()
        self._unheard: dict[int, _Unheard] = {}  # by their numbers, the oldest first
        self._expected, self._early = 0, dict[int, Frame]()
        self._response: bytes | None = None
        self._is_paused = self._is_stuck = False

    def run(self) -> None:
        """Live on a thread that is the clock's work."""
        try:
            self._live(_never, self._job.start_up)
            self._converse()
            last_words = ""
        except Failed as failed:
            last_words = f"{ERROR}{failed}" if str(failed) else ""
        except Over:
            last_words = ""
        self._flush()
        self._line.hang_up(last_words)

    def _converse(self) -> None:
        """
        Raises:
            Failed
            Over
        """
        began = self._clock.now()
        self._say(Payload.HANDSHAKE_REQUEST, self._request())
        self._live(lambda: self._response is not None, HANDSHAKE, is_due=True)
        self._check_response()
        taken = round((self._clock.now() - began) / timedelta(microseconds=1)) * 1000  # nanoseconds
        complete = f'{{"HandshakeTimeToComplete":{taken},"CustomerMessage":""}}'
        self._say(Payload.HANDSHAKE_COMPLETE, complete.encode())
        self._work()
        self._live(lambda: not self._unheard, FLUSH)

    # ---------------------------------------------------------------- the handshake

    @property
    def _kms_key(self) -> str:
        return self._job.kms_key or (KMS_KEY if self._job.fault is SessionKind.KMS_ASKED else "")

    def _request(self) -> bytes:
        parameters = {"SessionType": "NonInteractiveCommands", "Properties": None}
        actions: list[dict[str, Any]] = [{"ActionType": "SessionType", "ActionParameters": parameters}]
        if self._kms_key:
            actions.append({"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": self._kms_key}})
        return _json({"AgentVersion": VERSION, "RequestedClientActions": actions})

    def _check_response(self) -> None:
        if self._response is None:
            raise Failed(f"{NO_HANDSHAKE}Handshake timed out.")
        processed = _fields(self._response).get("ProcessedClientActions")
        actions = [it for it in processed if isinstance(it, dict)] if isinstance(processed, list) else []
        if errors := [str(action.get("Error")) for action in actions if action.get("ActionStatus") != SUCCESS]:
            raise Failed(f"{NO_HANDSHAKE}{' '.join(errors)}")
        if not actions:
            raise Failed(f"{NO_HANDSHAKE}The response says nothing of what was asked.")
        if self._kms_key:
            raise Failed(f"{NO_HANDSHAKE}The simulator's agents do not encrypt.")

    # ---------------------------------------------------------------- the command

    def _work(self) -> None:
        said, is_listened_to = self._said(), True
        self._live(_never, COMMAND)
        for each in said:
            self._live(_never, each.after)
            # Its readers stop for good when it is paused, and nothing shows that output is missing.
            is_listened_to = is_listened_to and not self._is_paused
            if is_listened_to or each.payload_type is Payload.EXIT_CODE:
                self._say(each.payload_type, each.payload)
            if self._job.fault is SessionKind.CHANNEL_LOST:
                self._flush()
                self._line.cut()

    def _said(self) -> Sequence[Said]:
        said = said_by(self._job.properties, self._job.run)
        match self._job.fault:
            case SessionKind.CLOSED_SILENTLY:
                return []
            case SessionKind.OUTPUT_TRUNCATED:
                self._line.pause()
                return [*_first_half(said), *(each for each in said if each.payload_type is Payload.EXIT_CODE)]
        return said

    # ---------------------------------------------------------------- speaking

    def _say(self, payload_type: Payload, payload: bytes) -> None:
        """Number a message; it goes out with the others of this moment, and again until it is acknowledged."""
        flags = 0 if self._numbered else SYN
        frame = self._frame(Kind.OUTPUT, payload, sequence=self._numbered, flags=flags, payload_type=payload_type)
        said = self._unheard[self._numbered] = _Unheard(encode(frame), self._clock.now())
        self._numbered += 1
        if not self._is_paused:
            self._batch.append(said.data)

    def _frame(self, kind: Kind, payload: bytes, **fields: int) -> Frame:
        id_ = UUID(int=self._random.getrandbits(128), version=4)
        return Frame(kind=kind, id=id_, date=round(self._clock.now().timestamp() * 1000), payload=payload, **fields)

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._line.send(batch)

    def _repeat(self) -> None:
        """Of those that nobody has acknowledged, the oldest."""
        oldest = self._oldest
        if oldest and not self._is_paused and self._clock.now() >= oldest.sent + RESEND:
            oldest.sent = self._clock.now()
            self._batch.append(oldest.data)

    @property
    def _oldest(self) -> _Unheard | None:
        return next(iter(self._unheard.values()), None)

    # ---------------------------------------------------------------- hearing

    def _live(self, enough: Callable[[], bool], seconds: float, *, is_due: bool = False) -> None:
        """Repeat and listen until it is enough, for so many seconds at most."""
        ends = self._clock.now() + timedelta(seconds=seconds)
        while not enough() and (now := self._clock.now()) < ends:
            self._flush()
            oldest = None if self._is_paused else self._oldest
            until = min(ends, oldest.sent + RESEND) if oldest else ends
            for frame in self._line.listen((until - now).total_seconds(), is_due=is_due or bool(self._unheard)):
                self._hear(frame)
            self._repeat()

    def _hear(self, frame: Frame) -> None:
        if frame.kind == Kind.CLOSED:
            raise Over
        self._is_paused = frame.kind == Kind.PAUSE
        if frame.kind == Kind.START and (oldest := self._oldest):
            oldest.sent -= RESEND  # whoever has come has not heard it
        if self._is_stuck:
            return
        if frame.kind == Kind.ACKNOWLEDGE:
            number = _fields(frame.payload).get("AcknowledgedMessageSequenceNumber")
            self._unheard.pop(number if isinstance(number, int) else -1, None)
        elif frame.kind == Kind.INPUT:
            self._acknowledge(frame)
            self._early.setdefault(frame.sequence, frame)
            while (ready := self._early.pop(self._expected, None)) is not None:
                self._expected += 1
                self._take(ready)

    def _acknowledge(self, frame: Frame) -> None:
        told = {
            "AcknowledgedMessageType": frame.kind,
            "AcknowledgedMessageId": str(frame.id),
            "AcknowledgedMessageSequenceNumber": frame.sequence,
            "IsSequentialMessage": True,
        }
        self._batch.append(encode(self._frame(Kind.ACKNOWLEDGE, _json(told), flags=SYN | FIN)))

    def _take(self, frame: Frame) -> None:
        """Of all that a client may say only its answer matters; a second one blocks the agent's reader for good."""
        if frame.payload_type == Payload.HANDSHAKE_RESPONSE:
            self._is_stuck = self._response is not None
            self._response = self._response or frame.payload


def _first_half(said: Sequence[Said]) -> list[Said]:
    output = [each for each in said if each.payload_type is Payload.OUTPUT]
    return [replace(each, payload=each.payload[: len(each.payload) // 2]) for each in output[:1]]


def _never() -> bool:
    return False


def _fields(payload: bytes) -> dict[str, Any]:
    """What a client says in JSON; nothing, if it says nothing of the kind."""
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(what: object) -> bytes:
    return json.dumps(what, separators=(",", ":")).encode()
