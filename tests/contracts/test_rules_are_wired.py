"""Every rule is in the book once, with its source, its examples and its place in the docs."""

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest

from control_plane.aws import role_reader, watch_reader
from control_plane.domain import rules
from control_plane.domain.account.facts import BY_HAND
from control_plane.domain.rules import CHECKS
from control_plane.steps.check_account import ACTIONS
from scripts.rule_book import BOOK, book
from tests.accounts import Example

UNIT = Path(__file__).parents[1] / "unit"
EXAMPLES: list[Example] = [
    example
    for path in sorted(UNIT.glob("test_rules_*.py"))
    for example in importlib.import_module(f"tests.unit.{path.stem}").EXAMPLES
]
RULES = sorted(CHECKS)


def test_every_family_is_in_the_book() -> None:
    families = {module.name for module in pkgutil.iter_modules(rules.__path__)} - {"rulebook"}
    assert families == {check.judgement.__module__.rpartition(".")[2] for check in CHECKS.values()}


@pytest.mark.parametrize("rule", RULES)
def test_an_example_makes_the_rule_speak(rule: str) -> None:
    assert [example for example in EXAMPLES if example.rule == rule and example.found]


@pytest.mark.parametrize("rule", RULES)
def test_an_example_keeps_the_rule_silent(rule: str) -> None:
    assert [example for example in EXAMPLES if example.rule == rule and not example.found]


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_speaks_with_its_own_severity(rule: str) -> None:
    seen = {severity for example in EXAMPLES if example.rule == rule for severity in example.found.values()}
    assert CHECKS[rule].rule.severity in seen


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_names_an_https_source(rule: str) -> None:
    assert re.fullmatch(r"https://\S+", CHECKS[rule].rule.source)


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_has_an_id_of_its_family_and_says_a_sentence(rule: str) -> None:
    data = CHECKS[rule].rule
    assert re.fullmatch(r"[A-Z0-9]+-\d{3}", data.id)
    assert (data.title[-1], data.reason[-1]) == (".", ".")


def test_examples_are_about_rules_of_the_book_and_tell_themselves_apart() -> None:
    assert {example.rule for example in EXAMPLES} == set(RULES)
    assert [name for name, count in Counter(map(str, EXAMPLES)).items() if count > 1] == []


def test_no_rule_of_the_door_can_be_suppressed() -> None:
    assert [rule for rule in CHECKS if rule.startswith("DOOR")] == []


@pytest.mark.parametrize("rule", RULES)
def test_the_step_makes_every_read_that_the_rule_needs(rule: str) -> None:
    assert CHECKS[rule].needs <= ACTIONS


def test_there_is_a_command_by_hand_for_every_read_of_the_check_and_of_the_watch_and_for_no_other() -> None:
    needed = set().union(role_reader.POLICIES, *(check.needs for check in CHECKS.values()))
    assert needed <= set(BY_HAND) <= ACTIONS | watch_reader.ACTIONS


def test_the_rule_book_is_up_to_date() -> None:
    assert BOOK.read_text() == book()
