"""An echo service over TLS on port 443, for every name and address of this host; its path says how it misbehaves.

/            answers with the address that a connection comes from
/after/3     the same, three seconds late
/says/TEXT   answers with that text
"""

import ssl
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import AF_INET6
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import ClassVar


class _Handler(BaseHTTPRequestHandler):
    tls: ClassVar[ssl.SSLContext]

    def setup(self) -> None:
        self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        with self.request:
            super().finish()

    def do_GET(self) -> None:
        told = self.client_address[0].removeprefix("::ffff:")  # how a socket for both families shows IPv4
        match self.path.strip("/").split("/"):
            case ["after", seconds]:
                time.sleep(float(seconds))
            case ["says", text]:
                told = text
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{told}\n".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingTCPServer):
    address_family = AF_INET6
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that goes away, as one does that has waited long enough, is no error of ours."""


def serve(pem: Path) -> None:
    """Listen from now on, until this process ends. `pem` holds the certificate and its key."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = _Server(("::", 443), type("Handler", (_Handler,), {"tls": tls}))
    Thread(target=server.serve_forever, daemon=True).start()
