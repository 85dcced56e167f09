"""The watch's side of the table: books, looks that were asked for, who changed what; and what a batch leaves over."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from control_plane.aws.keys import resource_key
from control_plane.aws.outbox import Outbox
from control_plane.aws.watch_table import TRIES, Overtaken, WatchTable
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import Announcement, DetailType, drift_announcement
from control_plane.domain.run import Evidence
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book, turned
from control_plane.domain.watch.change import Change
from control_plane.errors import AwsUnavailable
from tests.aws.conftest import NOON, TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ARN = "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/0123456789ab"
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


def watched(name: str = "vision") -> Watched:
    return Watched(
        cluster_name=name,
        cluster_arn=ARN,
        run_id="run-1",
        request_id="r-1",
        requested_by="somebody",
        vpc_ids=("vpc-1",),
        baseline=Evidence(s3_uri="s3://evidence/baselines/vision/run-1.json", sha256="0" * 64),
        taken_at=NOON,
        reason="provisioned",
    )


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


def change(by: str = "role/ops") -> Change:
    return Change(by=by, event_name="ReplaceRoute", at=NOON)


class TakesLess:
    """DynamoDB takes all but one of a batch, and hands that one back."""

    def __init__(self, dynamodb: "DynamoDBClient", operation: str, *, times: int) -> None:
        self.left, self._held = times, list[Any]()
        self._get = operation == "BatchGetItem"
        dynamodb.meta.events.register(f"before-parameter-build.dynamodb.{operation}", self.withhold)
        dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", self.hand_back)

    def withhold(self, params: dict[str, Any], **_: Any) -> None:
        asked = params["RequestItems"][TABLE]
        of_all = asked["Keys"] if self._get else asked
        self._held = of_all[:1] if self.left and len(of_all) > 1 else []
        self.left -= 1 if self._held else 0
        rest = of_all[len(self._held) :]
        params["RequestItems"] = {TABLE: asked | {"Keys": rest} if self._get else rest}

    def hand_back(self, parsed: dict[str, Any], **_: Any) -> None:
        if self._held:
            parsed["UnprocessedKeys" if self._get else "UnprocessedItems"] = {
                TABLE: {"Keys": self._held} if self._get else self._held
            }


def itself(*names: str) -> dict[str, str]:
    return dict(zip(names, names, strict=True))


def resources_of(dynamodb: "DynamoDBClient", names: Iterable[str]) -> list[str]:
    keys = {name: resource_key(name, "vision") for name in names}
    return [name for name, key in keys.items() if "Item" in dynamodb.get_item(TableName=TABLE, Key=key)]


@pytest.mark.parametrize("count", [0, 1, 150])
def test_books_are_read_of_however_many_clusters(watch: WatchTable, count: int) -> None:
    names = [f"cluster-{number}" for number in range(count)]
    for name in names:
        watch.begin(watched(name), {})
    assert watch.books([*names, "of-nobody"]) == {name: (watched(name), Book()) for name in names}
    assert [one.cluster_name for one in watch.watched()] == sorted(names)


def test_a_book_comes_back_as_it_was_kept_with_what_is_to_be_said(watch: WatchTable, outbox: Outbox) -> None:
    watch.begin(watched(), {})
    watch.keep(watched(), FIRST, [announcement()], last=False)
    assert watch.books(["vision"]) == {"vision": (watched(), FIRST)}
    assert [one.detail_type for one in outbox.pending("run-1")] == [DetailType.DRIFT_DETECTED]


def test_of_two_looks_that_read_the_same_book_the_later_one_is_overtaken_and_says_nothing(
    watch: WatchTable, outbox: Outbox
) -> None:
    watch.begin(watched(), {})
    watch.keep(watched(), FIRST, [], last=False)
    with pytest.raises(Overtaken):
        watch.keep(watched(), FIRST.model_copy(update={"standing": ()}), [announcement()], last=True)
    assert watch.books(["vision"]) == {"vision": (watched(), FIRST)}
    assert outbox.pending("run-1") == []


def test_with_the_last_word_the_watch_is_over(watch: WatchTable, outbox: Outbox) -> None:
    watch.begin(watched(), {})
    watch.keep(watched(), FIRST, [announcement()], last=True)
    assert (watch.watched(), watch.books(["vision"])) == ([], {})
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


def test_a_resource_names_the_clusters_that_it_decides_about_and_never_its_change(watch: WatchTable) -> None:
    watch.begin(watched("one"), itself("rtb-1", "rtb-2"))
    watch.begin(watched("two"), itself("rtb-1"))
    watch.note("rtb-1", change())
    watch.note("rtb-9", change())
    assert watch.touched(["rtb-1", "rtb-2", "rtb-9"]) == {"rtb-1": ["one", "two"], "rtb-2": ["one"]}


def test_an_association_names_the_clusters_under_what_changes_with_it(watch: WatchTable) -> None:
    watch.begin(watched("one"), {"rtbassoc-1": "subnet-1", **itself("rtb-1")})
    assert watch.touched(["rtbassoc-1", "rtb-1"]) == {"subnet-1": ["one"], "rtb-1": ["one"]}


def test_the_last_change_of_a_resource_is_who_is_told(watch: WatchTable) -> None:
    watch.note("rtb-1", change("role/ops"))
    watch.note("rtb-1", change("role/dev"))
    assert watch.changes(["rtb-1", "rtb-2"]) == {"rtb-1": change("role/dev")}
    assert watch.changes([]) == {}


def test_changes_of_more_resources_than_a_batch_takes_are_read(watch: WatchTable) -> None:
    ids = [f"rtb-{number}" for number in range(101)]
    for one in ids:
        watch.note(one, change())
    assert watch.changes(ids) == dict.fromkeys(ids, change())


def test_what_a_batch_of_reads_leaves_over_is_asked_for_again(watch: WatchTable, dynamodb: "DynamoDBClient") -> None:
    watch.note("rtb-1", change())
    watch.note("rtb-2", change())
    less = TakesLess(dynamodb, "BatchGetItem", times=1)
    assert set(watch.changes(["rtb-1", "rtb-2"])) == {"rtb-1", "rtb-2"}
    assert less.left == 0


def test_what_a_batch_of_writes_leaves_over_is_written_again(watch: WatchTable, dynamodb: "DynamoDBClient") -> None:
    ids = [f"rtb-{number}" for number in range(60)]
    less = TakesLess(dynamodb, "BatchWriteItem", times=2)
    watch.begin(watched(), itself(*ids))
    assert resources_of(dynamodb, ids) == ids
    assert less.left == 0


@pytest.mark.parametrize(
    ("operation", "left"), [("BatchGetItem", "UnprocessedKeys"), ("BatchWriteItem", "UnprocessedItems")]
)
def test_a_batch_that_is_handed_back_for_good_is_given_up_and_no_watch_begins_without_its_index(
    watch: WatchTable, dynamodb: "DynamoDBClient", operation: str, left: str
) -> None:
    asked = list[dict[str, Any]]()

    def hand_back(parsed: dict[str, Any], **_: Any) -> None:
        parsed[left] = asked[-1]

    dynamodb.meta.events.register(
        f"before-parameter-build.dynamodb.{operation}", lambda params, **_: asked.append(params["RequestItems"])
    )
    dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", hand_back)
    with pytest.raises(AwsUnavailable):
        watch.changes(["rtb-1"]) if operation == "BatchGetItem" else watch.begin(watched(), itself("rtb-1"))
    assert len(asked) == TRIES
    assert watch.watched() == []
