"""A session's WebSocket: opened once and never again, and read without waiting, so that one thread can have many.

RFC 6455 is the websockets library's, in its part that does no I/O. Neither compression nor a subprotocol is offered,
as by AWS's own client: https://github.com/aws/session-manager-plugin
"""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Self

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import CONNECTING, OPEN
from websockets.uri import WebSocketURI

from control_plane.session.frame import LARGEST
from control_plane.session.stream_url import StreamUrl

CHUNK = 1 << 12  # bytes that are read at once; in memory nothing costs more than 2,048 frames of two bytes
ANSWER = 1 << 14  # bytes that the answer to the upgrade may have

# Seconds.
OPENING = 5.0  # for the connection, to each address of the host, TLS and upgrade; meanwhile the other channels wait
PING = 30.0
SILENCE = PING + 60.0  # and not even the answer to a ping: the other end is gone

# At DEBUG the library logs all that it sends, signature and token too.
SILENT = logging.Logger(__name__, logging.CRITICAL + 1)


class NotOpened(Exception):
    def __init__(self, status: int, reason: str) -> None:
        """
        Args:
            status: of the answer to the upgrade; 0, if there was none.
            reason: a word, or the name of an error.
        """
        super().__init__(reason)
        self.status, self.reason = status, reason


class DataChannel:
    """Times are seconds since 1970, and always handed in."""

    def __init__(self, connection: socket.socket, protocol: ClientProtocol, at: float) -> None:
        self.lost = ""  # why; as soon as all that came has been received
        self._socket, self._protocol = connection, protocol
        self._mute = False  # nothing can be sent any more, but something may still be there to read
        self._message, self._is_binary = bytearray(), False
        self._heard_at, self._ping_at = at, at + PING

    @classmethod
    def open(cls, url: StreamUrl, headers: Mapping[str, str], tls: ssl.SSLContext, now: Callable[[], float]) -> Self:
        """
        Args:
            headers: those that the upgrade has beside its own.

        Raises:
            NotOpened: there was no way, no time or no consent.
        """
        until = now() + OPENING

        def seconds_left() -> float:
            left = until - now()
            if left <= 0:
                raise TimeoutError
            return left

        uri = WebSocketURI(url.secure, url.host, url.port, url.target, "")
        protocol = ClientProtocol(uri, max_size=LARGEST, logger=SILENT)
        request = protocol.connect()
        request.headers.update(headers)
        protocol.send_request(request)
        try:
            connection = _upgraded(url, protocol, tls, seconds_left)
        except OSError as error:
            raise NotOpened(0, type(error).__name__) from error
        return cls(connection, protocol, now())

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    @property
    def due(self) -> float:
        """When to `receive` and to `wait`, though nothing should come."""
        return 0.0 if self._mute else min(self._ping_at, self._heard_at + SILENCE)

    def send(self, message: bytes | str) -> None:
        """If nobody takes it, `lost` will say so, once the last that they said has been received."""
        if self._protocol.state is not OPEN:
            return
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._flush()

    def receive(self, at: float) -> Iterator[bytes]:
        """The binary messages that are there: a chunk's worth, and what TLS has taken from the socket already.

        No more at once: who sends without an end must not keep the other channels waiting.
        """
        yield from self._messages()  # the first may have come with the answer to the upgrade
        while not self.lost and (data := self._read()):
            self._heard_at = at
            self._protocol.receive_data(data)
            yield from self._messages()
            self._flush()  # answers to pings
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                break

    def wait(self, at: float) -> None:
        """Time has passed; what has come meanwhile was received."""
        if at >= self._heard_at + SILENCE:
            self.lost = self.lost or "silence"
        elif at >= self._ping_at and self._protocol.state is OPEN:
            self._ping_at = at + PING
            self._protocol.send_ping(b"keepalive")
            self._flush()

    def close(self) -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        self._socket.close()

    def _read(self) -> bytes:
        why = "end of stream"
        try:
            if data := self._socket.recv(CHUNK):
                return data
        except (BlockingIOError, ssl.SSLWantReadError):
            why = "nothing can be sent" if self._mute else ""
        except OSError as error:
            why = type(error).__name__
        self.lost = why
        return b""

    def _messages(self) -> Iterator[bytes]:
        """The whole messages in what was read last. Text is nothing to us, and comes from nobody."""
        for event in self._protocol.events_received():
            if not isinstance(event, Frame) or event.opcode not in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
                continue
            if event.opcode is not Opcode.CONT:
                self._message, self._is_binary = bytearray(), event.opcode is Opcode.BINARY
            self._message += event.data
            if event.fin and self._is_binary:
                yield bytes(self._message)
        if self._protocol.state is not OPEN:
            self.lost = self._why_closed()

    def _why_closed(self) -> str:
        if self._protocol.parser_exc:
            return type(self._protocol.parser_exc).__name__
        return f"closed with {self._protocol.close_rcvd.code}" if self._protocol.close_rcvd else "closed"

    def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        try:
            if not self._mute:
                self._socket.sendall(data)
        except OSError:  # closed; or full, for nobody reads what we say
            self._mute = True


def _upgraded(
    url: StreamUrl, protocol: ClientProtocol, tls: ssl.SSLContext, seconds_left: Callable[[], float]
) -> socket.socket:
    with ExitStack() as otherwise:
        connection = otherwise.enter_context(socket.create_connection((url.host, url.port), OPENING))
        connection.settimeout(seconds_left())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # acknowledgements are small and urgent
        if url.secure:
            connection = otherwise.enter_context(tls.wrap_socket(connection, server_hostname=url.host))
        _upgrade(connection, protocol, seconds_left)
        connection.settimeout(0.0)
        otherwise.pop_all()
    return connection


def _upgrade(connection: socket.socket, protocol: ClientProtocol, seconds_left: Callable[[], float]) -> None:
    connection.sendall(b"".join(protocol.data_to_send()))
    came = 0
    while protocol.state is CONNECTING and not protocol.handshake_exc:
        connection.settimeout(seconds_left())
        data = connection.recv(CHUNK)
        came += len(data)
        if came > ANSWER:
            raise NotOpened(0, "AnswerTooLong")
        protocol.receive_data(data) if data else protocol.receive_eof()
    if refusal := protocol.handshake_exc:
        # Without its text: where a signature is wrong, AWS repeats what was signed, and a token is part of that.
        status = refusal.response.status_code if isinstance(refusal, InvalidStatus) else 0
        raise NotOpened(status, type(refusal).__name__)
