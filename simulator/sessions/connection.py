"""The gateway's end of one WebSocket."""

import contextlib
import json
import selectors
import socket
import sys
from http import HTTPStatus
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from simulator.sessions.line import Line
from simulator.sessions.signature import Upgrade

POLICY = 1008  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
SCHEMA = "1.0"


class TurnedAway(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Owner(Protocol):
    """The gateway, as a connection sees it."""

    def admit(self, upgrade: Upgrade) -> Line:
        """
        Raises:
            TurnedAway
        """

    def told(self, sandbox: str) -> None:
        """Something has been sent to a sandbox that is no answer to what it has just said."""


class Connection:
    """It never blocks: what the client does not take at once waits for it. Whoever calls holds the gateway's lock."""

    def __init__(self, socket_: socket.socket, selector: selectors.BaseSelector, owner: Owner) -> None:
        self._socket, self._selector, self._owner = socket_, selector, owner
        self._protocol = ServerProtocol()
        self._line: Line | None = None
        self._is_open = False  # its OpenDataChannel was right
        self._sandbox = ""
        self._parts: list[bytes] = []
        self._unsent, self._is_last = bytearray(), False
        socket_.settimeout(0)
        selector.register(socket_, selectors.EVENT_READ, self.ready)

    def ready(self) -> None:
        """Read what has come, and write what can be written."""
        try:
            data: bytes | None = self._socket.recv(1 << 16)
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        if data:
            self._acknowledge()
            self._protocol.receive_data(data)
        elif data is not None:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._upgrade(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()
        if data == b"":
            self._drop()

    # ---------------------------------------------------------------- for its line

    def send(self, *messages: bytes) -> None:
        if self._protocol.state is State.OPEN:
            for message in messages:
                self._protocol.send_binary(message)
            self._flush()
            self._owner.told(self._sandbox)

    def close(self, code: int) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code)
            self._flush()
            self._owner.told(self._sandbox)

    def cut(self) -> None:
        self._drop()
        self._owner.told(self._sandbox)

    # ---------------------------------------------------------------- what the client says

    def _upgrade(self, request: Request) -> None:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        self._sandbox = headers.get("x-amz-security-token", "")
        try:
            self._line = self._owner.admit(Upgrade(request.path, headers))
            response = self._protocol.accept(request)
        except TurnedAway as turned_away:
            response = self._protocol.reject(turned_away.status, f"{turned_away}\n")
        self._protocol.send_response(response)

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._lose()
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                message, self._parts = b"".join(self._parts), []
                self._hear(message)

    def _hear(self, message: bytes) -> None:
        """The first message is OpenDataChannel; all others are for the agent."""
        if self._line is None:
            return
        if self._is_open:
            self._line.hear(message)
        elif self._opens(message):
            self._is_open = True
            self._line.open(self)
        else:
            self.close(POLICY)

    def _opens(self, message: bytes) -> bool:
        """Whether it is an OpenDataChannel with the session's token, of which only the first is good."""
        try:
            asked = json.loads(message)
            known = asked["RequestId"] and asked["ClientId"] and asked["MessageSchemaVersion"] == SCHEMA
            token = asked["TokenValue"]
        except (ValueError, TypeError, KeyError):
            return False
        session = self._line.session if self._line else None
        return bool(known and session and token == session.token and not session.was_opened)

    # ---------------------------------------------------------------- the socket

    def _acknowledge(self) -> None:
        """At once, so that a client without TCP_NODELAY sends what it holds back until then, and we read that too."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # the client may have gone
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self._unsent += data
            self._is_last = self._is_last or not data  # an empty piece stands for the end
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
            if self._is_last:
                self._socket.shutdown(socket.SHUT_WR)
                self._is_last = False
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()  # nobody reads any more; what the client has sent before can still be read
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        if self._socket.fileno() >= 0:
            self._selector.modify(self._socket, wanted, self.ready)

    def _drop(self) -> None:
        if self._socket.fileno() >= 0:
            self._selector.unregister(self._socket)
            with contextlib.suppress(OSError):  # the client may have gone
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        self._lose()

    def _lose(self) -> None:
        if self._line:
            self._line.lose(self)
