"""The agent's end of a conversation, as far as a test needs one."""

import hashlib
import json
from collections.abc import Iterable
from itertools import count
from uuid import UUID

from control_plane.session.conversation import Conversation
from control_plane.session.frame import Message, MessageType, PayloadType, read, written

NOON = 1_764_000_000.0  # seconds since 1970
HOUR = 3600.0
TOKEN = "AAEAAToken"  # noqa: S105 # a made-up one


def conversation(deadline: float = NOON + HOUR) -> Conversation:
    numbers = count(1)
    return Conversation(TOKEN, at=NOON, deadline=deadline, new_id=lambda: UUID(int=next(numbers)))


def stream(sequence: int, payload_type: int, payload: bytes) -> bytes:
    """A frame of the agent's; the same one, if it is sent again."""
    id_ = UUID(bytes=hashlib.md5(b"%d" % sequence, usedforsecurity=False).digest())
    return written(
        Message(
            type=MessageType.OUTPUT,
            id=id_,
            created=round(NOON * 1000),
            sequence=sequence,
            flags=int(sequence == 0),
            payload_type=payload_type,
            payload=payload,
        )
    )


def service(type_: str, payload: bytes = b"") -> bytes:
    return written(Message(type=type_, id=UUID(int=7), created=round(NOON * 1000), payload=payload))


def closed(said: str = "") -> bytes:
    return service(MessageType.CHANNEL_CLOSED, json.dumps({"MessageType": "channel_closed", "Output": said}).encode())


def request(*actions: tuple[str, object]) -> bytes:
    asked = [{"ActionType": kind, "ActionParameters": parameters} for kind, parameters in actions]
    return json.dumps({"AgentVersion": "3.3.1142.0", "RequestedClientActions": asked}).encode()


COMMANDS = ("SessionType", {"SessionType": "NonInteractiveCommands", "Properties": None})
KMS = ("KMSEncryption", {"KMSKeyId": "arn:aws:kms:ap-northeast-1:123456789012:key/made-up", "Challenge": "AAAA"})
ASKED = (PayloadType.HANDSHAKE_REQUEST, request(COMMANDS))
COMPLETE = (PayloadType.HANDSHAKE_COMPLETE, b'{"HandshakeTimeToComplete":104857600,"CustomerMessage":""}')
EXITED = (PayloadType.EXIT_CODE, b"EXIT_CODE: 0")


def frames(*payloads: tuple[int, bytes]) -> list[bytes]:
    """What the agent sends, from its first word on."""
    return [stream(sequence, *payload) for sequence, payload in enumerate(payloads)]


def told(talk: Conversation, said: Iterable[bytes], at: float = NOON) -> list[Message]:
    """Hand these frames in; what the conversation sends meanwhile."""
    return [read(frame) for each in said for frame in talk.receive(each, at)]
