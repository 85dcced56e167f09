"""DynamoDB's typed attributes, from and to plain JSON shapes: the kinds that we store, and no others."""

from collections.abc import Mapping
from typing import Any


def to_item(shape: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _typed(value) for name, value in shape.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(*value.items()) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list() | tuple():
            return {"L": [_typed(inner) for inner in value]}
        case dict():
            return {"M": to_item(value)}
    raise TypeError(f"{value!r} is no JSON shape that a table holds.")


def _plain(typed: tuple[str, Any]) -> Any:
    match typed:
        case "NULL", _:
            return None
        case "N", number:
            return int(number)
        case "L", inner:
            return [_plain(*each.items()) for each in inner]
        case "M", inner:
            return from_item(inner)
        case (("S" | "BOOL"), value):
            return value
    raise TypeError(f"{typed[0]} is no attribute type that we write.")
