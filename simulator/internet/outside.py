"""What the world outside answers, and to whom."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from simulator.context import Context
from simulator.internet.way_out import way_out

EVERY_HOST = "*"
NOWHERE = ".invalid"  # no host is ever there: https://www.rfc-editor.org/rfc/rfc6761#section-6.4
SLACK = "hooks.slack.com"
ELSEWHERE = "192.0.2.254"  # what somebody outside every VPC is seen as; never handed out as an Elastic IP

Slack = Callable[[str, bytes], tuple[int, dict[str, str], bytes] | None]


@dataclass(frozen=True)
class Letter:
    """One request that reached its host."""

    host: str
    port: int
    path: str
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Outside:
    """Every host is an echo host: it answers with the address a connection came from; Slack's answers as Slack does."""

    def __init__(self, context: Context, slack: Slack) -> None:
        self._context, self._slack = context, slack
        self._lock = threading.Lock()
        self._connections: Counter[str] = Counter()
        self._blocked: set[str] = set()
        self._texts: dict[str, str] = {}

    def block(self, host: str = EVERY_HOST) -> None:
        """Have a host answer nobody any more."""
        self._blocked.add(host)

    def answer(self, host: str, text: str) -> None:
        """Have a host (or ``"*"``) answer with `text` instead of an address."""
        self._texts[host] = text

    def reset(self) -> None:
        """Undo every `block` and `answer`."""
        self._blocked.clear()
        self._texts.clear()

    def reply(self, letter: Letter, seen_as: str) -> Reply | None:
        """The answer to somebody who is seen as this address; None where nothing ever comes back."""
        if letter.host == SLACK:
            answer = self._slack(letter.path, letter.body)
            return Reply(*answer) if answer else None
        text = self._texts.get(letter.host, self._texts.get(EVERY_HOST, seen_as))
        return Reply(200, {"Content-Type": "text/plain"}, f"{text}\n".encode())

    def seen_as(self, sender_id: str, host: str, port: int) -> str | None:
        """The address that a new connection is seen from; None where its packets get lost.

        One of those it may leave by: a sender's connections take them in turn.

        Args:
            sender_id: of the interface or instance it comes from; "": from somewhere else.
        """
        if not self._blocked.isdisjoint({host, EVERY_HOST}) or host.endswith(NOWHERE):
            return None
        if not sender_id:
            return ELSEWHERE
        addresses = way_out(self._context, sender_id, host, port).addresses
        with self._lock:
            turn = self._connections[sender_id]
            self._connections[sender_id] += 1
        return addresses[turn % len(addresses)] if addresses else None
