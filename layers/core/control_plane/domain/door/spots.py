"""A value of the request and the place it stands at, and a fault found there."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from control_plane.domain.findings import Finding, Rule

# What json.loads gives; the type checker takes true and false for numbers, as Python does.
Json: TypeAlias = dict[str, Any] | list[Any] | str | int | float | None

LONGEST_SHOWN = 120  # characters of a caller's own text that a finding repeats

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shown(value: Json) -> str:
    """A caller's value as JSON, cut to a length that can be read, and safe to print whatever it is.

    >>> shown("<subnet>"), shown([1, 2])
    ('"<subnet>"', '[1, 2]')
    """
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # a number of thousands of digits, a value nested in thousands
        return "a value too large to show"
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class Spot:
    """One value of the body. `rank` is its position at each level, so that faults can be told in document order."""

    value: Json
    path: str = "$"
    rank: tuple[int, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """Of an object; nothing of anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def entries(self) -> list[Any]:
        """Of a list; nothing of anything else."""
        return self.value if isinstance(self.value, list) else []

    def child(self, key: str, value: Json, rank: int) -> "Spot":
        step = f".{key}" if _PLAIN_KEY.fullmatch(key) and len(key) <= LONGEST_SHOWN else f"[{shown(key)}]"
        return Spot(value, self.path + step, (*self.rank, rank))

    def get(self, key: str) -> "Spot":
        """The value under a key; None where it is null or absent, or this is no object. What is absent ranks last."""
        rank = list(self.fields).index(key) if key in self.fields else len(self.fields)
        return self.child(key, self.fields.get(key), rank)

    def members(self) -> Iterator[tuple[str, "Spot"]]:
        for rank, (key, value) in enumerate(self.fields.items()):
            yield key, self.child(key, value, rank)

    def at(self, index: int) -> "Spot":
        return Spot(self.entries[index], f"{self.path}[{index}]", (*self.rank, index))

    def items(self) -> Iterator["Spot"]:
        return map(self.at, range(len(self.entries)))


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding that still knows where it stands in the document."""

    spot: Spot
    rule: Rule
    seen: str
    wanted: str
    remedy: str

    def finding(self) -> Finding:
        return Finding.of(self.rule, subject=self.spot.path, seen=self.seen, wanted=self.wanted, remedy=self.remedy)


def repeated(spots: Iterable[Spot]) -> Iterator[tuple[Spot, Spot]]:
    """Each text that was there before, with the place it stood at first."""
    first: dict[str, Spot] = {}
    for spot in spots:
        if isinstance(spot.value, str) and first.setdefault(spot.value, spot) is not spot:
            yield spot, first[spot.value]
