"""How all watched clusters stand, told once a day."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import digest_announcement
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.messages.slack_message import message
from control_plane.domain.watch.book import Acknowledgement, Book, turned
from control_plane.domain.watch.digest import ROWS_MAX, Standing, day_to_tell, digest
from control_plane.steps.request_drift_check import request_drift_check
from tests.aws.fakes import StateMachine
from tests.unit.test_watch_book import NOON, drift

if TYPE_CHECKING:
    from control_plane.aws.executions import Executions
    from control_plane.aws.watch_list import WatchList
    from control_plane.aws.watch_table import WatchTable

WORD = Acknowledgement(by="ada", at=NOON, reason="We know.")
OPEN, OTHER, UNREAD = drift("rtb-1"), drift("rtb-2"), drift("ec2:Any", severity=Severity.UNKNOWN)


def book(*drifts: Any, known: bool = False) -> Book:
    made, _ = turned(Book(), {one.fingerprint: one for one in drifts}, NOON)
    return (made.acknowledging("rtb-1", WORD) or made) if known else made


@pytest.mark.parametrize(
    ("kept", "standing"),
    [
        pytest.param(book(), None, id="nothing stands open"),
        pytest.param(book(OPEN), Standing.DRIFTING, id="a drift"),
        pytest.param(book(OPEN, known=True), Standing.ACKNOWLEDGED, id="one that somebody knows of"),
        pytest.param(book(OPEN, OTHER, known=True), Standing.DRIFTING, id="and another one"),
        pytest.param(book(UNREAD), Standing.UNKNOWN, id="what could not be read"),
        pytest.param(book(OPEN, UNREAD, known=True), Standing.UNKNOWN, id="beside one that somebody knows of"),
        pytest.param(book(OPEN, UNREAD), Standing.DRIFTING, id="beside a drift"),
        pytest.param(turned(book(OPEN), {}, NOON)[0], None, id="one that is over"),
    ],
)
def test_a_cluster_stands_as_its_book_says(kept: Book, standing: Standing | None) -> None:
    told = digest({"one": kept, "calm": Book()})
    assert [row.standing for row in told.clusters] == ([standing] if standing else [])
    assert (told.watched, told.as_wanted) == (2, 1 if standing else 2)
    assert told.drifting + told.acknowledged + told.unknown == len(told.clusters)


def test_the_worst_come_first_and_what_has_no_room_is_counted() -> None:
    books = {f"cluster-{number:04}": book(OPEN, known=bool(number % 2)) for number in range(3000)}
    told = digest(books)
    standings = [row.standing for row in told.clusters]
    assert standings == sorted(standings, key=[*Standing].index)
    assert (told.drifting, told.acknowledged) == (1500, 1500)
    assert len(told.clusters) + told.omitted_clusters == 3000
    assert told.omitted_clusters > 0
    event = digest_announcement("2026-11-24", told.to_wire(), at=NOON, region="eu-west-1", account="123456789012")
    assert ROWS_MAX / 2 < len(event.body.encode()) < 2 * ROWS_MAX


@pytest.mark.parametrize(
    ("books", "words"),
    [
        ({"a": Book()}, ["✅ Watched: 1 of 1 as wanted", "Nothing stands open."]),
        (
            {"a": Book(), "b": book(UNREAD)},
            ["⚠️ Watched: 1 of 2", "1 that could not be looked at", "b: Unknown"],
        ),
        ({"a": book(OPEN)}, ["⚠️ Watched: 0 of 1", "1 with drift that stands open", "a: Drifting"]),
    ],
)
def test_slack_calls_fine_only_what_was_seen_to_be(books: dict[str, Book], words: list[str]) -> None:
    told = digest_announcement("2026-11-24", digest(books).to_wire(), at=NOON, region="a", account="1")
    text = message(told.detail_type, told.detail, "any")["text"]
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("every", "days"),
    [
        pytest.param(15, 3, id="every quarter of an hour"),
        pytest.param(7, 3, id="at odd minutes"),
        pytest.param(90, 3, id="less than once an hour"),
        pytest.param(1440, 3, id="once a day"),
    ],
)
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_each_day_is_told_once_by_whatever_clock(every: int, days: int, hour: int) -> None:
    first = datetime(2026, 11, 24, 6, 10, tzinfo=UTC)
    times = [first + timedelta(minutes=minutes) for minutes in range(0, days * 1440, every)]
    told = [day for at in times if (day := day_to_tell(at, hour, timedelta(minutes=every)))]
    assert len(told) == len({*told}) == days


def test_without_an_hour_no_day_is_told() -> None:
    assert day_to_tell(NOON, None, timedelta(days=1)) is None


@pytest.mark.parametrize("day", ["2026-11-24", None])
def test_the_clock_s_look_carries_the_day_that_is_to_be_told(day: str | None) -> None:
    machine, due = StateMachine(), list[datetime]()

    def day_of(at: datetime) -> str | None:
        due.append(at)
        return day

    event = BusEvent.from_wire(
        {
            "id": "1",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "1",
            "region": "any",
            "time": "2026-11-24T06:10:00Z",
            "detail": {},
        }
    )
    request_drift_check(
        event,
        under_watch=cast("WatchList", None),
        watch=cast("WatchTable", None),
        executions=cast("Executions", machine),
        day_of=day_of,
        now=lambda: NOON,
    )
    assert [payload.get("Digest") for payload in machine.inputs.values()] == [day]
    assert due == [datetime(2026, 11, 24, 6, 10, tzinfo=UTC)]
