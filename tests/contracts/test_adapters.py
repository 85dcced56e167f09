"""What an adapter says it calls is what it calls: `ACTIONS` against the literals at its calls."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.contracts.deployed import ROOT

IAM_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z]+")
ROOM = ROOT / "layers/core/control_plane/aws"


def _called(path: Path) -> set[str]:
    """The IAM actions that are given, as literals, to any call of a module but `frozenset`, where they are declared.

    Either of two counts, where a call chooses.
    """
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    naming = [call for call in calls if not (isinstance(call.func, ast.Name) and call.func.id == "frozenset")]
    chosen = [each for call in naming for each in call.args if isinstance(each, ast.Constant | ast.IfExp)]
    literals = [each.value for argument in chosen for each in ast.walk(argument) if isinstance(each, ast.Constant)]
    return {text for text in literals if isinstance(text, str) and IAM_ACTION.fullmatch(text)}


ADAPTERS = [path for path in sorted(ROOM.rglob("*.py")) if _called(path)]


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_an_adapter_declares_the_actions_it_calls_and_no_others(path: Path) -> None:
    name = ".".join(path.relative_to(ROOM.parents[1]).with_suffix("").parts)
    module = vars(importlib.import_module(name))
    declared = frozenset().union(*(module.get(each, frozenset()) for each in ("ACTIONS", "READS", "WRITES")))
    assert declared == _called(path)
