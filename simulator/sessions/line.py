"""What lies between the connection of a session's client and its agent. It carries; it does not repeat."""

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from functools import partial
from random import Random
from typing import Protocol
from uuid import UUID

from simulator.clock import Clock
from simulator.sessions.frames import FIN, SYN, Frame, Kind, Malformed, decode, encode
from simulator.sessions.session import Session

LATENCY = timedelta(milliseconds=5)  # that a message is on its way: nobody hears what is said in the same moment
PATIENCE = 3.0  # real seconds for a client outside: it knows nothing of virtual time
NORMAL = 1000  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1


class Client(Protocol):
    """The gateway's end of a connection."""

    def send(self, *messages: bytes) -> None: ...
    def close(self, code: int) -> None: ...
    def cut(self) -> None: ...


Disturb = Callable[[Sequence[bytes]], Sequence[bytes]]


class Line:
    def __init__(self, session: Session, clock: Clock, lock: threading.RLock, *, is_outside: bool) -> None:
        """
        Args:
            lock: the gateway's; whoever touches a connection holds it.
            is_outside: the client is no function: when its answer is due, the world waits for it in real time.
        """
        self.session = session
        self.disturb: Disturb = lambda messages: messages
        self._clock, self._lock, self._is_outside = clock, lock, is_outside
        self._client: Client | None = None
        self._inbox: list[Frame] = []
        self._heard, self._really_heard = clock.event(), threading.Event()
        self._is_deaf = False
        self._random = Random(f"service of {session.id}")  # noqa: S311 # nosec B311 # ids that are the same every time

    # ---------------------------------------------------------------- the client's side

    def open(self, client: Client) -> None:
        self._client = client
        self.session.status, self.session.was_opened = "Connected", True
        self.send([self._written(Kind.START)])
        self._tell_agent(Frame(kind=Kind.START, id=self._id()))

    def hear(self, data: bytes) -> None:
        """Pass a message on to the agent; what is none is dropped, and so never acknowledged."""
        try:
            self._tell_agent(decode(data))
        except Malformed:
            return

    def lose(self, client: Client) -> None:
        """The client is gone: the agent is to pause."""
        if self._client is client:
            self._client = None
            if not self.session.ended:
                self.session.status = "Disconnected"
            self._tell_agent(Frame(kind=Kind.PAUSE, id=self._id()))

    # ---------------------------------------------------------------- the API's

    def terminate(self) -> None:
        self.session.end(self._clock.now())
        self._tell_agent(Frame(kind=Kind.CLOSED, id=self._id()))

    # ---------------------------------------------------------------- the agent's

    def send(self, messages: Sequence[bytes]) -> None:
        """What nobody is there to hear is lost."""
        self._to_client(lambda client: client.send(*self.disturb(messages)))

    def pause(self) -> None:
        """Say that the agent's own connection was away for a moment."""
        self.send([self._written(Kind.PAUSE), self._written(Kind.START)])

    def listen(self, seconds: float, *, is_due: bool) -> list[Frame]:
        """Wait until something comes, for so many virtual seconds at most.

        Args:
            is_due: it is the client's turn.
        """
        is_there = self._client or not self.session.was_opened
        if is_due and self._is_outside and is_there and not self._is_deaf:
            self._is_deaf = not self._really_heard.wait(PATIENCE)
        self._heard.wait(seconds)
        with self._lock:
            self._heard.clear()
            self._really_heard.clear()
            taken, self._inbox = self._inbox, []
        return taken

    def cut(self) -> None:
        """Lose the connection, as networks do: without a word."""
        self._to_client(lambda client: client.cut())

    def hang_up(self, last_words: str) -> None:
        """The agent is done."""
        with self._lock:
            self.session.abandoned = not self._client and not self.session.ended
            self.session.end(self._clock.now())
        self.send([self._closed(last_words)])
        self._to_client(lambda client: client.close(NORMAL))

    # ---------------------------------------------------------------- the way

    def _tell_agent(self, frame: Frame) -> None:
        self._on_its_way(partial(self._put, frame))

    def _put(self, frame: Frame) -> None:
        with self._lock:
            self._inbox.append(frame)
            self._is_deaf = False
            self._really_heard.set()
            self._heard.set()

    def _to_client(self, act: Callable[[Client], None]) -> None:
        def acted() -> None:
            with self._lock:
                if self._client:
                    act(self._client)

        self._on_its_way(acted)

    def _on_its_way(self, arrive: Callable[[], None]) -> None:
        """It arrives while everybody waits, so that whatever the machine does, the order of things is the same."""
        if self._is_outside:
            arrive()
        else:
            self._clock.at(self._clock.now() + LATENCY, arrive)

    # ---------------------------------------------------------------- what the service says itself

    def _closed(self, last_words: str) -> bytes:
        now, id_ = self._clock.now(), self._id()
        told = {
            "MessageSchemaVersion": "1.0",
            "MessageId": str(id_),
            "DestinationId": self.session.target,
            "SessionId": self.session.id,
            "MessageType": Kind.CLOSED,
            "SchemaVersion": 1,
            "CreatedDate": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "Output": last_words,
        }
        payload = json.dumps(told, separators=(",", ":")).encode()
        date = round(now.timestamp() * 1000)
        return encode(Frame(kind=Kind.CLOSED, id=id_, date=date, flags=SYN | FIN, payload_type=None, payload=payload))

    def _written(self, kind: Kind) -> bytes:
        return encode(Frame(kind=kind, id=self._id()))

    def _id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)
