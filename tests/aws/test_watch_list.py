"""Who is under watch, what decides about them, who changed it; and what a batch leaves over."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from control_plane.aws.batches import TRIES
from control_plane.aws.keys import resource_key
from control_plane.aws.watch_list import WatchList
from control_plane.domain.watch.change import Change
from control_plane.errors import AwsUnavailable
from tests.aws.conftest import NOON, TABLE
from tests.aws.under_watch import watched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def under_watch(dynamodb: "DynamoDBClient") -> WatchList:
    return WatchList(dynamodb, TABLE)


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


def test_a_cluster_is_found_by_its_name_once_it_is_under_watch(under_watch: WatchList) -> None:
    assert under_watch.find("vision") is None
    under_watch.begin(watched(), {})
    under_watch.begin(watched(run_id="run-2", taken_at=NOON + timedelta(hours=1)), {})
    assert under_watch.find("vision") == under_watch.baselines("vision")[0]
    assert [one.run_id for one in under_watch.baselines("vision")] == ["run-2", "run-1"]


def test_a_resource_names_the_clusters_that_it_decides_about_and_never_its_change(under_watch: WatchList) -> None:
    under_watch.begin(watched("one"), itself("rtb-1", "rtb-2"))
    under_watch.begin(watched("two"), itself("rtb-1"))
    under_watch.note("rtb-1", change())
    under_watch.note("rtb-9", change())
    assert under_watch.touched(["rtb-1", "rtb-2", "rtb-9"]) == {"rtb-1": ["one", "two"], "rtb-2": ["one"]}


def test_an_association_names_the_clusters_under_what_changes_with_it(under_watch: WatchList) -> None:
    under_watch.begin(watched("one"), {"rtbassoc-1": "subnet-1", **itself("rtb-1")})
    assert under_watch.touched(["rtbassoc-1", "rtb-1"]) == {"subnet-1": ["one"], "rtb-1": ["one"]}


def test_the_last_change_of_a_resource_is_who_is_told(under_watch: WatchList) -> None:
    under_watch.note("rtb-1", change("role/ops"))
    under_watch.note("rtb-1", change("role/dev"))
    assert under_watch.changes(["rtb-1", "rtb-2"]) == {"rtb-1": change("role/dev")}
    assert under_watch.changes([]) == {}


def test_changes_of_more_resources_than_a_batch_takes_are_read(under_watch: WatchList) -> None:
    ids = [f"rtb-{number}" for number in range(101)]
    for one in ids:
        under_watch.note(one, change())
    assert under_watch.changes(ids) == dict.fromkeys(ids, change())


def test_what_a_batch_of_reads_leaves_over_is_asked_for_again(
    under_watch: WatchList, dynamodb: "DynamoDBClient"
) -> None:
    under_watch.note("rtb-1", change())
    under_watch.note("rtb-2", change())
    less = TakesLess(dynamodb, "BatchGetItem", times=1)
    assert set(under_watch.changes(["rtb-1", "rtb-2"])) == {"rtb-1", "rtb-2"}
    assert less.left == 0


def test_what_a_batch_of_writes_leaves_over_is_written_again(
    under_watch: WatchList, dynamodb: "DynamoDBClient"
) -> None:
    ids = [f"rtb-{number}" for number in range(60)]
    less = TakesLess(dynamodb, "BatchWriteItem", times=2)
    under_watch.begin(watched(), itself(*ids))
    assert resources_of(dynamodb, ids) == ids
    assert less.left == 0


@pytest.mark.parametrize(
    ("operation", "left"), [("BatchGetItem", "UnprocessedKeys"), ("BatchWriteItem", "UnprocessedItems")]
)
def test_a_batch_that_is_handed_back_for_good_is_given_up_and_no_watch_begins_without_its_index(
    under_watch: WatchList, dynamodb: "DynamoDBClient", operation: str, left: str
) -> None:
    asked = list[dict[str, Any]]()

    def hand_back(parsed: dict[str, Any], **_: Any) -> None:
        parsed[left] = asked[-1]

    dynamodb.meta.events.register(
        f"before-parameter-build.dynamodb.{operation}", lambda params, **_: asked.append(params["RequestItems"])
    )
    dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", hand_back)
    with pytest.raises(AwsUnavailable):
        under_watch.changes(["rtb-1"]) if operation == "BatchGetItem" else under_watch.begin(watched(), itself("rtb-1"))
    assert len(asked) == TRIES
    assert under_watch.all() == []
