"""One pace for everybody: no two calls closer than a third of a second, and no moment lost, whoever asks and when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.aws.items import to_item
from control_plane.aws.pace import HORIZON, INTERVAL, KEY, TRIES, Pace
from control_plane.errors import AwsRefused, AwsUnavailable
from tests.aws.conftest import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOON = 1_764_000_000.0  # seconds since 1970
GAP = INTERVAL / 1000


class Watched:
    """DynamoDB that takes one call after the other, as it does for an item, counts them, and lets others in between."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.calls = 0
        self.before: Callable[[int], object] = lambda _: None  # is told the call's number, from 1
        self.exceptions = dynamodb.exceptions
        self._dynamodb, self._lock = dynamodb, Lock()

    def update_item(self, **call: Any) -> Any:
        self.calls += 1
        self.before(self.calls)
        with self._lock:  # moto itself has none
            return self._dynamodb.update_item(**call)


@pytest.fixture
def watched(dynamodb: "DynamoDBClient") -> Watched:
    return Watched(dynamodb)


def pace_of(watched: Watched) -> Pace:
    return Pace(cast("DynamoDBClient", watched), TABLE)


def set_next_at(dynamodb: "DynamoDBClient", seconds: float) -> None:
    dynamodb.put_item(TableName=TABLE, Item={**KEY, **to_item({"NextAt": round(seconds * 1000)})})


def test_the_interval_is_a_third_of_a_second_and_hardly_more() -> None:
    assert 1 / 3 <= GAP < 1.01 / 3


def test_a_moment_costs_two_calls_when_nobody_is_there_and_one_behind_others(watched: Watched) -> None:
    pace = pace_of(watched)
    assert (pace.reserve(NOON), watched.calls) == (NOON, 2)
    assert (pace.reserve(NOON), watched.calls) == (NOON + GAP, 3)
    assert (pace.reserve(NOON + 0.1), watched.calls) == (NOON + 2 * GAP, 4)
    assert (pace.reserve(NOON + 60), watched.calls) == (NOON + 60, 6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.integers(0, 900), min_size=1, max_size=12))
def test_everybody_gets_the_first_moment_that_is_free(dynamodb: "DynamoDBClient", pauses: list[int]) -> None:
    dynamodb.delete_item(TableName=TABLE, Key=KEY)  # the last example's
    pace, now, free = Pace(dynamodb, TABLE), 1_764_000_000_000, 0
    for pause in pauses:
        now += pause
        slot = round(pace.reserve(now / 1000) * 1000)
        assert slot == max(now, free)
        free = slot + INTERVAL


def test_of_many_who_ask_at_once_no_two_are_too_close_and_no_moment_is_lost(watched: Watched) -> None:
    pace, start = pace_of(watched), Barrier(16)

    def ask(_: int) -> list[float]:
        start.wait()
        return [pace.reserve(NOON) for _ in range(10)]

    with ThreadPoolExecutor(16) as everybody:
        slots = sorted(slot for slots in everybody.map(ask, range(16)) for slot in slots)
    assert [round(slot - NOON, 3) for slot in slots] == [round(number * GAP, 3) for number in range(160)]


def test_no_two_are_too_close_where_clocks_differ_a_little(watched: Watched) -> None:
    pace = pace_of(watched)
    nows = [[NOON + number / 4 + wrong / 20 for number in range(12)] for wrong in range(-4, 4)]
    with ThreadPoolExecutor(8) as everybody:
        found = everybody.map(lambda mine: [pace.reserve(now) for now in mine], nows)
        slots = sorted(slot for slots in found for slot in slots)
    assert len(slots) == 96
    assert min(round(later - earlier, 3) for earlier, later in pairwise(slots)) >= GAP


@pytest.mark.parametrize("call", [1, 2], ids=["before the first call", "between the two"])
def test_somebody_who_comes_in_between_is_only_waited_for(
    watched: Watched, dynamodb: "DynamoDBClient", call: int
) -> None:
    other: list[float] = []
    watched.before = lambda number: other.append(Pace(dynamodb, TABLE).reserve(NOON)) if number == call else None
    assert (pace_of(watched).reserve(NOON), other) == (NOON + GAP, [NOON])


@pytest.mark.parametrize(
    ("ahead", "slot"),
    [
        pytest.param(HORIZON / 1000 - 1, NOON + HORIZON / 1000 - 1, id="a long queue is waited for"),
        pytest.param(HORIZON / 1000, NOON, id="a wrong clock's moment is not"),
        pytest.param(86_400.0, NOON, id="not even a day ahead"),
    ],
)
def test_a_moment_absurdly_far_ahead_starves_nobody(dynamodb: "DynamoDBClient", ahead: float, slot: float) -> None:
    set_next_at(dynamodb, NOON + ahead)
    pace = Pace(dynamodb, TABLE)
    assert (pace.reserve(NOON), pace.reserve(NOON)) == (slot, slot + GAP)


def test_who_is_always_late_is_told_so(watched: Watched, dynamodb: "DynamoDBClient") -> None:
    watched.before = lambda number: set_next_at(dynamodb, NOON if number % 2 else NOON + 1)
    with pytest.raises(AwsUnavailable, match="others were faster"):
        pace_of(watched).reserve(NOON)
    assert watched.calls == 2 * TRIES


def test_a_table_that_is_gone_is_an_error_that_names_the_call(dynamodb: "DynamoDBClient") -> None:
    with pytest.raises(AwsRefused, match="dynamodb:UpdateItem"):
        Pace(dynamodb, "no-such-table").reserve(NOON)
