"""Documents: what they ask of their parameters, and what they come to; a script, or a session's properties.

Sources:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
    https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from simulator.ssm.errors import Refused

Values = Mapping[str, Sequence[str]]

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
DEFAULT_TIMEOUT = 3600.0


@dataclass(frozen=True)
class Script:
    """One step, ready to run."""

    plugin: str
    text: str
    environment: Mapping[str, str]
    timeout_seconds: float


class _WithParameters:
    schema: str

    def __init__(self, content: str) -> None:
        """
        Args:
            content: JSON or YAML.
        """
        self._content: dict[str, Any] = yaml.safe_load(content)
        if str(self._content.get("schemaVersion")) != self.schema:
            message = f"Of this type the simulator runs documents of schemaVersion {self.schema} only."
            raise Refused("InvalidDocument", message)

    @property
    def _parameters(self) -> Mapping[str, Any]:
        return self._content.get("parameters") or {}

    def _checked(self, given: Values) -> Values:
        for name in given:
            if name not in self._parameters:
                raise Refused("InvalidParameters", f"{name} is not a parameter of the document.")
        values = {name: given.get(name, _default(shape)) for name, shape in self._parameters.items()}
        for name, value in values.items():
            _check(name, value, self._parameters[name])
        return {name: value for name, value in values.items() if value is not None}


class Document(_WithParameters):
    """A Command document."""

    schema = "2.2"

    def scripts(self, given: Values) -> list[Script]:
        """Check the parameters and fill them in.

        Raises:
            Refused: InvalidParameters.
        """
        values = self._checked(given)
        environment = {f"SSM_{name}": _text(value) for name, value in values.items() if self._by_environment(name)}
        return [self._script(step, values, environment) for step in self._content["mainSteps"]]

    def _script(self, step: Mapping[str, Any], values: Values, environment: Mapping[str, str]) -> Script:
        if step["action"] != "aws:runShellScript":
            raise Refused("InvalidDocument", f"The simulator has no {step['action']}.")
        lines = [self._filled(line, values) for line in step["inputs"]["runCommand"]]
        timeout = self._filled(str(step["inputs"].get("timeoutSeconds", DEFAULT_TIMEOUT)), values)
        return Script(step["name"], "\n".join(lines) + "\n", environment, float(timeout))

    def _filled(self, line: str, values: Values) -> str:
        """A placeholder becomes the value itself, or the name of the environment variable that holds it."""

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name not in values:
                return found[0]
            return f"$SSM_{name}" if self._by_environment(name) else _text(values[name])

        return PLACEHOLDER.sub(fill, line)

    def _by_environment(self, name: str) -> bool:
        return bool(self._parameters[name].get("interpolationType") == "ENV_VAR")


class SessionDocument(_WithParameters):
    """A Session document; of the types that there are the one that runs a command and ends."""

    schema = "1.0"

    @property
    def kms_key(self) -> str:
        return str(self._content.get("inputs", {}).get("kmsKeyId", ""))

    def properties(self, given: Values) -> Mapping[str, Any]:
        """Check the parameters and fill them in.

        Raises:
            Refused: InvalidParameters.
            NotImplementedError: the simulator's agents do not do that.
        """
        if (kind := self._content.get("sessionType")) != "NonInteractiveCommands":
            raise NotImplementedError(f"sessions of type {kind}")
        values, properties = self._checked(given), self._content["properties"]["linux"]
        if lacking := {"stdoutseparatorprefix", "stderrseparatorprefix"} & {name.lower() for name in properties}:
            raise NotImplementedError(", ".join(lacking))
        return {name: _filled(it, values) if isinstance(it, str) else it for name, it in properties.items()}


def _filled(text: str, values: Values) -> str:
    """As text, and before it is made words of; to the agent two dollar signs in a value are one.

    Raises:
        NotImplementedError: the simulator has no Parameter Store to take a value from.
    """
    filled = PLACEHOLDER.sub(lambda it: _text(values[it[1]]).replace("$$", "$") if it[1] in values else it[0], text)
    if re.search(r"\{\{\s*ssm:", filled):
        raise NotImplementedError("parameters of Parameter Store in a session")
    return filled


def _default(shape: Mapping[str, Any]) -> Sequence[str] | None:
    default = shape.get("default")
    return default if default is None or isinstance(default, list) else [str(default)]


def _check(name: str, value: Sequence[str] | None, shape: Mapping[str, Any]) -> None:
    if value is None:
        raise Refused("InvalidParameters", f"Parameter {name} needs a value.")
    if shape["type"] != "StringList" and len(value) != 1:
        raise Refused("InvalidParameters", f"Parameter {name} takes one value, not {len(value)}.")
    for text in value:
        if not _fits(text, shape):
            raise Refused("InvalidParameters", f"Parameter {name} does not allow this value: {text!r}.")


def _fits(text: str, shape: Mapping[str, Any]) -> bool:
    pattern, allowed = shape.get("allowedPattern"), shape.get("allowedValues")
    long_enough = int(shape.get("minChars", 0)) <= len(text) <= int(shape.get("maxChars", len(text)))
    return long_enough and (not pattern or _found(pattern, text)) and (not allowed or text in allowed)


def _found(pattern: str, text: str) -> bool:
    """As the agent reads a pattern: in Go "$" is the end of the text, and not also the place before a last line break.

    Source:
        https://github.com/aws/amazon-ssm-agent/tree/mainline/agent/framework/docparser/paramvalidator
        https://pkg.go.dev/regexp/syntax
    """
    return re.search(re.sub(r"\$$", r"\\Z", pattern), text) is not None


def _text(value: Sequence[str]) -> str:
    return value[0] if len(value) == 1 else json.dumps(list(value))
