"""Session Manager on this machine: its API, and the gateway that accepts channels; who has it plays the agent.

Its WebSocket end is the websockets library's, so it says what a client does, not how AWS's own gateway does.
"""

import json
import socketserver
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from socket import socket
from threading import Thread
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

SECOND = 1.0
SWITCHING = 101


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    """A WebSocket frame of the gateway's."""
    return Frame(opcode, data, fin).serialize(mask=False)


class Peer:
    """The gateway's end of a channel."""

    def __init__(self, connection: socket, protocol: ServerProtocol, request: Request) -> None:
        self.connection, self.request = connection, request
        self._protocol = protocol

    @property
    def session_id(self) -> str:
        return self.request.path.partition("?")[0].rpartition("/")[2]

    def send(self, *messages: bytes) -> None:
        for message in messages:
            self._protocol.send_binary(message)
        self._flush()

    def send_raw(self, data: bytes) -> None:
        with suppress(OSError):  # the client has hung up
            self.connection.sendall(data)

    def hang_up(self) -> None:
        self.connection.close()

    def heard(self, seconds: float = SECOND) -> list[Frame]:
        """What has come since, waiting for it as long as this; pings are answered, and in it too."""
        self.connection.settimeout(seconds)
        with suppress(BlockingIOError, TimeoutError, ConnectionResetError, ssl.SSLWantReadError):
            if data := self.connection.recv(1 << 14):
                self._protocol.receive_data(data)
        self.connection.settimeout(SECOND)
        self._flush()
        return [event for event in self._protocol.events_received() if isinstance(event, Frame)]

    def _flush(self) -> None:
        self.send_raw(b"".join(self._protocol.data_to_send()))


@dataclass
class Gateway:
    port: int = 0
    status: int = SWITCHING  # how an upgrade is answered
    answer: bytes | None = None  # instead of any such answer
    with_it: bytes = b""  # what comes in one piece with the answer
    tls: ssl.SSLContext | None = None
    channels: "SimpleQueue[Peer]" = field(default_factory=SimpleQueue)
    connections: list[socket] = field(default_factory=list)

    def url(self, session_id: str) -> str:
        scheme = "wss" if self.tls else "ws"
        query = "role=publish_subscribe&cell-number=AAEAAXxZ+k/N0oRkJZBXIK7WQt2WLe/3Fu7y=="
        return f"{scheme}://127.0.0.1:{self.port}/v1/data-channel/{session_id}?{query}"

    def peer(self) -> Peer:
        """The next channel that was opened."""
        return self.channels.get(timeout=SECOND)

    def take(self, connection: socket) -> None:
        connection.settimeout(SECOND)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        self.connections.append(connection)
        protocol = ServerProtocol()
        request = _request(connection, protocol)
        if request is None:
            return
        response = protocol.accept(request) if self.status == SWITCHING else protocol.reject(self.status, "no")
        protocol.send_response(response)
        self.channels.put(Peer(connection, protocol, request))
        answer = b"".join(protocol.data_to_send()) if self.answer is None else self.answer
        connection.sendall(answer + self.with_it)


def _request(connection: socket, protocol: ServerProtocol) -> Request | None:
    while data := connection.recv(1 << 16):
        protocol.receive_data(data)
        for event in protocol.events_received():
            assert isinstance(event, Request)
            return event
    return None


@contextmanager
def gateway(tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    ours = Gateway(tls=tls)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                ours.take(self.request)

    class Server(socketserver.TCPServer):
        def shutdown_request(self, _: object) -> None:
            """Leave it open: it is the channel from now on."""

    with running(Server(("127.0.0.1", 0), Handler)) as ours.port:
        yield ours
    for connection in ours.connections:
        connection.close()


@contextmanager
def running(server: socketserver.TCPServer) -> Iterator[int]:
    """Says its port."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Api:
    """What StartSession and TerminateSession answer, by the operation; a failure is (status, code)."""

    answer: Callable[[str, dict[str, Any]], dict[str, Any] | tuple[int, str]]
    port: int = 0
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def api(answer: Callable[[str, dict[str, Any]], dict[str, Any] | tuple[int, str]]) -> Iterator[Api]:
    ours = Api(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            ours.calls.append((operation, asked))
            match ours.answer(operation, asked):
                case dict() as found:
                    self._say(200, found)
                case status, code:
                    self._say(status, {"__type": code, "message": f"no: {code}"})

        def _say(self, status: int, found: dict[str, Any]) -> None:
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as ours.port:
        yield ours
