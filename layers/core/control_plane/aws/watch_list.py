"""Which clusters are under watch, by which baselines, and what decides about their way out.

=====================  ===================  ===================================================================
``WATCH``              ``<cluster name>``   a cluster under watch, see `Watched`
``CLUSTER#<name>``     ``BASELINE#<run>``   a baseline that it has, or had
``RESOURCE#<id>``      ``<cluster name>``   a resource that decides about a watched cluster's way out
``RESOURCE#<id>``      ``#CHANGE``          who changed it last, as CloudTrail tells it
=====================  ===================  ===================================================================
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from control_plane.aws.batches import GETS, PUTS, QUERIES, Batches, fields_of
from control_plane.aws.calls import calling
from control_plane.aws.items import to_item
from control_plane.aws.keys import baseline_key, change_key, resource_key, watch_key
from control_plane.domain.watch import Watched
from control_plane.domain.watch.change import Change
from control_plane.domain.wire import Wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = frozenset({"dynamodb:PutItem"})  # its own; the others are those of `Batches`
BEGINS = ACTIONS | GETS | PUTS
NOTICES = ACTIONS | QUERIES


class WatchList:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table, self._items = dynamodb, table, Batches(dynamodb, table)

    def all(self) -> list[Watched]:
        """All clusters under watch, by name."""
        return [Watched.from_wire(fields_of(item)) for item in self._items.query("WATCH")]

    def find(self, name: str) -> Watched | None:
        """The cluster of this name, if it is under watch."""
        return next((Watched.from_wire(fields_of(item)) for item in self._items.get([watch_key(name)])), None)

    def begin(self, watched: Watched, resources: Mapping[str, str]) -> None:
        """Watch a cluster by this baseline from now on, and by what decides about it."""
        name = watched.cluster_name
        self.index(name, resources)
        for key in (baseline_key(name, watched.run_id), watch_key(name)):
            self._put(key, watched)

    def baselines(self, name: str) -> list[Watched]:
        """All baselines that a cluster of this name was ever watched by, newest first."""
        found = [Watched.from_wire(fields_of(item)) for item in self._items.query(f"CLUSTER#{name}", "BASELINE#")]
        return sorted(found, key=lambda one: one.taken_at, reverse=True)

    def index(self, name: str, resources: Mapping[str, str]) -> None:
        """Note what decides about a cluster, so that changes are matched.

        What decided before stays noted: a look too many does no harm.

        Args:
            resources: each with what has changed where it is: mostly itself.
        """
        self._items.put([_entry(one, resources[one], name) for one in sorted(resources)])

    def touched(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Names of watched clusters that these resources decide about, by what has changed."""
        touched: dict[str, list[str]] = {}
        for one in ids:
            for item in self._items.query(f"RESOURCE#{one}"):
                if item["sk"] != "#CHANGE":
                    touched.setdefault(item.get("Changes", one), []).append(item["sk"])
        return touched

    def note(self, resource: str, change: Change) -> None:
        self._put(change_key(resource), change)

    def changes(self, ids: Iterable[str]) -> dict[str, Change]:
        """Who changed these last, as far as we heard of it."""
        found = self._items.get([change_key(one) for one in sorted(set(ids))])
        return {item["pk"].removeprefix("RESOURCE#"): Change.from_wire(fields_of(item)) for item in found}

    def _put(self, key: dict[str, Any], what: Wire) -> None:
        with calling("dynamodb:PutItem"):
            self._dynamodb.put_item(TableName=self._table, Item=key | to_item(what.to_wire()))


def _entry(resource: str, changes: str, name: str) -> dict[str, Any]:
    return resource_key(resource, name) | (to_item({"Changes": changes}) if changes != resource else {})
