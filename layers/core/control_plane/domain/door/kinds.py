"""Whether a JSON value is of a kind of the model at all, and how to say what was wanted."""

import re
from collections.abc import Callable
from datetime import datetime
from math import isfinite

from control_plane.domain.door.rules import TYPE
from control_plane.domain.door.spots import Fault, Json, Spot, shown

_ISO_8601 = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON can write one, but no text can be stored or sent with it
_WHOLE = frozenset({"integer", "long"})
_YEAR_10000 = 253_402_300_800  # seconds since 1970: no calendar goes further


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and not _HALF_A_CHARACTER.search(value)


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # Python counts true as 1, AWS does not


def _is_number(value: Json) -> bool:
    return _is_whole(value) or (isinstance(value, float) and isfinite(value))


def _is_time(value: Json) -> bool:
    if isinstance(value, int | float):
        return _is_number(value) and 0 <= value < _YEAR_10000
    if not isinstance(value, str) or not _ISO_8601.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_KINDS: dict[str, tuple[Callable[[Json], bool], str]] = {
    "structure": (lambda value: isinstance(value, dict), "an object"),
    "map": (lambda value: isinstance(value, dict), "an object"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "string": (_is_text, "a text"),
    **dict.fromkeys(_WHOLE, (_is_whole, "a whole number")),
    "float": (_is_number, "a number"),
    "double": (_is_number, "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "timestamp": (_is_time, "a time such as 2026-11-24T05:46:00Z"),
    "document": (lambda _: True, "a value"),
}
KINDS = frozenset(_KINDS)


def is_of(value: Json, kind: str) -> bool:
    """Whether the value is of this kind; of a kind that a later model may bring, anything is."""
    return _KINDS.get(kind, _KINDS["document"])[0](value)


def wanted_of(kind: str) -> str:
    return _KINDS.get(kind, _KINDS["document"])[1]


def wrong_type(spot: Spot, kind: str) -> Fault:
    wanted = wanted_of(kind)
    return Fault(spot, TYPE, shown(spot.value), wanted, _remedy(spot.value, kind) or f"Write {wanted}.")


def _remedy(value: Json, kind: str) -> str | None:
    """What to do where the slip is one that is often made."""
    slips = {
        f"Write {wanted_of(kind)}. AWS refuses null: a key that is not needed is left out.": value is None,
        "Write it without a decimal point.": kind in _WHOLE and isinstance(value, float) and value.is_integer(),
        "Write it without quotes.": isinstance(value, str) and _reads_as(value, kind),
        "Put it in quotes.": kind == "string" and isinstance(value, int | float),
        "Write whole characters: one of these is half of a pair.": kind == "string" and isinstance(value, str),
        "Put it in brackets: a list, even of one.": kind == "list" and not isinstance(value, dict),
    }
    return next((remedy for remedy, is_made in slips.items() if is_made), None)


def _reads_as(text: str, kind: str) -> bool:
    if kind == "boolean":
        return text in {"true", "false"}
    return kind in _WHOLE and re.fullmatch(r"-?[0-9]+", text) is not None
