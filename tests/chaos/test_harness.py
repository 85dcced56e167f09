"""The sweep's own parts: what is compared, what counts as the same, and which points are swept."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.door import Answered
from simulator.operations import Call
from tests.chaos.cases import Case
from tests.chaos.end_state import EndState, Remains, alike
from tests.chaos.plan import kinds_at
from tests.chaos.points import Point, collapsed, points

END = EndState(
    run={"State": "Failed", "Cause": "Capacity"}, events={}, slack=["a", "b"], execution="FAILED", clusters=1
)
OVER = Remains(state="Failed", probes=[], clusters={"arn"}, open_items=[], running=[], ends={"{}"})


def calls(*callers: str) -> Iterator[Answered]:
    for caller in callers:
        name = ("lambda", "Invoke") if caller == "states" else ("dynamodb", "GetItem")
        yield Answered(Call(caller, *name, "json"), 200)


def test_a_case_is_its_text() -> None:
    text = "happy:AFunction/s3:PutObject/2/CUT*2+function/AFunction/OVERTIME"
    assert str(Case.parse(text)) == text


def test_ids_times_and_names_are_the_same_for_all_runs_and_everything_else_is_not() -> None:
    names = {"run-1": "<run>"}
    here = {"At": "2026-11-24T09:00:00Z", "Text": "i-0123456789abcdef0 of run-1 until 2026-11-24 11:00 UTC", "Count": 2}
    there = {
        "At": "2026-12-01T10:30:00Z",
        "Text": "i-fedcba98765432100 of <run> until 2026-12-01 12:30 UTC",
        "Count": 2,
    }
    assert alike(here, names) == alike(there, names)
    assert alike(here | {"Count": 3}, names) != alike(there, names)
    assert alike(here | {"At": None}, names) != alike(there, names)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param(EndState({"State": "Failed"}, {}, ["a", "b"], "FAILED", 1), ".run.Cause", id="a missing field"),
        pytest.param(EndState(END.run, {}, ["a"], "FAILED", 1), ".slack", id="a missing message"),
        pytest.param(EndState(END.run, {}, ["a", "c"], "FAILED", 1), ".slack[1]", id="another message"),
        pytest.param(EndState(END.run, {"a": {}}, ["a", "b"], "FAILED", 1), ".events.a", id="one event more"),
    ],
)
def test_a_difference_is_told_with_its_place(other: EndState, told: str) -> None:
    assert END.differences(END) == []
    assert [each.partition(":")[0] for each in other.differences(END)] == [f"end{told}"]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"state": "Running"}, id="it has not ended"),
        pytest.param({"state": ""}, id="there is no run"),
        pytest.param({"probes": ["i-1"]}, id="a probe is left"),
        pytest.param({"clusters": {"one", "two"}}, id="two clusters were made"),
        pytest.param({"open_items": ["EVENT#x"]}, id="an event is not sent"),
        pytest.param({"running": ["run-1-end-1"]}, id="an execution runs"),
        pytest.param({"ends": set()}, id="no end was told"),
        pytest.param({"ends": {"{}", "[]"}}, id="two ends were told"),
    ],
)
def test_whatever_is_left_of_a_run_is_complained_of(spoilt: dict[str, Any]) -> None:
    assert OVER.complaints() == []
    assert len(Remains(**{**vars(OVER), **spoilt}).complaints()) == 1


def test_only_the_first_the_second_and_the_last_round_of_a_poll_loop_are_swept() -> None:
    rounds = ["ReadClusterFunction", "ReadClusterFunction", "states"] * 6
    swept = points(calls("AcceptRequestFunction", *rounds, "RecordOutcomeFunction"))
    assert [point.nth for point in swept if point.caller == "ReadClusterFunction"] == [1, 2, 3, 4, 11, 12]
    assert Counter(point.caller for point in swept)["RecordOutcomeFunction"] == 1
    assert collapsed([calls(*rounds)]) == (6, 12)


def test_only_what_has_an_older_answer_is_read_stale() -> None:
    def stale(older: int) -> list[str]:
        return [kind for kind in kinds_at(Point("ReadClusterFunction", "sagemaker:DescribeCluster", 1, older))
                if kind.startswith("STALE")]  # fmt: skip

    assert stale(0) == []
    assert stale(3) == ["STALE-1", "STALE-2", "STALE-3"]
