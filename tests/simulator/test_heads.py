"""Our reading of a head, beside the standard library's."""

import http.client
import io
import socket

import pytest

from simulator.heads import parse_headers

STANDARD = http.client.parse_headers


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Host: a.example\r\nContent-Length: 12\r\n", id="an ordinary one"),
        pytest.param(b"X-A: 1\r\nX-a: 2\r\nx-A:3\r\n", id="a name again"),
        pytest.param(b"Empty:\r\nSpaces:   a  b \t\r\nColons: a:b:c\r\n", id="odd values"),
        pytest.param("Umlaut: \u00e4\u00f6\r\n".encode("iso-8859-1"), id="beyond ASCII"),
        pytest.param(b"Bare: newline\nOther: one\r\n", id="a bare newline"),
        pytest.param(b"Folded: a\r\n and b\r\nNext: c\r\n", id="a folded line"),
        pytest.param(b"Good: a\r\nno colon here\r\nNext: c\r\n", id="a line that is none"),
        pytest.param(b" Begins: with a space\r\nNext: c\r\n", id="a space before all"),
    ],
)
def test_a_head_is_read_as_the_standard_library_reads_it(head: bytes) -> None:
    ours, theirs = (parse(io.BytesIO(head + b"\r\nbody")) for parse in (parse_headers, STANDARD))

    assert [(name, value.rstrip(" \t")) for name, value in theirs.items()] == ours.items()
    assert (type(ours), ours.get("host")) == (type(theirs), theirs.get("host"))


@pytest.mark.parametrize("head", [b"A: " + b"x" * 70_000, b"A: b\r\n" * 200], ids=["a long line", "many lines"])
def test_what_is_too_much_for_it_is_too_much_for_us(head: bytes) -> None:
    for parse in (parse_headers, STANDARD):
        with pytest.raises(http.client.HTTPException):
            parse(io.BytesIO(head + b"\r\n\r\n"))


def test_the_body_is_left_to_whoever_reads_on() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as lines:
        theirs.sendall(b"Content-Length: 4\r\n\r\nbody")
        assert parse_headers(lines)["content-length"] == "4"
        assert lines.read(4) == b"body"
