"""The scanners: each takes files and says what it found in them. A tool that fails raises; it is never silent."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lint_states import definitions, misstated, unparsable

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(os.environ.get("TOOLS", ".venv-tools/bin"))

# What is no secret, and why: a value, or any value of a line.
NO_SECRET_VALUES = {
    "^(SecretsManagerClient|GetSecretValue)$": "the name of a type, the name of an IAM action",
    r"^RequestDriftCheckFunction\w+LambdaTarget$": "a name that SAM makes, as long as a key",
    "^(none|simulated|test)$": "what a client of the simulator gives for a key; it takes any",
}
NO_SECRET_LINES = {
    "--hash=sha256:[0-9a-f]{64}": "the digest of a package, in a lock file",
    '"Fingerprint": "[0-9a-f]{16}"': "the name of a drift, in a sample event",
    '"Sha256": "[0-9a-f]{64}"': "the digest of an evidence object, in a sample event",
}
NO_SECRET_FILES = {
    r"^tests/session/vectors\.json$": "made-up tokens and keys, and the bytes that they come to on the wire",
}
NO_FAULTS = {"B404": "to import subprocess harms nobody; bandit judges each of its calls by B602 to B607"}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule} {self.text[:200]}"


def ruff(files: Sequence[str]) -> Iterator[Finding]:
    command = [".venv/bin/ruff", "check", "--select=S", "--no-cache", "--output-format=json"]
    for each in _answer([*command, *_python(files)]):
        yield Finding(_relative(each["filename"]), each["location"]["row"], each["code"] or "syntax", each["message"])


def bandit(files: Sequence[str]) -> Iterator[Finding]:
    """All but the tests: they assert, make up passwords, and never ship; ruff looks at them."""
    ours = [name for name in _python(files) if not name.startswith("tests/")]
    answer = _answer([TOOLS / "bandit", "--quiet", "--format=json", f"--skip={','.join(NO_FAULTS)}", *ours])
    for each in answer["results"]:
        yield Finding(_relative(each["filename"]), each["line_number"], each["test_id"], each["issue_text"])
    for each in answer["errors"]:
        yield Finding(_relative(each["filename"]), 0, "unreadable", each["reason"])


def detect_secrets(files: Sequence[str]) -> Iterator[Finding]:
    """Each file by name, and with --all-files: by itself it leaves out what git does not know yet.

    Nor does it ask the services whether a secret still works: it would send it there, and forgive one that does not.
    """
    but = [f"--exclude-secrets={value}" for value in NO_SECRET_VALUES]
    but += [f"--exclude-lines={line}" for line in NO_SECRET_LINES]
    but += [f"--exclude-files={name}" for name in NO_SECRET_FILES]
    answer = _answer([TOOLS / "detect-secrets", "scan", "--all-files", "--no-verify", *but, *files])
    for each in (each for found in answer["results"].values() for each in found):
        yield Finding(each["filename"], each["line_number"], each["type"], "looks like a secret")


def cfn_lint(files: Sequence[str]) -> Iterator[Finding]:
    for each in _answer([TOOLS / "cfn-lint", "--format=json", *_templates(files)]):
        yield Finding(each["Filename"], each["Location"]["Start"]["LineNumber"], each["Rule"]["Id"], each["Message"])


def states(files: Sequence[str]) -> Iterator[Finding]:
    """No template linter reads the text of a state machine; statelint does not read the JSONata in it."""
    for name in (name for name in _templates(files) if name.endswith(".template.json")):
        for machine, definition in definitions(json.loads(Path(name).read_text())).items():
            for text in misstated(definition, str(TOOLS / "statelint")):
                yield Finding(name, 0, "statelint", f"{machine}: {text}")
            for text in unparsable(definition):
                yield Finding(name, 0, "JSONata", f"{machine}: {text}")


def checkov(files: Sequence[str]) -> Iterator[Finding]:
    """Settings, and what it is not asked: .checkov.yaml."""
    named = [argument for name in _templates(files) for argument in ("--file", name)]
    answer = _answer([".venv-audit/bin/checkov", "--config-file=.checkov.yaml", "--output=json", *named])
    for each in answer["results"]["failed_checks"]:
        yield Finding(
            _relative(each["file_path"].lstrip("/")), each["file_line_range"][0], each["check_id"], each["check_name"]
        )


GATE = {"ruff": ruff, "bandit": bandit, "detect-secrets": detect_secrets, "cfn-lint": cfn_lint, "states": states}
AUDIT = {"checkov": checkov}


def _python(files: Sequence[str]) -> list[str]:
    return [name for name in files if name.endswith(".py")]


def _templates(files: Sequence[str]) -> list[str]:
    """What is deployed, not what is written: a SAM template hides its roles and rules."""
    return [name for name in files if name.endswith((".template.json", "networks/reference.yaml"))]


def _answer(command: Sequence[str | Path]) -> Any:
    # No exit code is asked: they end badly when they find something. What is no JSON is no answer.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 # nosec B603 # our own tools and files
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"{command[0]} gave no answer: {done.stderr[-2000:]}") from None


def _relative(name: str) -> str:
    return os.path.relpath(ROOT / name, ROOT)
