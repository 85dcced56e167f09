"""A Slack on this machine: a real HTTP server that answers as it is told, and a way to it for https://hooks.slack.com."""

import http.client
import json
import socket
import struct
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from control_plane.aws.slack import AsAnswered

HANG_UP, CUT_OFF = "hang up before reading", "take the message and hang up"


@dataclass(frozen=True)
class Says:
    """One answer of Slack's."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class SlackServer:
    port: int
    answers: list[Says | str]  # one a request, the last one for ever
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def opener(self) -> urllib.request.OpenerDirector:
        return urllib.request.build_opener(AsAnswered, _To(self.port))


class _To(urllib.request.HTTPSHandler):
    """Brings what goes to https://hooks.slack.com to a plain port of this machine."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        assert request.host == "hooks.slack.com"
        request.host = f"127.0.0.1:{self._port}"
        return self.do_open(http.client.HTTPConnection, request)


@contextmanager
def slack_server(*answers: Says | str) -> Iterator[SlackServer]:
    slack = SlackServer(0, list(answers) or [Says()])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = slack.answers.pop(0) if len(slack.answers) > 1 else slack.answers[0]
            if answer == HANG_UP:
                return self._reset()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            slack.requests.append((self.path, json.loads(body)))
            return self._reset() if isinstance(answer, str) else self._say(answer)

        def _say(self, answer: Says) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body.replace("{path}", self.path).encode())

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the base class)
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:  # a connection that we reset
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        slack.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield slack
        finally:
            server.shutdown()
            thread.join()
