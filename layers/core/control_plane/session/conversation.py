"""One session from its first word to its outcome; who has the socket hands frames in, and sends those that come out.

Times are seconds since 1970, and always handed in.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from uuid import UUID

from control_plane.session.frame import CorruptFrame, Message, MessageType, PayloadType, read, written
from control_plane.session.handshake import CLIENT_VERSION, answer
from control_plane.session.order import Order, acknowledged, acknowledgement, fields_of
from control_plane.session.outcome import End, Outcome

STDOUT, STDERR = 1 << 18, 1 << 14  # bytes that a command may say
CORRUPT = 20  # frames that we put up with
EXIT_CODE = re.compile(rb"EXIT_CODE: (-?[0-9]{1,10})")

# Seconds.
REQUEST = 45.0  # for the agent to start a worker, which asks; a busy node is slow
COMPLETE = 15.0  # from our answer on; the agent gives us as long
LINGER = 5.0  # from the exit code on: why a command could not be started is told a second after it
FLUSH = 2.0  # from channel_closed on, which overtakes what is sent again; the agent waits as long
RESEND, SELDOM = 0.2, 1.0  # the pause doubles from the one to the other

NOT_OURS = (
    "The session answered without a handshake: it runs another kind of document. "
    "Its sessionType has to be NonInteractiveCommands."
)
ENCRYPTED = "The agent encrypts, although we refused to."
NOTHING_SAID = (
    "The session was closed, and nothing was said: it was terminated, or its time was over, "
    "or its document lacks separateOutputStream."
)
GAP = "Part of what was sent never came."


class Phase(StrEnum):
    """How far it came; the text says what was waited for."""

    WAITING = "the agent's handshake"
    ANSWERED = "the end of the handshake"
    RUNNING = "the end of the command"
    EXITED = "its last words"


@dataclass
class Unheard:
    """Our one message that has to arrive; sent again, byte for byte, until it is acknowledged."""

    frame: bytes
    due: float
    pause: float = RESEND

    def again(self, at: float) -> bytes:
        self.pause = min(2 * self.pause, SELDOM)
        self.due = at + self.pause
        return self.frame


class Conversation:
    def __init__(self, token: str, *, at: float, deadline: float, new_id: Callable[[], UUID]) -> None:
        """
        Args:
            token: StartSession's TokenValue.
            deadline: when to give up, however far it came.
        """
        self.opening = _opening(token, new_id)  # what to send first, as text; everything else is binary
        self.outcome: Outcome | None = None
        self._new_id, self._deadline = new_id, deadline
        self._phase, self._phase_ends = Phase.WAITING, at + REQUEST
        self._order = Order()
        self._unheard: Unheard | None = None
        self._stdout, self._stderr = bytearray(), bytearray()
        self._exit_code: int | None = None
        self._last_words = ""
        self.closed = False  # the service has ended the session; if not, somebody has to call TerminateSession
        self._paused, self._corrupt = False, 0

    @property
    def due(self) -> float:
        """When `wait` next has something to do."""
        again = self._unheard.due if self._unheard and not self._paused else inf
        return min(self._deadline, self._phase_ends, again)

    def receive(self, frame: bytes, at: float) -> list[bytes]:
        """A frame has come: what to send."""
        if self.outcome:
            return []
        try:
            message = read(frame)
        except CorruptFrame as corrupt:
            self._put_up_with(corrupt)
            return []
        self._paused = message.type == MessageType.PAUSE_PUBLICATION
        if message.type == MessageType.OUTPUT:
            return self._hear(message, at)
        if message.type == MessageType.ACKNOWLEDGE and acknowledged(message) == 0:
            self._unheard = None
        if message.type == MessageType.CHANNEL_CLOSED:
            self._close(message, at)
        return []

    def wait(self, at: float) -> list[bytes]:
        """Time has passed: what to send."""
        if self.outcome:
            return []
        if at >= self._deadline:
            self._end(End.TIMED_OUT, f"The time was over; waited for {self._phase}.")
        elif at >= self._phase_ends:
            self._judge()
        elif self._unheard and not self._paused and at >= self._unheard.due:
            return [self._unheard.again(at)]
        return []

    def lose(self, why: str) -> None:
        """The connection is gone, and all that came by it has been received.

        It is never opened again: what the command said meanwhile would be missing, and nothing would show it.
        """
        if not self.outcome and self.closed:
            self._judge()
        elif not self.outcome:
            self._end(End.UNKNOWN, f"The connection was lost ({why}); waited for {self._phase}.")

    def _put_up_with(self, corrupt: CorruptFrame) -> None:
        self._corrupt += 1
        if self._corrupt == CORRUPT:
            self._end(End.UNKNOWN, f"{CORRUPT} frames were no messages. {corrupt}")

    def _hear(self, message: Message, at: float) -> list[bytes]:
        """Acknowledge at once; then do what is asked, in the order of the numbers."""
        if not self._order.takes(message):
            return []
        send = [acknowledgement(message, self._new_id(), _milliseconds(at))]
        for each in self._order.ready(message):
            if act := TRANSITIONS.get((self._phase, each.payload_type)):
                send += act(self, each.payload, at)
        return send

    def _close(self, message: Message, at: float) -> None:
        said = fields_of(message.payload).get("Output")
        self._last_words = said.strip() if isinstance(said, str) else ""
        self.closed, self._phase_ends = True, min(self._phase_ends, at + FLUSH)
        self._unheard = None

    # ---------------------------------------------------------------- what a payload does, by the phase it comes in

    def _answer(self, request: bytes, at: float) -> list[bytes]:
        ours = answer(request)
        message = Message(
            type=MessageType.INPUT,
            id=self._new_id(),
            created=_milliseconds(at),
            payload_type=PayloadType.HANDSHAKE_RESPONSE,
            payload=ours.payload,
        )
        if ours.refusal:
            self._end(End.FAILED, ours.refusal)
        self._phase, self._phase_ends = Phase.ANSWERED, at + COMPLETE
        self._unheard = Unheard(written(message), at + RESEND)
        return [self._unheard.frame]

    def _start(self, _: bytes, __: float) -> list[bytes]:
        self._phase, self._phase_ends = Phase.RUNNING, inf
        self._unheard = None  # or there would be no end of the handshake
        return []

    def _say(self, text: bytes, _: float) -> list[bytes]:
        return self._keep(self._stdout, text, STDOUT)

    def _complain(self, text: bytes, _: float) -> list[bytes]:
        return self._keep(self._stderr, text, STDERR)

    def _keep(self, kept: bytearray, text: bytes, most: int) -> list[bytes]:
        kept += text[: most - len(kept)]
        if len(kept) == most:
            self._end(End.FAILED, f"The command said {most} bytes and more.")
        return []

    def _exit(self, text: bytes, at: float) -> list[bytes]:
        if found := EXIT_CODE.fullmatch(text):
            self._exit_code = int(found[1])
            self._phase, self._phase_ends = Phase.EXITED, min(self._phase_ends, at + LINGER)
        else:
            self._end(End.UNKNOWN, f"{text[:60]!r} is no exit code.")
        return []

    def _refuse(self, _: bytes, __: float) -> list[bytes]:
        self._end(End.FAILED, NOT_OURS)
        return []

    def _hang_up(self, _: bytes, __: float) -> list[bytes]:
        self._end(End.FAILED, ENCRYPTED)
        return []

    # ---------------------------------------------------------------- the end

    def _judge(self) -> None:
        """Nothing more is waited for: what does that which came amount to?"""
        stderr = bytes(self._stderr).decode(errors="replace").strip()
        if self._order.has_gap:
            self._end(End.UNKNOWN, GAP)
        elif self._exit_code is not None:
            self._end(End.COMPLETED, "")
        elif said := "\n".join(filter(None, (self._last_words, stderr))):
            self._end(End.FAILED, said)
        elif self.closed:
            self._end(End.UNKNOWN, NOTHING_SAID)
        else:
            self._end(End.UNKNOWN, f"Waited for {self._phase}, and it did not come.")

    def _end(self, end: End, reason: str) -> None:
        self.outcome = self.outcome or Outcome(
            end=end,
            reason=reason,
            exit_code=self._exit_code,
            stdout=bytes(self._stdout),
            stderr=bytes(self._stderr),
            closed=self.closed,
        )


Act = Callable[[Conversation, bytes, float], list[bytes]]

# What is not here is acknowledged and has no effect; so is a second request: another answer would block the agent.
TRANSITIONS: Mapping[tuple[Phase, int], Act] = {
    (Phase.WAITING, PayloadType.HANDSHAKE_REQUEST): Conversation._answer,
    (Phase.WAITING, PayloadType.OUTPUT): Conversation._refuse,
    (Phase.WAITING, PayloadType.STDERR): Conversation._refuse,
    (Phase.WAITING, PayloadType.EXIT_CODE): Conversation._refuse,
    (Phase.ANSWERED, PayloadType.HANDSHAKE_COMPLETE): Conversation._start,
    (Phase.ANSWERED, PayloadType.ENCRYPTION_CHALLENGE): Conversation._hang_up,
    (Phase.ANSWERED, PayloadType.OUTPUT): Conversation._refuse,
    (Phase.ANSWERED, PayloadType.STDERR): Conversation._refuse,
    (Phase.ANSWERED, PayloadType.EXIT_CODE): Conversation._refuse,
    (Phase.RUNNING, PayloadType.OUTPUT): Conversation._say,
    (Phase.RUNNING, PayloadType.STDERR): Conversation._complain,
    (Phase.RUNNING, PayloadType.EXIT_CODE): Conversation._exit,
    (Phase.EXITED, PayloadType.OUTPUT): Conversation._say,
    (Phase.EXITED, PayloadType.STDERR): Conversation._complain,
}


def _opening(token: str, new_id: Callable[[], UUID]) -> str:
    """OpenDataChannel, the only text of the whole conversation."""
    fields = {
        "MessageSchemaVersion": "1.0",
        "RequestId": str(new_id()),
        "TokenValue": token,
        "ClientId": str(new_id()),
        "ClientVersion": CLIENT_VERSION,
    }
    return json.dumps(fields, separators=(",", ":"))


def _milliseconds(at: float) -> int:
    return round(at * 1000)
