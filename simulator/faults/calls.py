"""What a fault does to a call that came in at the door."""

import io
import json
import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from simulator.faults.in_force import Faults
from simulator.faults.kinds import MOST_STATES_AGO, CallFault, CallKind
from simulator.operations import Call, Refusal
from simulator.responses import Environ, Response, denied, error

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and each service's common errors
THROTTLED = {
    "dynamodb": Refusal("ProvisionedThroughputExceededException", "The level of configured throughput was exceeded."),
    "ec2": Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    "iam": Refusal("Throttling", "Rate exceeded"),
    "lambda": Refusal("TooManyRequestsException", "Rate Exceeded.", 429),
    "s3": Refusal("SlowDown", "Please reduce your request rate.", 503),
}
THROTTLED_ELSEWHERE = Refusal("ThrottlingException", "Rate exceeded")
BROKEN = {
    "dynamodb": "InternalServerError",
    "ec2": "InternalError",
    "events": "InternalException",
    "iam": "ServiceFailure",
    "lambda": "ServiceException",
    "s3": "InternalError",
    "secretsmanager": "InternalServiceError",  # pragma: allowlist secret # a service's name and no secret
    "ssm": "InternalServerError",
}
READS = ("BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan")
REQUEST_ID = re.compile(rb"<(?:requestId|RequestId|RequestID)>[^<]*<")


class Lost(Exception):
    """Nothing comes back: the caller sees its connection end. `at_last`: what is to happen when that is on record."""

    def __init__(self, call: Call, at_last: Callable[[], None]) -> None:
        super().__init__(f"The reply to {call.name} is lost.")
        self.at_last = at_last


class Disturbance:
    """Answers a call that a fault has hit."""

    def __init__(self, faults: Faults) -> None:
        self.kill: Callable[[str], None] = lambda _token: None  # the sandbox with that session token
        self.kill_plane: Callable[[], None] = lambda: None
        self.wait: Callable[[str, float], bool] = lambda _token, _seconds: True  # false: its time is over
        self._faults, self._history = faults, faults.history
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
        token, at_last = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""), _nothing
        match fault.kind:
            case CallKind.DELAY:
                in_time, reply = self.wait(token, fault.seconds), ask()
                if in_time:
                    return reply
            case CallKind.STALE:
                now = ask()
                return self._stale(fault, self.older(call, environ, body), now)
            case CallKind.PARTIAL:
                return _partly(environ, body, ask)
            case CallKind.CUT | CallKind.KILL_AFTER:
                ask()
        if fault.kind in (CallKind.KILL_BEFORE, CallKind.KILL_AFTER, CallKind.DELAY):
            at_last = partial(self.kill, token)
        elif fault.kind is CallKind.NEVER_BACK:
            at_last = self.kill_plane
        raise Lost(call, at_last)

    def remember(self, call: Call, environ: Environ, body: bytes, response: Response) -> None:
        """Keep an answer that differs from the last one to the same question: a stale read may want it."""
        if (asked := _asked(call, environ, body)) is None:
            return
        with self._lock:
            seen = self._history.setdefault(asked, [])
            if not seen or _content(seen[-1]) != _content(response):
                seen.append(response)
                del seen[: -MOST_STATES_AGO - 1]

    def older(self, call: Call, environ: Environ, body: bytes) -> list[Response]:
        """Earlier answers to the same question, each different from the next."""
        with self._lock:
            return self._history.get(_asked(call, environ, body), [])[:-1]

    def _stale(self, fault: CallFault, older: list[Response], now: Response) -> Response:
        if not older:
            self._faults.take_back(fault)
            return now
        return older[-min(fault.states_ago, len(older))]


def _nothing() -> None:
    pass


def refusal_of(fault: CallFault, call: Call) -> Refusal | None:
    """How the service refuses the call; None, if the fault is of another kind."""
    match fault.kind:
        case CallKind.REFUSE:
            return Refusal(fault.code, fault.message, fault.status)
        case CallKind.THROTTLE:
            return THROTTLED.get(call.service, THROTTLED_ELSEWHERE)
        case CallKind.SERVER_ERROR:
            return Refusal(BROKEN.get(call.service, "InternalFailure"), "The request processing has failed.", 500)
        case CallKind.ACCESS_DENIED:
            return denied(call.service, f"{call.caller} is not authorized to perform: {call.name}")
    return None


def _asked(call: Call, environ: Environ, body: bytes) -> object:
    """What makes two reads the same question; nothing, if it is no read, or AWS promises that it is never stale.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    """
    if call.service == "s3" or not call.operation.startswith(READS) or re.search(rb'"ConsistentRead":\s*true', body):
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
