"""A client of data channels, for tests: the conversation is the control plane's, all else is as small as can be.

Functions of the tests use it too, so it imports nothing of the simulator.
"""

import select
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from control_plane.session.conversation import Conversation
from control_plane.session.frame import MessageType, read

REGION = "ap-northeast-1"
ANYBODY = Credentials("visitor", "none")
PATIENCE = 600.0  # seconds of the client's own time

Sign = Callable[[str, Credentials], dict[str, str]]


def signed(url: str, credentials: Credentials, service: str = "ssmmessages") -> dict[str, str]:
    """The headers that sign an upgrade."""
    parts = urlsplit(url)
    host = {"Host": parts.netloc}
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    request = AWSRequest("GET", f"https://{parts.netloc}{parts.path}", host, params=query)
    SigV4Auth(credentials, service, REGION).add_auth(request)
    return {name: str(value) for name, value in request.headers.items() if name != "Host"}


class Talk:
    """One session's channel."""

    def __init__(
        self, started: dict[str, Any], credentials: Credentials = ANYBODY, sign: Sign = signed, **opening: str
    ) -> None:
        """`opening`: what OpenDataChannel says otherwise than it should."""
        self.session, self.began = started["SessionId"], time.time()
        self.conversation = Conversation(
            opening.get("token", started["TokenValue"]),
            at=self.began,
            deadline=self.began + PATIENCE,
            new_id=uuid.uuid4,
        )
        self.sequences: Counter[int] = Counter()  # of the agent's messages, as they came
        self.kinds: list[str] = []
        self.last = b""  # message
        self.status = 0  # of the answer to the upgrade
        self.is_over, self.ended = False, 0.0
        url = parse_uri(started["StreamUrl"])
        self.socket = socket.create_connection((url.host, url.port))
        self._protocol = ClientProtocol(url, max_size=1 << 20)
        request = self._protocol.connect()
        for name, value in sign(started["StreamUrl"], credentials).items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()

    def fileno(self) -> int:
        return self.socket.fileno()

    @property
    def due(self) -> float:
        return self.conversation.due

    def read(self) -> None:
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._answered(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                self._hear(bytes(event.data))
        if not data:
            self.conversation.lose("it ended")
        self._flush()

    def wait(self) -> None:
        self._say(self.conversation.wait(time.time()))

    def close(self) -> None:
        self.is_over, self.ended = True, time.time()
        self.socket.close()

    def _answered(self, response: Response) -> None:
        self.status = response.status_code
        if self.status == 101:
            self._protocol.send_text(self.conversation.opening.encode())

    def _hear(self, message: bytes) -> None:
        heard, self.last = read(message), message
        self.kinds.append(heard.type)
        if heard.type == MessageType.OUTPUT:
            self.sequences[heard.sequence] += 1
        self._say(self.conversation.receive(message, time.time()))

    def _say(self, messages: Sequence[bytes]) -> None:
        if self._protocol.state is State.OPEN:
            for message in messages:
                self._protocol.send_binary(message)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self.socket.sendall(data)


def converse(talks: Sequence[Talk], seconds: float = PATIENCE) -> None:
    """Hold them all at once on one thread, to their ends, or for so long."""
    until = time.time() + seconds
    while (still := [talk for talk in talks if not talk.is_over]) and (now := time.time()) < until:
        due = min(until, *(talk.due for talk in still))
        ready, _, _ = select.select(still, [], [], max(0.0, due - now))
        for talk in ready:
            talk.read()
        for talk in still:
            talk.wait()
            if talk.conversation.outcome:
                talk.close()
