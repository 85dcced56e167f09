"""No scanner is told to be silent without a sentence that says why; none that looked at nothing counts as silent."""

from pathlib import Path

import pytest

from scripts.gate import judge, tree
from scripts.planted import FAULTS
from scripts.scanners import AUDIT, GATE, Finding
from scripts.suppressions import in_comments, suppressions
from tests.contracts.deployed import ROOT

PLANTED = ".build/x/planted.py"


def test_every_suppression_has_its_sentence_beside_it() -> None:
    found = suppressions(list(tree()))
    assert {each.scanner for each in found} == {"ruff", "bandit", "detect-secrets", "states", "checkov"}
    assert [each for each in found if len(each.reason.split()) < 3] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("run()  # {noqa}: S603 (our own tool)", [("ruff", "our own tool")]),
        (
            "run()  # {noqa}: PLC0415, S603 # {nosec} B603 # our own tool",
            [("ruff", "our own tool"), ("bandit", "our own tool")],
        ),
        ("run()  # {noqa}: S603", [("ruff", "")]),
        ("run()  # {nosec}", [("bandit", "")]),
        ("KEY = 1  # {pragma}: allowlist secret", [("detect-secrets", "")]),
        ("# {pragma}: allowlist nextline secret # made up", [("detect-secrets", "made up")]),
        ("# ruff: {noqa}: S101", [("ruff", "")]),
        ("# {skip}=CKV_AWS_18: the log's own bucket", [("checkov", "the log's own bucket")]),
        ("run()  # {noqa}: PLC0415", []),
        ("run()  # our own tool", []),
    ],
)
def test_a_suppression_is_seen_with_its_reason(line: str, found: list[tuple[str, str]], tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(line.format(noqa="noqa", nosec="nosec", pragma="pragma", skip="checkov:skip"))
    assert [(each.scanner, each.reason) for each in in_comments(str(module))] == found


def test_no_other_file_tells_a_scanner_what_to_leave_out() -> None:
    elsewhere = {
        ".bandit",
        ".cfnlintrc",
        ".cfnlintrc.yaml",
        ".secrets.baseline",
        "ruff.toml",
        ".ruff.toml",
        "setup.cfg",
    }
    assert elsewhere & {path.name for path in ROOT.iterdir()} == set()


def test_the_scanners_are_shown_every_file_and_nothing_that_is_made_here() -> None:
    files = list(tree())
    rooms = {name.split("/")[0] for name in files if "/" in name}
    assert len(files) > 300
    assert {".ci", "docs", "events", "functions", "layers", "networks", "scripts", "simulator", "tests"} <= rooms
    assert not [room for room in rooms if room.startswith(".venv") or room in {".git", ".build", ".aws-sam"}]


@pytest.mark.parametrize("name", GATE | AUDIT)
def test_a_scanner_that_looked_at_nothing_fails(name: str) -> None:
    found = [Finding(PLANTED, 1, rule, "") for rule in FAULTS[name]]
    assert judge(found, [PLANTED], FAULTS[name]) == []
    assert all("looked at nothing" in fault for fault in judge(found[1:], [PLANTED], FAULTS[name]))
    assert judge(found[1:], [PLANTED], FAULTS[name])


def test_a_finding_in_the_tree_fails_also_when_it_is_the_planted_one() -> None:
    rule = "S605"
    planted, ours = Finding(PLANTED, 3, rule, ""), Finding("functions/api/handler.py", 3, rule, "a shell")
    assert judge([planted, ours], [PLANTED], {rule}) == ["functions/api/handler.py:3: S605 a shell"]
    assert len(judge([ours], [PLANTED], {rule})) == 2
