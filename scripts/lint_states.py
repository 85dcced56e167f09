"""Check the state machines as they are deployed, which no template linter does behind a DefinitionUri.

Each definition, substitutions applied, goes to statelint, and every JSONata expression to a parser: statelint lets an
unclosed bracket pass.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

# What statelint says without reason, and why it has none.
NO_MISTAKES = {
    ' is "{%': "what an expression results in, nobody knows beforehand",
    "BackoffRate is 2 ": "the language asks for a number: https://states-language.net/#retrying-after-error",
}


def definitions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The state machines of a transformed template by logical id, each ``${Name}`` replaced by an ARN of that name."""
    properties = {name: resource.get("Properties", {}) for name, resource in template["Resources"].items()}
    return {name: _substituted(machine) for name, machine in properties.items() if "DefinitionString" in machine}


def expressions(node: object) -> Iterator[str]:
    """Every ``{% ... %}`` of a definition, without its delimiters."""
    match node:
        case dict():
            for value in node.values():
                yield from expressions(value)
        case list():
            for value in node:
                yield from expressions(value)
        case str() if node.startswith("{%") and node.endswith("%}"):
            yield node[2:-2].strip()


def unparsable(definition: dict[str, Any]) -> list[str]:
    found = []
    for expression in expressions(definition):
        try:
            Jsonata(expression)
        except JException as error:
            found.append(f"{expression}: {error}")
    return found


def misstated(definition: dict[str, Any], command: str) -> list[str]:
    """What statelint complains of, and has reason to."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(definition, file)
        file.flush()
        answer = subprocess.run([command, file.name], capture_output=True, text=True, check=False)  # noqa: S603 # nosec B603 # our own tool and file
    lines = (answer.stdout + answer.stderr).splitlines()
    complaints = [line.strip() for line in lines if not line.endswith((" error:", " errors:"))]
    return [line for line in complaints if not any(word in line for word in NO_MISTAKES)]


def _substituted(machine: dict[str, Any]) -> dict[str, Any]:
    text: str = machine["DefinitionString"]
    for name in machine.get("DefinitionSubstitutions", {}):
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:ap-northeast-1:123456789012:function:{name}")
    return dict(json.loads(text))
