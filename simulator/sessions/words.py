"""How the agent makes words of a command line: by quotes alone, without a shell.

Not as `shlex` does: inside double quotes a backslash takes whatever follows it as it is.
https://github.com/aws/amazon-ssm-agent, agent/session/plugins/sessionplugin (NonInteractiveCommands)
"""

from collections.abc import Iterator

BLANKS = " \t\n"


class Unbalanced(ValueError):
    """A quote, or a backslash, that nothing follows."""


def words(line: str) -> list[str]:
    r"""
    >>> words('''sh -c 'echo "$1"; # not a comment' name a\\ b "c \\n d"  # a comment''')
    ['sh', '-c', 'echo "$1"; # not a comment', 'name', 'a b', 'c n d']

    Raises:
        Unbalanced
    """
    found: list[str] = []
    word: str | None = None  # the one that is being read
    letters = iter(line)
    for letter in letters:
        if letter in BLANKS:
            found += [] if word is None else [word]
            word = None
        elif letter == "#" and word is None:
            _rest_of_line(letters)
        else:
            word = (word or "") + _read(letter, letters)
    return found if word is None else [*found, word]


def _rest_of_line(letters: Iterator[str]) -> None:
    next((True for letter in letters if letter == "\n"), None)


def _read(letter: str, letters: Iterator[str]) -> str:
    """What a letter outside quotes stands for, with all that belongs to it."""
    if letter == "\\":
        return _next(letters)
    if letter not in "'\"":
        return letter
    text = ""
    while (inner := _next(letters)) != letter:
        text += _next(letters) if inner == "\\" and letter == '"' else inner
    return text


def _next(letters: Iterator[str]) -> str:
    for letter in letters:
        return letter
    raise Unbalanced("EOF found when expecting closing quote")
