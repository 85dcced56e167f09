"""Where a scanner is told to be silent, and the sentence beside it that says why."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scripts.lint_states import NO_MISTAKES
from scripts.scanners import NO_FAULTS, NO_SECRET_FILES, NO_SECRET_LINES, NO_SECRET_VALUES, ROOT
from scripts.transform import read_template

# What a comment says to a scanner or a type checker. The reason is what else the comment says.
WORDS = re.compile(
    r"""\#\ *(?:
        (?P<ruff>(?:ruff:\ )?noqa:\ (?:[A-Z]+\d+,?\ *)*?\bS\d{3}(?:,?\ *[A-Z]+\d+)*)
      | (?P<bandit>nosec\b(?:[\ ,]*B\d{3})*)
      | (?P<detect_secrets>pragma:\ ?(?:allow|white)list[\ -](?:nextline[\ -])?secret)
      | (?P<checkov>checkov:skip=CKV\w+:?)
      | (?:noqa|type:\ ignore)[^#(]*
    )""",
    re.VERBOSE,
)
SETTINGS = {"pyproject.toml": ("ruff", re.compile(r'"S\d+"')), ".checkov.yaml": ("checkov", re.compile(r"- CKV\w+"))}
TEMPLATES = ["template.yaml", "networks/reference.yaml"]


class Suppression(NamedTuple):
    scanner: str
    place: str
    reason: str


def suppressions(files: Sequence[str]) -> list[Suppression]:
    in_code = [each for name in files if name.endswith((".py", ".sh", ".yaml", ".toml")) for each in in_comments(name)]
    return [*in_code, *_in_settings(), *_in_template(), *_in_tables()]


def in_comments(name: str) -> Iterator[Suppression]:
    for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
        said = list(WORDS.finditer(line))
        reason = WORDS.sub("", line[said[0].start() :]).strip(" #()") if said else ""
        for scanner in (each.lastgroup for each in said if each.lastgroup):
            yield Suppression(scanner.replace("_", "-"), f"{name}:{number}", reason)


def _in_settings() -> Iterator[Suppression]:
    for name, (scanner, entry) in SETTINGS.items():
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            setting, _, reason = line.partition("#")
            for _ in entry.findall(setting):
                yield Suppression(scanner, f"{name}:{number}", reason.strip())


def _in_template() -> Iterator[Suppression]:
    for template in TEMPLATES:
        for name, resource in read_template(ROOT / template)["Resources"].items():
            for scanner in {"checkov", "cfn-lint"} & resource.get("Metadata", {}).keys():
                for skip in resource["Metadata"][scanner].get("skip", [{}]):
                    yield Suppression(scanner, f"{template}: {name}", skip.get("comment", ""))


def _in_tables() -> Iterator[Suppression]:
    tables = {
        "bandit": NO_FAULTS,
        "detect-secrets": NO_SECRET_VALUES | NO_SECRET_LINES | NO_SECRET_FILES,
        "states": NO_MISTAKES,
    }
    for scanner, table in tables.items():
        for entry, reason in table.items():
            yield Suppression(scanner, f"scripts: {entry}", reason)
