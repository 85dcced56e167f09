"""HTTP connections that stay open from request to request, because a run makes hundreds.

Werkzeug's own close after each. Another server would not do either: a fault may want a connection to end unanswered.
"""

import contextlib
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from simulator.responses import Environ, Response

logger = logging.getLogger(__name__)

BODILESS = ("204", "304")


def collected(app: Callable[..., Iterable[bytes]], environ: Environ) -> Response:
    """The whole answer of a WSGI app."""
    head: list[Any] = []
    chunks = app(environ, lambda status, headers, _=None: head.extend((status, headers)))
    try:
        content = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return head[0], head[1], content


class Quiet:
    """No access log: `Door.calls` is the record."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        if type == "error":
            logger.error(message, *args)


class Handler(Quiet, MotoRequestHandler):
    """For an app that reads each body whole. One that raises a ConnectionError takes the connection with it."""

    disable_nagle_algorithm = True  # a body that waits for its head to be acknowledged waits for 40 ms

    def run_wsgi(self) -> None:
        try:
            answer = collected(self.server.app, self.make_environ())
        except ConnectionError:
            raise
        except Exception as bug:
            logger.exception("%s %s broke", self.command, self.path)
            answer = "400 Bad Request", [], repr(bug).encode()  # no client sends it again
        self._answer(*answer)

    def _answer(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        code, _, reason = status.partition(" ")
        empty = self.command == "HEAD" or code in BODILESS  # a HEAD tells the length of what a GET would bring
        self.send_response(int(code), reason)
        for name, value in headers:
            if empty or name.lower() != "content-length":
                self.send_header(name, value)
        if not empty:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not empty:
            self.wfile.write(content)


class Server(ThreadedWSGIServer):
    """Takes its connections along when it closes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in self._open.copy():
            with contextlib.suppress(OSError):  # it has just been closed at the other end
                connection.shutdown(socket.SHUT_RDWR)
