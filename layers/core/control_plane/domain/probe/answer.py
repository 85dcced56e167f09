"""What a probe answered: one line of JSON from a machine that we did not build, taken in with care.

A second line holds its nonce, length and SHA-256: a session may lose output silently, and still end well.
"""

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import AddressValueError, IPv4Address

from pydantic import BaseModel, ConfigDict, Field

from control_plane.domain.probe.ledger import Question
from control_plane.domain.request import NEVER_PUBLIC

# As much as Run Command shows: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CommandPlugin.html
OUTPUT_LIMIT = 2_500

# curl's exit codes that a person should not have to look up; 126 and 127 are the shell's.
# https://curl.se/docs/manpage.html#EXIT
WORDS = {
    6: "its name did not resolve",
    7: "no connection",
    22: "an HTTP error",
    28: "timed out",
    35: "the TLS handshake broke off",
    52: "an empty answer",
    56: "the connection broke off",
    60: "its certificate is not trusted",
    126: "curl could not be run",
    127: "there is no curl",
}
UNRESOLVED = 6
HTTP_ERROR = 22
NOTHING_GOT_THROUGH = frozenset({7, 28, 35, 52, 56})
NOT_TRIED = frozenset({2, 27, 126, 127})


# As `wire.SHAPE`: only the whole answer's validator is ever used.
STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class AnswerError(ValueError):
    """The output cannot be relied on; the text says why."""


class _Line(BaseModel):
    model_config = STRICT

    url: int  # a position in the question's list
    error: int | None = Field(default=None, ge=0, le=255)  # curl's exit code


class Seen(_Line):
    """One connection to an echo URL: `address` as that service told it (any text), `source` our own.

    A source beside an error: the service showed its certificate, and then gave no address.
    """

    address: str | None = Field(default=None, max_length=64)
    source: str | None = Field(default=None, max_length=64)


class Knock(_Line):
    """One URL that must, or must not, open; one that answers, with any HTTP status, is open."""

    status: int | None = Field(default=None, ge=100, le=599)


class Answer(BaseModel):
    model_config = STRICT

    nonce: str
    started: str
    ended: str
    interface: str
    addresses: tuple[Seen, ...]
    ipv6: tuple[int, ...]  # positions of the echo URLs that answer over IPv6
    must_reach: tuple[Knock, ...]
    must_not_reach: tuple[Knock, ...]


def read_answer(output: str, question: Question) -> Answer:
    """Take an output in.

    Raises:
        AnswerError: too long, no line of this JSON, an answer to something else, or only a part of it.
    """
    if len(output) > OUTPUT_LIMIT:
        raise AnswerError(f"the answer is longer than {OUTPUT_LIMIT} characters")
    line = _whole(output, question.nonce)
    try:
        answer = Answer.model_validate_json(line)
        json.loads(line, object_pairs_hook=_once)
    except ValueError as error:
        raise AnswerError("the answer is not the line of JSON that the probe prints") from error
    if answer.nonce != question.nonce:
        raise AnswerError("the answer carries another nonce: it belongs to another question")
    if not (
        _complete(answer.addresses, question.echo_urls, question.connections)
        and _complete(answer.must_reach, question.must_reach)
        and _complete(answer.must_not_reach, question.must_not_reach)
        and set(answer.ipv6) <= {*range(len(question.echo_urls))}
    ):
        raise AnswerError("the answer does not speak of every URL that was asked for")
    return answer


def _whole(output: str, nonce: str) -> str:
    """The line of JSON, if its frame says that this is all of it."""
    line, _, frame = output.removesuffix("\n").rpartition("\n")
    if frame == framed(line, nonce):
        return line
    other = re.match(r"[0-9a-f]{32} ", frame)
    if other and not frame.startswith(nonce):
        raise AnswerError("the answer carries another nonce: it belongs to another question")
    raise AnswerError("the answer is not whole: its last line should give its nonce, its length and its SHA-256")


def framed(line: str, nonce: str) -> str:
    """The last line of an answer whose first one this is."""
    content = line.encode(errors="replace")
    return f"{nonce} {len(content)} {sha256(content).hexdigest()}"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two keys of the same name a reader takes one, and another reader the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key more than once")
    return found


def _complete(lines: tuple[_Line, ...], urls: tuple[str, ...], each: int = 1) -> bool:
    return sorted(line.url for line in lines) == sorted([*range(len(urls))] * each)


class Echo:
    """All that one echo URL said."""

    def __init__(self, url: str, seen: Iterable[Seen]) -> None:
        self.url = url
        told = {one.address for one in seen if one.address is not None}
        self.addresses = frozenset(address for address in told if _is_public(address))
        self.other_texts = told - self.addresses
        self.errors = frozenset(one.error for one in seen if one.error is not None)
        self.certified = any(one.error is not None and one.source for one in seen)

    @property
    def answered(self) -> bool:
        return bool(self.addresses or self.other_texts or self.certified or HTTP_ERROR in self.errors)

    def __str__(self) -> str:
        texts = ["text that is no public IPv4 address"] if self.other_texts else []
        errors = [in_words(error) for error in sorted(self.errors)]
        met = ["though it had shown its certificate"] if self.certified else []
        return f"{self.url}: {', '.join([*sorted(self.addresses), *texts, *errors, *met])}"


def echoes(answer: Answer, question: Question) -> list[Echo]:
    lines = answer.addresses
    return [Echo(url, [line for line in lines if line.url == place]) for place, url in enumerate(question.echo_urls)]


def in_words(error: int | None) -> str:
    """What an exit code of curl means.

    >>> in_words(28), in_words(77)
    ('timed out', 'curl error 77')
    """
    return WORDS.get(error or 0, f"curl error {error}")


def _is_public(text: str) -> bool:
    """Whether anybody on the internet can be seen from here; else whoever answered was not on the internet."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return not any(address in network for network in NEVER_PUBLIC)
