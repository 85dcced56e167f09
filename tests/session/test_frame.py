"""Frames, byte for byte: the vectors were checked against the parser and the serialiser of AWS's own client."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.session.frame import BARE, FULL, LARGEST, CorruptFrame, Message, PayloadType, read, written

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
WHY = {
    "payload_digest_mismatch": "digest",
    "truncated_header": "no header",
    "created_date_zero": "no date",
    "header_length_zero": "header of 0 bytes is neither",
    "message_type_blank": "no message type",
    "header_length_overrun": "neither of 112 nor of 116",
}


def message_of(vector: dict[str, Any]) -> Message:
    bare = vector["message_type"] in BARE
    return Message(
        type=vector["message_type"],
        id=UUID(vector["message_id"]),
        created=vector["created_date"],
        sequence=0 if bare else vector["sequence_number"],
        flags=0 if bare else vector["flags"],
        payload_type=vector["payload_type"] or 0,
        payload=bytes.fromhex(vector["payload_hex"]),
    )


def named(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


@pytest.mark.parametrize("vector", named(VECTORS["messages"]))
def test_a_frame_is_read_as_the_message_that_it_is(vector: dict[str, Any]) -> None:
    assert read(bytes.fromhex(vector["hex"])) == message_of(vector)


WRITTEN = [each for each in VECTORS["messages"] if each["header_length"] == FULL and each["type_padding"] == "space"]


@pytest.mark.parametrize("vector", named([each for each in WRITTEN if each["payload_length"]]))
def test_a_message_is_written_byte_for_byte(vector: dict[str, Any]) -> None:
    assert written(message_of(vector)).hex() == vector["hex"]


@pytest.mark.parametrize("vector", named(VECTORS["invalid"]))
def test_what_is_no_message_is_refused_with_its_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(CorruptFrame, match=WHY[vector["name"]]):
        read(bytes.fromhex(vector["hex"]))


def test_a_frame_may_be_no_larger_than_64_kib() -> None:
    with pytest.raises(CorruptFrame, match="65537 bytes are more"):
        read(bytes(LARGEST + 1))


@given(frame=st.binary(max_size=400))
def test_garbage_is_refused_and_breaks_nothing(frame: bytes) -> None:
    with pytest.raises(CorruptFrame):
        read(frame)


@given(data=st.data(), vector=st.sampled_from(VECTORS["messages"]))
def test_a_spoilt_frame_is_a_message_or_refused_and_breaks_nothing(data: st.DataObject, vector: dict[str, Any]) -> None:
    frame = bytearray.fromhex(vector["hex"])
    for place in data.draw(st.lists(st.integers(0, len(frame) - 1), min_size=1, max_size=4)):
        frame[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(frame)))
    try:
        message = read(bytes(frame[:end]))
    except CorruptFrame:
        return
    assert message.payload == b"" or message.payload == bytes.fromhex(vector["payload_hex"])


@given(
    type_=st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=32).filter(lambda type_: type_ not in BARE),
    id_=st.uuids(),
    created=st.integers(1, 2**64 - 1),
    sequence=st.integers(-(2**63), 2**63 - 1),
    flags=st.integers(0, 2**64 - 1),
    payload_type=st.sampled_from(PayloadType),
    payload=st.binary(max_size=1024),
)
def test_what_is_written_is_read_again(
    type_: str, id_: UUID, created: int, sequence: int, flags: int, payload_type: int, payload: bytes
) -> None:
    message = Message(
        type=type_,
        id=id_,
        created=created,
        sequence=sequence,
        flags=flags,
        payload_type=payload_type,
        payload=payload,
    )
    assert read(written(message)) == message
