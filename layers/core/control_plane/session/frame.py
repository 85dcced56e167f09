"""One binary message of the data channel; all of its integers are big-endian.

==== ==== ============== =================================================================================
from size field          what it holds
==== ==== ============== =================================================================================
   0    4 HeaderLength   116, where PayloadLength is; or 112: then there is no PayloadType, and all moves up
   4   32 MessageType    ASCII, filled up with spaces; by the service itself also with NULs
  36    4 SchemaVersion  1
  40    8 CreatedDate    milliseconds since 1970
  48    8 SequenceNumber from 0 in either direction; 0 in what is not sequenced
  56    8 Flags          1 SYN, 2 FIN; neither end goes by them
  64   16 MessageId      a UUID, its second half first
  80   32 PayloadDigest  SHA-256 of the payload
 112    4 PayloadType    `PayloadType`
 116    4 PayloadLength  bytes
 120    n Payload
==== ==== ============== =================================================================================

Source: src/message of https://github.com/aws/session-manager-plugin.
"""

import hashlib
import struct
from enum import IntEnum, StrEnum
from typing import NamedTuple
from uuid import UUID

HEAD = struct.Struct(">I32sIQqQ16s32s")
NUMBER = struct.Struct(">I")
SHORT, FULL = HEAD.size, HEAD.size + NUMBER.size  # the two header lengths
LARGEST = 1 << 16  # bytes of a frame; the agent sends about 1,200 at most


class MessageType(StrEnum):
    INPUT = "input_stream_data"
    OUTPUT = "output_stream_data"
    ACKNOWLEDGE = "acknowledge"
    CHANNEL_CLOSED = "channel_closed"
    START_PUBLICATION = "start_publication"
    PAUSE_PUBLICATION = "pause_publication"


class PayloadType(IntEnum):
    NONE = 0
    OUTPUT = 1
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    ENCRYPTION_CHALLENGE = 8
    STDERR = 11
    EXIT_CODE = 12


# These carry nothing, and may have neither a date nor a digest.
BARE = frozenset({MessageType.START_PUBLICATION, MessageType.PAUSE_PUBLICATION})


class CorruptFrame(Exception):
    """A frame that is no message; it is not acknowledged, so whoever sent it sends it again."""


class Message(NamedTuple):
    """A message; its types are as they came, for there may be some that we do not know."""

    type: str
    id: UUID
    created: int  # milliseconds since 1970
    sequence: int = 0
    flags: int = 0
    payload_type: int = PayloadType.NONE
    payload: bytes = b""


def written(message: Message) -> bytes:
    """The frame of a message, as client and agent write it."""
    head = HEAD.pack(
        FULL,
        message.type.encode("ascii").ljust(32),
        1,
        message.created,
        message.sequence,
        message.flags,
        _swapped(message.id.bytes),
        hashlib.sha256(message.payload).digest(),
    )
    return head + NUMBER.pack(message.payload_type) + NUMBER.pack(len(message.payload)) + message.payload


def read(frame: bytes) -> Message:
    """
    Raises:
        CorruptFrame: it is no message; the text says why.
    """
    if len(frame) > LARGEST:
        raise CorruptFrame(f"{len(frame)} bytes are more than the {LARGEST} that a frame may have.")
    if len(frame) < HEAD.size + NUMBER.size:
        raise CorruptFrame(f"{len(frame)} bytes hold no header.")
    length, kind, _, created, sequence, flags, swapped, digest = HEAD.unpack_from(frame)
    type_, id_ = _type_of(kind), UUID(bytes=_swapped(swapped))
    if type_ in BARE:
        return Message(type=type_, id=id_, created=created)
    payload_type, payload = _payload(frame, length)
    if created == 0:
        raise CorruptFrame("It has no date.")
    if payload and hashlib.sha256(payload).digest() != digest:
        raise CorruptFrame("Its payload is not the one that its digest was made of.")
    return Message(
        type=type_,
        id=id_,
        created=created,
        sequence=sequence,
        flags=flags,
        payload_type=payload_type,
        payload=payload,
    )


def _type_of(kind: bytes) -> str:
    try:
        type_ = kind.strip(b" \0").decode("ascii")
    except UnicodeDecodeError:
        raise CorruptFrame(f"{kind!r} is no message type.") from None
    if not type_:
        raise CorruptFrame("It has no message type.")
    return type_


def _payload(frame: bytes, header: int) -> tuple[int, bytes]:
    """The payload and its type; the header's own length says where they are."""
    if header not in (SHORT, FULL):
        raise CorruptFrame(f"A header of {header} bytes is neither of {SHORT} nor of {FULL}.")
    start = header + NUMBER.size
    if len(frame) < start:
        raise CorruptFrame(f"{len(frame)} bytes hold no header of {header}.")
    (length,) = NUMBER.unpack_from(frame, header)
    if len(frame) - start != length:
        raise CorruptFrame(f"A payload of {length} bytes was announced, and {len(frame) - start} came.")
    payload_type = NUMBER.unpack_from(frame, SHORT)[0] if header == FULL else PayloadType.NONE
    return payload_type, frame[start:]


def _swapped(id_: bytes) -> bytes:
    return id_[8:] + id_[:8]
