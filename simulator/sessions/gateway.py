"""Where data channels are opened, as ssmmessages is: on loopback, one thread, and whoever may not wait for that."""

import base64
import re
import selectors
import socket
import threading
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from simulator.clock import Clock, Event
from simulator.operations import Call, Refusal
from simulator.sessions.connection import Connection, TurnedAway
from simulator.sessions.line import Line
from simulator.sessions.session import Session
from simulator.sessions.signature import SERVICE, Unsigned, Upgrade, signer

PATH = "/v1/data-channel/"
TARGET = re.compile(rf"{PATH}(?P<session>[^/?]+)\?role=publish_subscribe(&.*)?")
TICK = 1e-6  # virtual seconds: the shortest wait there is
PROMPT = 0.05  # real seconds until it notices that it is to end

Authorise = Callable[[Call, dict[str, Any], bytes], Refusal | None]


class Gateway:
    """Serves until closed.

    A function's sandbox lives in virtual time: before the clock may go on for it, all that it has sent is read
    (`pump`), and what `listen` wakes it for is all that its sessions have sent in one moment.
    """

    def __init__(self, clock: Clock, region: str, authorise: Authorise, secret_of: Callable[[str], str | None]) -> None:
        """
        Args:
            authorise: whether a caller's role lets it open a channel.
            secret_of: the secret key of the sandbox with this session token; None: it is no sandbox's.
        """
        self._clock, self._region, self._authorise, self._secret_of = clock, region, authorise, secret_of
        self._lines: dict[str, Line] = {}
        self._ears: dict[str, Event] = {}
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(0)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._is_closed = False
        self._thread = threading.Thread(target=self._serve, name="gateway", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        self._thread.join()
        with self._lock:
            for key in [*self._selector.get_map().values()]:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]  # we register sockets only
        self._selector.close()

    # ---------------------------------------------------------------- for those who start sessions

    def join(self, session: Session) -> Line:
        """Let a session's client come."""
        is_outside = self._secret_of(session.sandbox) is None
        line = self._lines[session.id] = Line(session, self._clock, self._lock, is_outside=is_outside)
        return line

    def url_of(self, session: Session) -> str:
        """StreamUrl; its second parameter has raw plus signs and slashes in it, as on AWS."""
        cell = base64.b64encode(b"\xfb\xef\xff" + sha256(session.id.encode()).digest()[:25]).decode()
        host, port = self._listener.getsockname()
        return f"ws://{host}:{port}{PATH}{session.id}?role=publish_subscribe&cell-number={cell}"

    # ---------------------------------------------------------------- for sandboxes

    def pump(self) -> None:
        """Read all that has been sent to us by now.

        Over the loopback device what one process has sent is there for the other: `send` itself delivers it.
        """
        with self._lock:
            while ready := self._selector.select(0):
                for key, _ in ready:
                    key.data()

    def listen(self, sandbox: str, seconds: float) -> bool:
        """Wait until something has been sent to a sandbox, for so many virtual seconds at most; 0: just answer it."""
        self.pump()
        ear = self._ear(sandbox)
        heard = seconds > 0 and ear.wait(seconds)
        if heard:
            self._clock.sleep(TICK)  # so that all has arrived that arrives in this moment
        ear.clear()
        return heard

    # ---------------------------------------------------------------- for connections

    def admit(self, upgrade: Upgrade) -> Line:
        """
        Raises:
            TurnedAway
        """
        try:
            secret = self._secret_of(upgrade.headers.get("x-amz-security-token", ""))
            caller = signer(upgrade, self._region, secret)
        except Unsigned as unsigned:
            raise TurnedAway(HTTPStatus.FORBIDDEN, str(unsigned)) from unsigned
        found = TARGET.fullmatch(upgrade.target)
        if found is None:
            raise TurnedAway(HTTPStatus.BAD_REQUEST, f"There is no channel at {upgrade.target}.")
        call = Call(caller, SERVICE, "OpenDataChannel", "rest")
        if refusal := self._authorise(call, {"PATH_INFO": f"{PATH}{found['session']}"}, b""):
            raise TurnedAway(HTTPStatus.FORBIDDEN, refusal.message)
        line = self._lines.get(found["session"])
        if line is None or line.session.ended or line.session.caller != caller:
            raise TurnedAway(HTTPStatus.NOT_FOUND, f"{caller} has no session {found['session']}.")
        return line

    def told(self, sandbox: str) -> None:
        self._ear(sandbox).set()

    def _ear(self, sandbox: str) -> Event:
        return self._ears.setdefault(sandbox, self._clock.event())

    def _accept(self) -> None:
        try:
            connected, _ = self._listener.accept()
        except OSError:  # it has gone again
            return
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Connection(connected, self._selector, self)

    def _serve(self) -> None:
        while not self._is_closed:
            if self._selector.select(PROMPT):
                self.pump()
