"""The size of what we say: JSON as it is sent, and texts cut to what a reader needs."""

import json
from typing import Any

TEXT_MAX = 2_000  # characters; more than AWS says at a time, but what a caller wrote may be longer


def compact(document: object) -> str:
    """The one way to write an event's detail: what is measured is what is sent.

    >>> compact({"ClusterName": "é"})
    '{"ClusterName":"é"}'
    """
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def with_short_texts(value: Any) -> Any:
    """The same JSON value with every long text cut, and the cut told."""
    if isinstance(value, str) and len(value) > TEXT_MAX:
        return f"{value[:TEXT_MAX]}… ({len(value) - TEXT_MAX} more characters)"
    if isinstance(value, dict):
        return {name: with_short_texts(inner) for name, inner in value.items()}
    return [with_short_texts(inner) for inner in value] if isinstance(value, list) else value
