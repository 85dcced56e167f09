"""What the documents say is tested, is: every test that one of them names is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.chaos.plan import PAIRS
from tests.chaos.scenarios import SCENARIOS
from tests.contracts.deployed import ROOT
from tests.hostile.strings import ALL, NO_URLS
from tests.hostile.test_probe_output import OUTPUTS
from tests.races.__main__ import GOOD, REFUSED
from tests.stories.test_causes import FAILURES, REFUSALS
from tests.stories.test_denied_calls import DENIED

TESTS = ROOT / "tests"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED = re.compile(r"(?:tests/)?([\w/]+\.py)::(test_\w+)")
FILE = re.compile(r"(?<![\w/])(?:tests/)?((?:\w+/)*test_\w+\.py)")
# A document that names fewer has lost its point, or is written in a form that is not read here.
LEAST = {"promises.md": 25, "threats.md": 40}


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a file's tests; none if there is no such file."""
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def unknown_to_the_suite(text: str) -> list[str]:
    """The tests and files of tests that a text names, and that are not there."""
    tests = [f"{path}::{name}" for path, name in NAMED.findall(text) if name not in names_in(TESTS / path)]
    known = {path.name for path in TESTS.rglob("test_*.py")} | {
        str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py")
    }
    return tests + [path for path in FILE.findall(text) if path not in known]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    assert unknown_to_the_suite(document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("name", "least"), LEAST.items())
def test_a_document_that_has_to_name_tests_names_them(name: str, least: int) -> None:
    assert len(set(NAMED.findall((ROOT / "docs" / name).read_text(encoding="utf-8")))) >= least


@pytest.mark.parametrize(
    "text",
    [
        "`contracts/test_docs.py::test_that_there_is_not`",
        "`tests/contracts/test_docs.py::test_that_there_is_not`",
        "`contracts/test_nothing.py::test_every_test_that_a_document_names_is_there`",
        "[`test_nothing.py`](../tests/contracts/test_nothing.py)",
    ],
)
def test_a_test_that_is_not_there_is_found(text: str) -> None:
    assert unknown_to_the_suite(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "`contracts/test_docs.py::test_a_test_that_is_not_there_is_found`",
        "`tests/contracts/test_docs.py::test_a_test_that_is_not_there_is_found`",
        "[`test_docs.py`](../tests/contracts/test_docs.py)",
    ],
)
def test_a_test_that_is_there_is_not(text: str) -> None:
    assert unknown_to_the_suite(text) == []


FIGURES = {
    "(\\d+) causes, each with its phase": len(REFUSALS) + len(FAILURES),
    "(\\d+) denied calls": len(DENIED),
    "(\\d+) named outputs": len(OUTPUTS),
    "(\\d+) texts for an address": len(ALL),
    "(\\d+) texts × 5 kinds of event": len(ALL),
    "(\\d+) texts × 4 forms": len(NO_URLS),
    "(\\d+) pairs": PAIRS * len(SCENARIOS),
    "(\\d+) RequestIds × 16": REFUSED + GOOD,
}


@pytest.mark.parametrize(("said", "number"), FIGURES.items())
def test_a_figure_among_the_promises_is_that_of_its_table(said: str, number: int) -> None:
    found = re.findall(said, (ROOT / "docs/promises.md").read_text(encoding="utf-8"))
    assert found
    assert {int(each) for each in found} == {number}
