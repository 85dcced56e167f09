"""That the comparison of grants and needs sees what it is there for, and that its list says why."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests.least_privilege import UNSEEN, Grant, Seen, Unseen, deployed_grants, judge
from tests.privilege_session import PrivilegeSession, is_whole, packed, told, unpacked

TESTPATHS = pytest.Config.ArgsSource.TESTPATHS
READ, WRITE = Grant("Role", "a:Read", "x"), Grant("Role", "a:Write", "x")
LOG = Unseen("a:Log", "It logs.", "https://docs.aws.amazon.com/x")


def test_grants_that_are_used_or_known_to_be_needed_are_as_many_as_it_takes() -> None:
    log = Grant("Role", "a:Log", "y")
    verdict = judge([READ, log], [READ], {"Role": [LOG]})
    assert verdict.holds
    assert verdict.used == {READ}


def test_a_grant_too_many_is_found() -> None:
    verdict = judge([READ, WRITE], [READ], {})
    assert (verdict.holds, verdict.unused) == (False, [WRITE])


def test_a_grant_to_one_resource_too_many_is_found() -> None:
    other = READ._replace(resource="y")
    assert judge([READ, other], [READ], {}).unused == [other]


def test_the_same_grant_of_another_role_is_another_grant() -> None:
    other = READ._replace(role="Other")
    assert judge([READ, other], [READ], {}).unused == [other]


def test_a_listed_grant_that_is_not_there_is_found() -> None:
    verdict = judge([READ], [READ], {"Role": [LOG]})
    assert not verdict.holds
    assert verdict.lacking == ["Role lacks a:Log: It logs. https://docs.aws.amazon.com/x"]


def test_a_listed_grant_excuses_its_own_role_and_resource_alone() -> None:
    logs = [Grant("Role", "a:Log", "x/*"), Grant("Role", "a:Log", "y/*"), Grant("Other", "a:Log", "x/*")]
    assert judge(logs, [], {"Role": [LOG._replace(resource="x/*")]}).unused == sorted(logs[1:])


@pytest.mark.parametrize(
    "need", [pytest.param(each, id=f"{role} {each.action}") for role in UNSEEN for each in UNSEEN[role]]
)
def test_what_is_listed_says_why_and_where_aws_says_so(need: Unseen) -> None:
    assert re.fullmatch(r"[A-Z].+\.", need.why)
    assert need.page.startswith("https://docs.aws.amazon.com/")


def test_what_is_listed_is_granted() -> None:
    granted = set(deployed_grants().values())
    assert judge(granted, granted, UNSEEN).lacking == []


def test_what_workers_see_comes_together() -> None:
    places = [*deployed_grants()]
    seen, other = Seen(3, set(places[:2]), {"one"}), Seen(4, set(places[1:3]), {"two"})
    seen.add(unpacked(packed(other)))
    assert seen == Seen(7, set(places[:3]), {"one", "two"})


def test_the_summary_names_each_grant_that_is_wrong() -> None:
    verdict = judge([READ, WRITE], [READ], {"Role": [LOG]})
    text = "\n".join(told(Seen(5, set(), {"User: x may not"}), verdict))
    for said in (
        "5 calls",
        "1 grants missing",
        "MISSING User: x may not",
        f"UNUSED {WRITE}",
        "NOT GRANTED Role lacks a:Log",
    ):
        assert said in text


def config(source: Any = TESTPATHS, **options: Any) -> Any:
    """As much of pytest's configuration as the plugin asks."""
    return SimpleNamespace(args_source=source, getoption=lambda name, default=None: options.get(name, default))


@pytest.mark.parametrize(
    ("asked", "whole"),
    [
        pytest.param(config(), True, id="all"),
        pytest.param(config(pytest.Config.ArgsSource.ARGS), False, id="a path"),
        pytest.param(config(keyword="slack"), False, id="-k"),
        pytest.param(config(markexpr="long"), False, id="-m"),
        pytest.param(config(markexpr="not long"), True, id="make test"),
        pytest.param(config(lf=True), False, id="--lf"),
        pytest.param(config(deselect=["tests/unit"]), False, id="--deselect"),
        pytest.param(config(numprocesses=2), True, id="all, by two workers"),
    ],
)
def test_only_a_whole_run_asks_for_grants_that_nobody_used(asked: Any, whole: bool) -> None:  # noqa: FBT001 (a column of the table)
    assert is_whole(asked) == whole


def finished(asked: Any, seen: Seen, status: int = 0) -> tuple[int, list[str]]:
    """What a session that saw this ends with: its exit status, and its summary."""
    session, lines = SimpleNamespace(exitstatus=status), list[str]()
    plugin = PrivilegeSession(asked)
    plugin.pytest_testnodedown(SimpleNamespace(workeroutput={"least_privilege": packed(seen)}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.privilege_session.seen_here", Seen)
        plugin.pytest_sessionfinish(session, status)  # type: ignore[arg-type]  # it only sets the status
    report = SimpleNamespace(section=lines.append, line=lines.append)
    plugin.pytest_terminal_summary(report)  # type: ignore[arg-type]  # it only writes lines
    return session.exitstatus, lines


ALL = Seen(1, set(deployed_grants()))


def test_a_session_in_which_every_grant_was_used_ends_well() -> None:
    status, lines = finished(config(), ALL)
    assert (status, lines[0]) == (0, "least privilege")
    assert " 0 unused" in "\n".join(lines)


def test_a_session_in_which_a_grant_was_not_used_fails_and_names_it() -> None:
    place = next(each for each in ALL.used if each.action == "sagemaker:DeleteCluster")
    status, lines = finished(config(), Seen(1, ALL.used - {place}))
    assert status == 1
    assert f"UNUSED {deployed_grants()[place]}" in lines


def test_a_part_of_the_suite_is_not_asked_for_what_it_did_not_use() -> None:
    assert finished(config(keyword="slack"), Seen(1))[0] == 0


@pytest.mark.parametrize("asked", [config(), config(keyword="slack")], ids=["all", "a part"])
def test_a_session_in_which_a_function_lacked_a_grant_fails_whatever_ran(asked: Any) -> None:
    status, lines = finished(asked, Seen(1, ALL.used, {"User: x is not authorized"}))
    assert status == 1
    assert "MISSING User: x is not authorized" in lines


def test_a_session_that_failed_stays_failed_as_it_did() -> None:
    assert finished(config(), Seen(1), status=2)[0] == 2


def test_a_session_without_a_simulator_says_nothing() -> None:
    assert finished(config(keyword="slack"), Seen()) == (0, [])
