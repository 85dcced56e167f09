"""What a fault does to a call that came in at the door."""

import io
import json
import re
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from simulator.faults.kinds import CallFault, CallKind
from simulator.operations import Call, Refusal
from simulator.responses import Environ, Response, error

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and each service's common errors
THROTTLED = {
    "lambda": Refusal("TooManyRequestsException", "Rate Exceeded.", 429),
    "ec2": Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    "s3": Refusal("SlowDown", "Please reduce your request rate.", 503),
}
THROTTLED_ELSEWHERE = Refusal("ThrottlingException", "Rate exceeded")
DENIED = {"ec2": "UnauthorizedOperation", "iam": "AccessDenied", "s3": "AccessDenied"}
REQUEST_ID = re.compile(rb"<(?:requestId|RequestId|RequestID)>[^<]*<")


class Lost(Exception):
    """Nothing comes back: the caller sees its connection end."""


class Disturbance:
    """Answers a call that a fault has hit."""

    def __init__(self, history: dict[object, list[Response]]) -> None:
        """`history`: the different answers to each question so far."""
        self.kill: Callable[[str], None] = lambda _caller: None  # the function of that name
        self.kill_plane: Callable[[], None] = lambda: None
        self.wait: Callable[[str, float], None] = lambda _caller, _seconds: None
        self._history = history
        self._lock = threading.Lock()

    def answer(
        self, fault: CallFault, call: Call, environ: Environ, body: bytes, ask: Callable[[], Response]
    ) -> Response:
        """
        Raises:
            Lost: the reply, or the call itself, is.
        """
        if refusal := refusal_of(fault, call):
            return error(call, refusal.code, refusal.message, refusal.status)
        match fault.kind:
            case CallKind.DELAY:
                self.wait(call.caller, fault.seconds)
                return ask()
            case CallKind.STALE:
                return self._stale(fault.states_ago, _asked(call, environ, body), ask())
            case CallKind.PARTIAL:
                return _partly(environ, body, ask)
            case CallKind.CUT | CallKind.KILL_AFTER:
                ask()
        self._kill(fault.kind, call.caller)
        raise Lost(f"The reply to {call.name} is lost.")

    def remember(self, call: Call, environ: Environ, body: bytes, response: Response) -> None:
        """Keep an answer that differs from the last one to the same question: a stale read may want it."""
        if (asked := _asked(call, environ, body)) is None:
            return
        with self._lock:
            seen = self._history.setdefault(asked, [])
            if not seen or _content(seen[-1]) != _content(response):
                seen.append(response)

    def _stale(self, states_ago: int, asked: object, now: Response) -> Response:
        with self._lock:
            seen = [*self._history.get(asked, ()), now]
        older = [one for one, next_one in pairwise(seen) if _content(one) != _content(next_one)]
        return older[-min(states_ago, len(older))] if older else now

    def _kill(self, kind: CallKind, caller: str) -> None:
        if kind in (CallKind.KILL_BEFORE, CallKind.KILL_AFTER):
            self.kill(caller)
        if kind is CallKind.NEVER_BACK:
            self.kill_plane()


def refusal_of(fault: CallFault, call: Call) -> Refusal | None:
    """How the service refuses the call; None, if the fault is of another kind."""
    match fault.kind:
        case CallKind.REFUSE:
            return Refusal(fault.code, fault.message, fault.status)
        case CallKind.THROTTLE:
            return THROTTLED.get(call.service, THROTTLED_ELSEWHERE)
        case CallKind.SERVER_ERROR:
            return Refusal("InternalFailure", "The request processing has failed.", 500)
        case CallKind.ACCESS_DENIED:
            code = DENIED.get(call.service, "AccessDeniedException")
            return Refusal(code, f"{call.caller} is not authorized to perform: {call.name}", 403)
    return None


def _asked(call: Call, environ: Environ, body: bytes) -> object:
    """What makes two reads the same question; nothing, if AWS promises that the answer is never stale.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
    """
    if b'"ConsistentRead": true' in body or b'"ConsistentRead":true' in body or "Transact" in call.operation:
        return None
    return call.name, environ["PATH_INFO"], environ.get("QUERY_STRING"), body


def _content(response: Response) -> tuple[str, bytes]:
    status, _, content = response
    return status, REQUEST_ID.sub(b"<", content)


def _partly(environ: Environ, body: bytes, ask: Callable[[], Response]) -> Response:
    """Have all entries of a PutEvents put but the first: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
    asked: dict[str, Any] = json.loads(body)
    failed = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
    entries: list[dict[str, Any]] = []
    if rest := asked["Entries"][1:]:
        smaller = json.dumps({**asked, "Entries": rest}).encode()
        environ |= {"wsgi.input": io.BytesIO(smaller), "CONTENT_LENGTH": str(len(smaller))}
        entries = json.loads(ask()[2])["Entries"]
    told = {"FailedEntryCount": 1, "Entries": [failed, *entries]}
    return "200 OK", [("Content-Type", "application/x-amz-json-1.1")], json.dumps(told).encode()
