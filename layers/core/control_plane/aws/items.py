"""DynamoDB's typed attributes, from and to plain JSON shapes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_write, _read = TypeSerializer(), TypeDeserializer()


def to_item(shape: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _write.serialize(value) for name, value in shape.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(_read.deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """Numbers come back as Decimal; everything we store is whole."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
