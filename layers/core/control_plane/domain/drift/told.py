"""What is told of a changed part: what it was, what it is, and what puts it right."""

from typing import NamedTuple


class Told(NamedTuple):
    was: str
    is_: str
    remedy: str
    others: tuple[str, ...] = ()  # further resources that the change is about
