"""What the agent asks before it starts a command, and what a client answers that only ever runs commands.

Any answer but Success makes the agent cancel the session and give our text as its reason.
"""

import json
from enum import IntEnum
from typing import Any, NamedTuple

from control_plane.session.order import fields_of

# At least the version that AWS names as the oldest it supports.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html
CLIENT_VERSION = "1.2.764.0"
OURS = "NonInteractiveCommands"
NO_KMS = (
    "This client does not encrypt with KMS. Use a Session document that has no kmsKeyId, and have none in the "
    "account's Session Manager preferences; TLS protects the channel either way."
)
MOST = 8  # actions; agents request two at most
TOO_MANY = f"This client does no more than {MOST} things."


class Status(IntEnum):
    SUCCESS = 1
    FAILED = 2
    UNSUPPORTED = 3


class Answer(NamedTuple):
    payload: bytes
    refusal: str  # empty, if all that was asked can be done


def answer(request: bytes) -> Answer:
    """The HandshakeResponse, with one entry for each action requested, in their order.

    >>> answer(b'{"RequestedClientActions":[{"ActionType":"KMSEncryption"}]}').refusal[:38]
    'This client does not encrypt with KMS.'
    """
    requested = fields_of(request).get("RequestedClientActions")
    actions = requested if isinstance(requested, list) else []
    processed = [_processed(action) for action in actions[:MOST]]
    refusals = [entry["Error"] for entry in processed if entry["Error"]] + [TOO_MANY] * (len(actions) > MOST)
    response = {"ClientVersion": CLIENT_VERSION, "ProcessedClientActions": processed, "Errors": None}
    return Answer(json.dumps(response, separators=(",", ":")).encode(), " ".join(refusals))


def _processed(action: Any) -> dict[str, Any]:
    asked = action if isinstance(action, dict) else {}
    status, error = _judged(str(asked.get("ActionType")), asked.get("ActionParameters"))
    return {"ActionType": asked.get("ActionType"), "ActionStatus": status, "ActionResult": None, "Error": error}


def _judged(kind: str, parameters: Any) -> tuple[Status, str]:
    if kind == "KMSEncryption":
        return Status.UNSUPPORTED, NO_KMS
    if kind != "SessionType":
        return Status.UNSUPPORTED, f"This client cannot do {kind[:60]!r}."
    session = parameters.get("SessionType") if isinstance(parameters, dict) else None
    if session != OURS:
        return Status.FAILED, f"This client speaks in sessions of type {OURS} alone, not {str(session)[:60]!r}."
    return Status.SUCCESS, ""
