"""The messages of one direction in their order: early ones wait, late ones are repeats.

Like the agent, and unlike AWS's own client, a repeat is acknowledged again: the acknowledgement may have been lost.
"""

import json
from collections.abc import Iterator
from uuid import UUID

from control_plane.session.frame import Message, MessageType, written

EARLY = 1 << 19  # bytes that may wait for what comes before them; AWS's client keeps 10,000 messages
SYN_AND_FIN = 3
LONGEST_JSON = 1 << 14  # bytes; both ends write some hundreds, and in memory JSON can take thirty times its length


class Order:
    def __init__(self) -> None:
        self._expected = 0
        self._early: dict[int, Message] = {}
        self._held = 0

    @property
    def has_gap(self) -> bool:
        """Whether something is missing before what has come."""
        return bool(self._early)

    def takes(self, message: Message) -> bool:
        """Whether to acknowledge a message: all but one that is early when there is no room for more of these."""
        if message.sequence <= self._expected or message.sequence in self._early:
            return True
        return self._held + _weight(message) <= EARLY

    def ready(self, message: Message) -> Iterator[Message]:
        """What can be worked on, now that a message has come which it `takes`."""
        if message.sequence >= self._expected and message.sequence not in self._early:
            self._early[message.sequence] = message
            self._held += _weight(message)
        while self._expected in self._early:
            ready = self._early.pop(self._expected)
            self._held -= _weight(ready)
            self._expected += 1
            yield ready


def _weight(message: Message) -> int:
    """Bytes in memory, roughly: a message costs something even when it is empty."""
    return 512 + len(message.payload)


def acknowledgement(message: Message, id_: UUID, created: int) -> bytes:
    """The frame that says that a message has come. The agent matches it by the sequence number alone."""
    payload = {
        "AcknowledgedMessageType": message.type,
        "AcknowledgedMessageId": str(message.id),
        "AcknowledgedMessageSequenceNumber": message.sequence,
        "IsSequentialMessage": True,
    }
    return written(
        Message(
            type=MessageType.ACKNOWLEDGE,
            id=id_,
            created=created,
            flags=SYN_AND_FIN,
            payload=json.dumps(payload, separators=(",", ":")).encode(),
        )
    )


def acknowledged(message: Message) -> int | None:
    """The sequence number that an acknowledgement is about; None, if it does not say."""
    number = fields_of(message.payload).get("AcknowledgedMessageSequenceNumber")
    return number if isinstance(number, int) else None


def fields_of(payload: bytes) -> dict[str, object]:
    """A payload's JSON object; one that is none, or is too long, has no fields."""
    try:
        found = json.loads(payload) if len(payload) <= LONGEST_JSON else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
