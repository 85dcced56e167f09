"""One TLS server on loopback that is every host outside.

An instance comes to it by a CONNECT that says whose packets follow; a function, which is in no VPC, comes straight.
"""

import contextlib
import http.client
import io
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulator.internet.certificates import Authority
from simulator.internet.outside import Letter, Outside

SENDER = "X-Simulator-Sender"  # says whose packet this is; no real client sends it
HTTPS = 443
PATIENCE = 30.0  # real seconds for a client that says nothing


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hangs up, or trusts us not, is no news
            super().handle_error(request, client_address)


class Server:
    """Serves until closed."""

    def __init__(self, authority: Authority, outside: Outside) -> None:
        handler = type("Handler", (_Handler,), {"authority": authority, "outside": outside})
        self._server = _Quiet(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="internet", daemon=True)
        self._thread.start()
        self.port = int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    authority: Authority
    outside: Outside
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    seen_as: str | None = None  # the address that the connection is seen from, where that is known already

    def setup(self) -> None:
        self.request.settimeout(PATIENCE)
        if self.request.recv(1, socket.MSG_PEEK) == b"C":
            self._be_connected()
        self.request = self.authority.any_host.wrap_socket(self.request, server_side=True)
        super().setup()

    def _be_connected(self) -> None:
        """
        Raises:
            ConnectionAbortedError: nothing ever comes back from where its packets go.
        """
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (letter := self.request.recv(1)):
                raise ConnectionAbortedError
            head += letter
        line, _, fields = head.partition(b"\r\n")
        sender = http.client.parse_headers(io.BytesIO(fields)).get(SENDER, "")
        host, _, port = line.split()[1].decode().rpartition(":")
        self.seen_as = self.outside.seen_as(sender, host.lower(), int(port))
        if self.seen_as is None:
            raise ConnectionAbortedError
        self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")

    def finish(self) -> None:
        with self.request, contextlib.suppress(OSError):  # the client may have gone
            super().finish()

    def handle_one_request(self) -> None:
        with contextlib.suppress(OSError):
            super().handle_one_request()

    def do_GET(self) -> None:
        letter = self._letter()
        seen_as = self.seen_as or self.outside.seen_as("", letter.host, letter.port)
        reply = self.outside.reply(letter, seen_as) if seen_as else None
        if reply is None:
            self.close_connection = True  # nothing comes back: the client sees its connection end
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_HEAD = do_POST = do_GET  # noqa: N815 (http.server's names)

    def _letter(self) -> Letter:
        host, _, port = self.headers.get("Host", "").partition(":")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return Letter(host.lower(), int(port or HTTPS), self.path, body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        pass
