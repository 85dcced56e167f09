"""HTTP connections that stay open from request to request, because a run makes hundreds; werkzeug's own never do."""

import contextlib
import logging
import socket
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

logger = logging.getLogger(__name__)


class Handler(MotoRequestHandler):
    """For an app that reads each body and answers it whole.

    No access log (`Door.calls` is the record); a reply that is lost takes its connection with it.
    """

    disable_nagle_algorithm = True  # a body that waits for its head to be acknowledged waits for 40 ms

    def run_wsgi(self) -> None:
        head: list[Any] = []
        app: Any = self.server.app  # which never asks for the write() that start_response could answer
        try:
            content = b"".join(app(self.make_environ(), lambda *said: head.extend(said)))
        except ConnectionError:
            self.close_connection = True
            return
        self._answer(head[0], dict(head[1]), content)

    def _answer(self, status: str, headers: dict[str, str], content: bytes) -> None:
        bodiless = self.command == "HEAD"  # which tells the length of what a GET would bring
        if not bodiless:
            headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            headers["Content-Length"] = str(len(content))
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not bodiless:
            self.wfile.write(content)

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        if type == "error":
            logger.error(message, *args)


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
