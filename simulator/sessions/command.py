"""What comes of a document's command on a node, as the messages that the agent makes of it.

https://github.com/aws/amazon-ssm-agent, agent/session/plugins
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.sessions.frames import Payload
from simulator.sessions.words import Unbalanced, words

CHUNK = 1024  # bytes of output in one message
TRUE, FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False", "")

# Virtual seconds.
COMMAND = 2.0  # that a command takes, whatever it does
NOT_STARTED, NOT_READ = 1.0, 3.0  # until it is said why a command could not be started, or not even be read


class Failed(Exception):
    """The session ends without a message; the text is channel_closed's Output."""


@dataclass(frozen=True)
class Said:
    after: float  # seconds
    payload_type: Payload
    payload: bytes


@dataclass(frozen=True)
class Ran:
    code: int  # -1: a signal ended it
    stdout: bytes
    stderr: bytes  # empty, if it goes where standard output goes


# Runs words without a shell; with `merged`, both streams are one. OSError: it cannot be started.
Run = Callable[[list[str], bool], Ran]


def said_by(properties: Mapping[str, Any], run: Run) -> list[Said]:
    """
    Raises:
        Failed: there is nothing to run.
    """
    separate, commands = _separate(properties), properties.get("commands", "")
    if not isinstance(commands, str):
        raise Failed("Invalid format in session properties")
    if not commands.strip():
        raise Failed("Commands cannot be empty for session type NonInteractiveCommands")
    try:
        argv = words(commands)
    except Unbalanced as wrong:
        return [Said(NOT_READ, Payload.STDERR, str(wrong).encode())]
    if not argv:
        raise Failed("")  # nothing but a comment: the agent's worker crashes
    return _said(run, argv) if separate else _said_at_last(run, argv)


def _said(run: Run, argv: list[str]) -> list[Said]:
    try:
        ran = run(argv, False)  # noqa: FBT003 (`Run` says what it is)
    except OSError as error:
        return [_exit(1), Said(NOT_STARTED, Payload.STDERR, f"{argv[0]}: {error.strerror}".encode())]
    streams = ((Payload.OUTPUT, ran.stdout), (Payload.STDERR, ran.stderr))
    said = [Said(0.0, payload_type, chunk) for payload_type, output in streams for chunk in chunks(output)]
    return [*said, _exit(ran.code)]


def _said_at_last(run: Run, argv: list[str]) -> list[Said]:
    """Without separate streams nobody is told how it ended."""
    try:
        output = run(argv, True).stdout  # noqa: FBT003 (`Run` says what it is)
    except OSError as error:
        output = f"{argv[0]}: {error.strerror}".encode()
    return [Said(0.0, Payload.OUTPUT, chunk) for chunk in chunks(output)]


def _exit(code: int) -> Said:
    return Said(0.0, Payload.EXIT_CODE, b"EXIT_CODE: %d" % code)


def _separate(properties: Mapping[str, Any]) -> bool:
    asked = properties.get("separateOutputStream", "")
    text = str(asked).lower() if isinstance(asked, bool) else asked
    if text not in TRUE + FALSE:
        raise Failed(f"fail to get separateOutputStream property: {asked}")
    return text in TRUE


def chunks(output: bytes) -> Iterator[bytes]:
    """Cut between characters; one that is incomplete at the end of all is lost.

    >>> [*chunks(b"tail: " + "é".encode()[:1])]
    [b'tail: ']
    """
    while size := _whole(output[:CHUNK]):
        yield output[:size]
        output = output[size:]


def _whole(piece: bytes) -> int:
    """Its length without the character that it breaks off in."""
    for back in (1, 2, 3):
        lead = piece[-back] if back <= len(piece) else 0
        if lead >= 0b1100_0000:
            size = 2 + (lead >= 0b1110_0000) + (lead >= 0b1111_0000)
            return len(piece) - back * (size > back)
        if lead < 0b1000_0000:
            break
    return len(piece)
