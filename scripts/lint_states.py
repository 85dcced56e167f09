"""Check the state machines as they are deployed, which no template linter does behind a DefinitionUri.

`python -m scripts.lint_states STATELINT` gives each definition, substitutions applied, to statelint, and every JSONata
expression to a parser: statelint lets an unclosed bracket pass.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from scripts.transform import transformed


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
    faults = []
    for expression in expressions(definition):
        try:
            Jsonata(expression)
        except JException as error:
            faults.append(f"{expression}: {error}")
    return faults


def _substituted(machine: dict[str, Any]) -> dict[str, Any]:
    text: str = machine["DefinitionString"]
    for name in machine.get("DefinitionSubstitutions", {}):
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:ap-northeast-1:123456789012:function:{name}")
    return dict(json.loads(text))


def _statelint(command: str, definition: dict[str, Any]) -> list[str]:
    """Its complaints, without those about a value that only an expression's result will show."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(definition, file)
        file.flush()
        # FLOAT: it wants a rate of 2 written as 2.0; the language asks for a number: https://states-language.net/#retrying-after-error
        answer = subprocess.run([command, "--ignore=FLOAT", file.name], capture_output=True, text=True, check=False)  # noqa: S603 (our own tool and file)
    lines = (answer.stdout + answer.stderr).splitlines()
    return [line.strip() for line in lines if not line.endswith((" error:", " errors:")) and ' is "{%' not in line]


def main(statelint: str) -> int:
    faults = [
        f"{name}: {fault}"
        for name, definition in definitions(transformed()).items()
        for fault in [*_statelint(statelint, definition), *unparsable(definition)]
    ]
    print("\n".join(faults) or "state machines: no faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
