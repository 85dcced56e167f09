"""Where messages to Slack end: one incoming webhook, and what came in by it.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from simulator.clock import Clock
from simulator.eventbridge.buses import rfc3339
from simulator.faults import Faults

HOOK = "/services/T00000000/B00000000/SIMULATEDSIMULATEDSIMULA"
URL = f"https://hooks.slack.com{HOOK}"

Reply = tuple[int, dict[str, str], bytes]


class SlackInbox:
    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._faults = faults
        self._clock = clock
        self._lock = threading.Lock()
        self._messages: list[dict[str, Any]] = []
        self._refusals: deque[Reply] = deque()
        self._down = False

    def messages(self) -> list[dict[str, Any]]:
        """Oldest first, each ``{"Time", "EventId", "Payload"}``; EventId is None where the payload holds none."""
        with self._lock:
            return list(self._messages)

    def refuse(self, status: int, *, times: int = 1, headers: dict[str, str] | None = None) -> None:
        """Answer the next posts so, in this order, and take none of them."""
        self._refusals.extend([(status, headers or {}, b"refused")] * times)

    def go_down(self, *, down: bool = True) -> None:
        """Answer 503 until told otherwise."""
        self._down = down

    def receive(self, path: str, body: bytes) -> Reply | None:
        """Answer a post as Slack does; None: its answer is lost."""
        fault = self._faults.for_post()
        if fault and fault.status:
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
            return fault.status, headers, b"no_service" if fault.status == 404 else b"injected"
        reply = self._take(path, body)
        return None if fault else reply

    def _take(self, path: str, body: bytes) -> Reply:
        with self._lock:
            if self._down:
                return 503, {}, b"service_unavailable"
            if self._refusals:
                return self._refusals.popleft()
            if path != HOOK:
                return 404, {}, b"no_service"
            try:
                payload = json.loads(body)
            except ValueError:
                return 400, {}, b"invalid_payload"
            event_id = next(_event_ids(payload), None)
            self._messages.append({"Time": rfc3339(self._clock.now()), "EventId": event_id, "Payload": payload})
            return 200, {"Content-Type": "text/html"}, b"ok"


def _event_ids(node: Any) -> Iterator[str]:
    """Wherever a payload says which event it tells of; a message's metadata is the usual place."""
    if isinstance(node, list):
        for item in node:
            yield from _event_ids(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key.lower().replace("_", "") == "eventid" and isinstance(value, str):
                yield value
            else:
                yield from _event_ids(value)
