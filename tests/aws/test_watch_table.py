"""The watch's side of the table: books, looks that were asked for, and what is said of them."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from control_plane.aws.outbox import Outbox
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import Overtaken, WatchTable
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import Announcement, DetailType, drift_announcement
from control_plane.domain.watch.book import Book, turned
from tests.aws.conftest import NOON, TABLE
from tests.aws.under_watch import watched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DRIFT = Drift(
    fingerprint="0123456789abcdef",
    kind=Kind.EGRESS,
    subject="rtb-1",
    instance_group_names=("worker",),
    was="198.51.100.4",
    is_="203.0.113.9",
    effect="worker leaves by 203.0.113.9",
    severity=Severity.BLOCKS,
    remedy="Point it back.",
)
FIRST, _ = turned(Book(), {DRIFT.fingerprint: DRIFT}, NOON)
SOON = NOON + timedelta(minutes=1)


@pytest.fixture
def watch(dynamodb: "DynamoDBClient") -> WatchTable:
    return WatchTable(dynamodb, TABLE)


@pytest.fixture
def under_watch(dynamodb: "DynamoDBClient") -> WatchList:
    return WatchList(dynamodb, TABLE)


def announcement() -> Announcement:
    of = watched()
    return drift_announcement(
        DetailType.DRIFT_DETECTED,
        run_id=of.run_id,
        request_id=of.request_id,
        requested_by=of.requested_by,
        cluster_name=of.cluster_name,
        cluster_arn=of.cluster_arn,
        evidence=of.baseline,
        drift=DRIFT,
        at=NOON,
        region="ap-northeast-1",
        account="123456789012",
    )


@pytest.mark.parametrize("count", [0, 1, 150])
def test_books_are_read_of_however_many_clusters(watch: WatchTable, under_watch: WatchList, count: int) -> None:
    names = [f"cluster-{number}" for number in range(count)]
    for name in names:
        under_watch.begin(watched(name), {})
    assert watch.books([*names, "of-nobody"]) == {name: (watched(name), Book()) for name in names}
    assert [one.cluster_name for one in under_watch.all()] == sorted(names)


def test_a_book_comes_back_as_it_was_kept_with_what_is_to_be_said(
    watch: WatchTable, under_watch: WatchList, outbox: Outbox
) -> None:
    under_watch.begin(watched(), {})
    watch.keep(watched(), FIRST, [announcement()], last=False)
    assert watch.books(["vision"]) == {"vision": (watched(), FIRST)}
    assert [one.detail_type for one in outbox.pending("run-1")] == [DetailType.DRIFT_DETECTED]


def test_of_two_looks_that_read_the_same_book_the_later_one_is_overtaken_and_says_nothing(
    watch: WatchTable, under_watch: WatchList, outbox: Outbox
) -> None:
    under_watch.begin(watched(), {})
    watch.keep(watched(), FIRST, [], last=False)
    with pytest.raises(Overtaken):
        watch.keep(watched(), FIRST.model_copy(update={"standing": ()}), [announcement()], last=True)
    assert watch.books(["vision"]) == {"vision": (watched(), FIRST)}
    assert outbox.pending("run-1") == []


def test_with_the_last_word_the_watch_is_over(watch: WatchTable, under_watch: WatchList, outbox: Outbox) -> None:
    under_watch.begin(watched(), {})
    watch.keep(watched(), FIRST, [announcement()], last=True)
    assert (under_watch.all(), watch.books(["vision"])) == ([], {})
    assert len(outbox.pending("run-1")) == 1


def test_a_look_is_asked_for_once_until_it_is_due(watch: WatchTable) -> None:
    assert watch.ask("vision", "event-1", SOON, NOON)
    assert not watch.ask("vision", "event-2", SOON + timedelta(minutes=1), NOON + timedelta(seconds=59))
    assert watch.ask("another", "event-2", SOON, NOON)
    assert watch.ask("vision", "event-2", SOON + timedelta(minutes=1), SOON)


def test_the_event_that_asked_may_ask_again_and_puts_nothing_off(watch: WatchTable) -> None:
    later = SOON + timedelta(minutes=1)
    for at in (NOON, NOON + timedelta(seconds=59), SOON + timedelta(seconds=1)):
        assert watch.ask("vision", "event-1", at + timedelta(minutes=1), at)
    assert watch.ask("vision", "event-2", later, SOON)
    assert not watch.ask("vision", "event-1", later, SOON)
