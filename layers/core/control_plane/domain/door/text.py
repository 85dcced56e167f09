"""A body as text: is it JSON, and does it say one thing only?"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from control_plane.domain.door.rules import BODY, NESTING, REPEATED_KEY
from control_plane.domain.door.spots import Fault, Json, Spot

DEEPEST = 64  # the deepest CreateCluster body has about ten levels; reading is recursive, so there must be an end
_LONGEST_NUMBER = 100  # digits; Python refuses to read a whole number of some thousands

_TOKEN = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)|[\[\]{}]|NaN|-?Infinity', re.DOTALL)


class NotReadable(Exception):
    """The text is no body at all."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.seen)
        self.fault = fault


class _Repeating(dict[str, Any]):
    """An object that names keys more than once; the last value of each is in it."""

    keys_again: tuple[str, ...] = ()


def read_text(text: str | bytes) -> Json:
    """
    Raises:
        NotReadable: it is no JSON, or nested too deep.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise NotReadable(_not_json(f"byte {error.start} is no UTF-8")) from None
    _scan(decoded)
    try:
        body: Json = json.loads(decoded, object_pairs_hook=_object, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise NotReadable(_not_json(f"{error.msg}, {_place(decoded, error.pos)}")) from None
    return body


def repeated_keys(root: Spot) -> Iterator[Fault]:
    """Keys that an object of the text names more than once."""
    todo = [root]
    while todo:
        spot = todo.pop()
        for key in spot.value.keys_again if isinstance(spot.value, _Repeating) else ():
            yield Fault(spot.get(key), REPEATED_KEY, "the key more than once", "each key once", "Keep one of them.")
        todo += spot.items()
        todo += (child for _, child in spot.members())


def _scan(text: str) -> None:
    """Look at brackets and non-numbers before anything is read: reading too deep would end in an error of Python's."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in {"{", "["}:
            depth += 1
        elif token[0] in {"}", "]"}:
            depth -= 1
        elif not token[0].startswith('"'):
            raise NotReadable(_not_json(f"{token[0]}, {_place(text, token.start())}"))
        if depth > DEEPEST:
            seen = f"{depth} levels, {_place(text, token.start())}"
            raise NotReadable(
                Fault(Spot(None), NESTING, seen, f"at most {DEEPEST} levels", "Send the request itself, unwrapped.")
            )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = _Repeating(pairs)
    if len(found) == len(pairs):
        return dict(found)
    found.keys_again = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _place(text: str, position: int) -> str:
    line_start = text.rfind("\n", 0, position) + 1
    return f"line {text.count(chr(10), 0, position) + 1}, column {position - line_start + 1}"


def _not_json(seen: str) -> Fault:
    return Fault(Spot(None), BODY, seen, "one JSON object", "Correct it there; a JSON formatter shows the place.")
