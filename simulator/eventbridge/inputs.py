"""What a target gets of an event: all of it, a part of it, or a text made from parts of it.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import json
import re
from typing import Any

from jsonpath_ng.jsonpath import JSONPath
from jsonpath_ng.parser import JsonPathParser

Event = dict[str, Any]


def input_for(target: dict[str, Any], event: Event) -> str:
    """The target's payload, JSON."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    if transformer := target.get("InputTransformer"):
        values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
        return _filled(transformer["InputTemplate"], values)
    return json.dumps(event)


def _at(event: Event, path: str) -> Any:
    query: JSONPath = JsonPathParser().parse(path)
    found = [match.value for match in query.find(event)]
    return found[0] if found else None


def _filled(template: str, values: dict[str, Any]) -> str:
    """Fill in each ``<name>``: within a JSON string as text, elsewhere as a JSON value."""
    text, in_string, filled = template, False, ""
    for part in re.split(r'(<[A-Za-z0-9_.-]+>|\\.|")', text):
        name = part[1:-1] if part.startswith("<") and part.endswith(">") else ""
        if part == '"':
            in_string = not in_string
        if name not in values:
            filled += part
        elif in_string:
            value = values[name]
            filled += json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]
        else:
            filled += json.dumps(values[name])
    return filled
