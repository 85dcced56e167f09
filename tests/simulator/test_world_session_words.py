"""What the gateway and the agents read and write, without a channel: frames, signatures, command lines, output."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.sessions.command import CHUNK, Failed, Ran, Said, chunks, said_by
from simulator.sessions.frames import Frame, Malformed, Payload, decode, encode
from simulator.sessions.signature import Unsigned, Upgrade, canonical, signer
from simulator.sessions.words import Unbalanced, words

VECTORS = json.loads((Path(__file__).parents[1] / "session/vectors.json").read_text(encoding="utf-8"))


def named(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


# -------------------------------------------------------------------- frames


def frame_of(vector: dict[str, Any]) -> Frame:
    return Frame(
        kind=vector["message_type"],
        id=UUID(vector["message_id"]),
        date=vector["created_date"],
        sequence=vector["sequence_number"],
        flags=vector["flags"],
        payload_type=vector["payload_type"],
        payload=bytes.fromhex(vector["payload_hex"]),
    )


@pytest.mark.parametrize("vector", named(VECTORS["messages"]))
def test_a_frame_is_read_and_written_byte_for_byte(vector: dict[str, Any]) -> None:
    assert decode(bytes.fromhex(vector["hex"])) == frame_of(vector)
    assert encode(frame_of(vector)).hex() == vector["hex"]


WHY = {
    "payload_digest_mismatch": "digest",
    "truncated_header": "shorter or longer",
    "created_date_zero": "no date",
    "header_length_zero": "A header of 0 bytes",
    "message_type_blank": "no kind",
    "header_length_overrun": "A header of 2147483392 bytes",
}


@pytest.mark.parametrize("vector", named(VECTORS["invalid"]))
def test_what_is_no_frame_is_refused_with_the_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=WHY[vector["name"]]):
        decode(bytes.fromhex(vector["hex"]))


@given(data=st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        decode(data)
    except Malformed:
        return


# -------------------------------------------------------------------- signatures


def upgrade_of(vector: dict[str, Any], **changes: str) -> Upgrade:
    host, _, target = vector["url"].removeprefix("wss://").partition("/")
    headers = {"host": host, "x-amz-date": vector["amz_date"], "authorization": vector["authorization"]}
    token = {"x-amz-security-token": vector["session_token"]} if vector["session_token"] else {}
    return Upgrade(f"/{target}", headers | token | changes)


@pytest.mark.parametrize("vector", named(VECTORS["sigv4"]))
def test_a_signature_of_awss_own_client_is_good(vector: dict[str, Any]) -> None:
    upgrade = upgrade_of(vector)
    signed = ["host", "x-amz-date", *(["x-amz-security-token"] if vector["session_token"] else [])]

    assert canonical(upgrade, signed) == vector["canonical_request"]
    assert signer(upgrade, vector["region"], vector["secret_key"]) == vector["access_key"]
    assert signer(upgrade, vector["region"], None) == vector["access_key"]


SIGNED = VECTORS["sigv4"][0]


@pytest.mark.parametrize(
    ("upgrade", "secret", "why"),
    [
        pytest.param(upgrade_of(SIGNED), "another", "does not match", id="another secret"),
        pytest.param(
            replace(upgrade_of(SIGNED), target="/v1/data-channel/another?role=publish_subscribe"),
            SIGNED["secret_key"],
            "does not match",
            id="another session's",
        ),
        pytest.param(upgrade_of(SIGNED, authorization=""), None, "no Authorization", id="none"),
        pytest.param(
            upgrade_of(SIGNED, **{"x-amz-date": "20251010T085320Z"}), None, "signed for 20251009", id="another day"
        ),
        pytest.param(
            upgrade_of(SIGNED, authorization=SIGNED["authorization"].replace("ssmmessages", "ssm")),
            None,
            "signed for 20251009/us-west-2/ssm/",
            id="another service",
        ),
        pytest.param(
            upgrade_of(SIGNED, authorization=SIGNED["authorization"].replace(";x-amz-security-token", "")),
            None,
            "instead of host, x-amz-date, x-amz-security-token",
            id="the token unsigned",
        ),
    ],
)
def test_a_wrong_signature_is_refused(upgrade: Upgrade, secret: str | None, why: str) -> None:
    with pytest.raises(Unsigned, match=why):
        signer(upgrade, SIGNED["region"], secret)


# -------------------------------------------------------------------- command lines


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        pytest.param(" a\tb\nc ", ["a", "b", "c"], id="blanks part words"),
        pytest.param("a'b c'd \"e f\"", ["ab cd", "e f"], id="quotes do not"),
        pytest.param("a '' \"\"", ["a", "", ""], id="nothing in quotes is a word"),
        pytest.param(r"'a\b' 'c\'", [r"a\b", "c\\"], id="single quotes are literal"),
        pytest.param(r'a\ b \n "\n\$\"" \' ', ["a b", "n", 'n$"', "'"], id="a backslash takes what follows"),
        pytest.param("a\\\nb", ["a\nb"], id="and a line break too"),
        pytest.param("a # b 'c\nd e#f", ["a", "d", "e#f"], id="a comment ends with its line"),
        pytest.param("a; b && $c | d > e", ["a;", "b", "&&", "$c", "|", "d", ">", "e"], id="there is no shell"),
        pytest.param(" \n", [], id="nothing"),
    ],
)
def test_a_command_line_comes_to_words(line: str, argv: list[str]) -> None:
    assert words(line) == argv


@pytest.mark.parametrize("line", ["a 'b", 'a "b', 'a "b\\"', "a\\"])
def test_a_command_line_that_breaks_off_is_none(line: str) -> None:
    with pytest.raises(Unbalanced):
        words(line)


# -------------------------------------------------------------------- commands and their output


def ran(code: int = 0, stdout: bytes = b"said", stderr: bytes = b"") -> Any:
    return lambda _argv, _merged: Ran(code, stdout, stderr)


def not_there(_argv: list[str], _merged: bool) -> Ran:  # noqa: FBT001
    raise FileNotFoundError(2, "No such file")


SEPARATE = {"commands": "probe", "separateOutputStream": True}
EXITED = Said(0.0, Payload.EXIT_CODE, b"EXIT_CODE: 0")


@pytest.mark.parametrize(
    ("properties", "run", "said"),
    [
        pytest.param(SEPARATE, ran(), [Said(0.0, Payload.OUTPUT, b"said"), EXITED], id="output and its exit code"),
        pytest.param(
            SEPARATE | {"separateOutputStream": "T"},
            ran(stdout=b"", stderr=b"oh"),
            [Said(0.0, Payload.STDERR, b"oh"), EXITED],
            id="errors have a stream of their own",
        ),
        pytest.param(
            {"commands": "probe"}, ran(code=3), [Said(0.0, Payload.OUTPUT, b"said")], id="one stream, and no exit code"
        ),
        pytest.param(
            SEPARATE,
            not_there,
            [Said(0.0, Payload.EXIT_CODE, b"EXIT_CODE: 1"), Said(1.0, Payload.STDERR, b"probe: No such file")],
            id="what cannot be started says so a second later",
        ),
        pytest.param(
            SEPARATE | {"commands": "probe '"},
            ran(),
            [Said(3.0, Payload.STDERR, b"EOF found when expecting closing quote")],
            id="what cannot be read has no exit code",
        ),
    ],
)
def test_a_command_comes_to_messages(properties: dict[str, Any], run: Any, said: list[Said]) -> None:
    assert said_by(properties, run) == said


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        pytest.param(SEPARATE | {"commands": " \n"}, "cannot be empty", id="nothing"),
        pytest.param(SEPARATE | {"commands": ["probe"]}, "Invalid format", id="a list"),
        pytest.param(SEPARATE | {"separateOutputStream": "yes"}, "separateOutputStream", id="no truth value"),
        pytest.param(SEPARATE | {"commands": "# probe"}, "^$", id="a comment crashes the worker"),
    ],
)
def test_what_is_no_command_ends_the_session(properties: dict[str, Any], why: str) -> None:
    with pytest.raises(Failed, match=why):
        said_by(properties, ran())


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda text: text * (3000 // len(text))))
def test_output_is_cut_between_characters(text: str) -> None:
    pieces = [*chunks(text.encode())]

    assert "".join(piece.decode() for piece in pieces) == text
    assert max(len(piece) for piece in pieces) <= CHUNK
    assert len(pieces) == -(-len(text.encode()) // CHUNK) or any(len(piece) < CHUNK for piece in pieces[:-1])


def test_a_character_that_is_incomplete_at_the_end_is_lost() -> None:
    assert [*chunks("x€".encode()[:-1])] == [b"x"]
