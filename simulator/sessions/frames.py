"""The binary messages of a data channel, as the agent and the service write them.

In front of the payload, all integers big-endian: the header's length (4 bytes), the kind (32), the version (4), the
date (8), the sequence number (8), flags (8), the id (16), the payload's digest (32), its type (4) and its length (4).
The header's length leaves out the payload's: 116, or 112 in what the service makes itself, which has no payload type.
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID

FULL, SHORT = 116, 112
SYN, FIN = 1, 2


class Kind(StrEnum):
    INPUT = "input_stream_data"
    OUTPUT = "output_stream_data"
    ACKNOWLEDGE = "acknowledge"
    CLOSED = "channel_closed"
    START = "start_publication"
    PAUSE = "pause_publication"


class Payload(IntEnum):
    OUTPUT = 1
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    STDERR = 11
    EXIT_CODE = 12


class Malformed(Exception):
    """No message; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    kind: str
    id: UUID
    date: int = 0  # milliseconds since 1970
    sequence: int = 0
    flags: int = 0
    payload_type: int | None = 0  # None: the service's short form
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    short = frame.payload_type is None
    kind = frame.kind.encode("ascii").ljust(32, b"\0" if short else b" ")
    digest = hashlib.sha256(frame.payload).digest() if frame.payload else bytes(32)
    numbers = (_int(frame.date, 8), _int(frame.sequence, 8), _int(frame.flags, 8))
    header = b"".join([_int(SHORT if short else FULL, 4), kind, _int(1, 4), *numbers, _turned(frame.id.bytes), digest])
    header += b"" if frame.payload_type is None else _int(frame.payload_type, 4)
    return header + _int(len(frame.payload), 4) + frame.payload


def decode(data: bytes) -> Frame:
    """
    Raises:
        Malformed
    """
    if len(data) < 36:
        raise Malformed(f"{len(data)} bytes hold no kind.")
    kind, date = data[4:36].strip(b"\0 ").decode("ascii", "replace"), _number(data, 40, 8)
    length, short = _number(data, 0, 4), _number(data, 0, 4) == SHORT
    if kind in (Kind.START, Kind.PAUSE):
        return Frame(kind=kind, id=_id(data), date=date)
    if length not in (SHORT, FULL):
        raise Malformed(f"A header of {length} bytes.")
    payload = data[length + 4 :]
    if len(data) < length + 4 or _number(data, length, 4) != len(payload):
        raise Malformed("It is shorter or longer than it says.")
    if not kind or date == 0:
        raise Malformed("It has no kind." if not kind else "It has no date.")
    if payload and hashlib.sha256(payload).digest() != data[80:112]:
        raise Malformed("Its digest is another payload's.")
    return Frame(
        kind=kind,
        id=_id(data),
        date=date,
        sequence=_number(data, 48, 8),
        flags=_number(data, 56, 8),
        payload_type=None if short else _number(data, SHORT, 4),
        payload=payload,
    )


def _int(value: int, size: int) -> bytes:
    return value.to_bytes(size)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size])


def _id(data: bytes) -> UUID:
    return UUID(bytes=_turned(data[64:80].ljust(16, b"\0")))


def _turned(id_: bytes) -> bytes:
    """On the wire the second half of an id comes first."""
    return id_[8:] + id_[:8]
