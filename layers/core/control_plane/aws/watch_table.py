"""The watch's side of the table.

=====================  ===================  ===================================================================
``WATCH``              ``<cluster name>``   a cluster under watch, see `Watched`
``CLUSTER#<name>``     ``DRIFT``            its book: what stands open
``RESOURCE#<id>``      ``<cluster name>``   a resource that decides about a watched cluster's way out
``RESOURCE#<id>``      ``#CHANGE``          who changed it last, as CloudTrail tells it
``CLUSTER#<name>``     ``BASELINE#<run>``   a baseline that it has, or had
``CLUSTER#<name>``     ``DUE``              when a check that was asked for is going to look, and which event asked
``REPLACED``           ``<name>#<node>``    a node that is replaced, until a proof is asked for because of it
=====================  ===================  ===================================================================
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.aws.keys import (
    baseline_key,
    book_key,
    change_key,
    due_key,
    proof_key,
    replaced_key,
    resource_key,
    watch_key,
)
from control_plane.aws.outbox import put_event
from control_plane.aws.transactions import transact
from control_plane.domain.messages.announcements import Announcement
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book
from control_plane.domain.watch.change import Change
from control_plane.domain.watch.proof import Replaced
from control_plane.domain.wire import rfc3339
from control_plane.errors import AwsUnavailable, ControlPlaneError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LISTS = frozenset({"dynamodb:Query"})
READS = frozenset({"dynamodb:BatchGetItem"})
KEEPS = LISTS | READS | {"dynamodb:DeleteItem", "dynamodb:PutItem"}
CHECKS = KEEPS | {"dynamodb:BatchWriteItem"}
NOTICES = frozenset({"dynamodb:Query", "dynamodb:PutItem"})
BEGINS = READS | {"dynamodb:BatchWriteItem", "dynamodb:PutItem"}
ACTIONS = LISTS | CHECKS | NOTICES | BEGINS

READ_AT_ONCE, WRITTEN_AT_ONCE = (
    100,
    25,
)  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
DONE_AT_ONCE = 40  # a transaction holds a hundred writes; of what is left over the next look asks once more
TRIES = 8  # for what a batch leaves over

T = TypeVar("T")


class Overtaken(ControlPlaneError):
    """Another check of this cluster has written meanwhile; what it saw holds."""


class WatchTable:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def watched(self) -> list[Watched]:
        """All clusters under watch, by name."""
        return [Watched.from_wire(_fields(item)) for item in self._query("WATCH")]

    def books(self, names: Iterable[str]) -> dict[str, tuple[Watched, Book]]:
        """Of these clusters, those under watch, each with its book."""
        items = {(one["pk"], one["sk"]): one for one in self._batch(list(names))}
        watched = {sk: Watched.from_wire(_fields(item)) for (pk, sk), item in items.items() if pk == "WATCH"}
        return {
            name: (one, Book.model_validate_json(kept["Body"]) if kept else Book())
            for name, one in watched.items()
            for kept in [items.get((f"CLUSTER#{name}", "DRIFT"))]
        }

    def keep(
        self,
        watched: Watched,
        book: Book,
        announcements: Sequence[Announcement],
        *,
        last: bool = False,
        done: Sequence[Replaced] = (),
    ) -> None:
        """Write a book, and what is to be said, in one transaction.

        Args:
            last: the watch is over with these words.
            done: of these nodes nothing is left to be done.

        Raises:
            Overtaken: the book was changed since it was read.
        """
        name = watched.cluster_name
        item = book_key(name) | to_item({"Version": book.version, "Body": book.model_dump_json(by_alias=True)})
        condition = {
            "ConditionExpression": "attribute_not_exists(pk) OR Version = :before",
            "ExpressionAttributeValues": to_item({":before": book.version - 1}),
        }
        put: Any = {"Put": {"TableName": self._table, "Item": item, **condition}}
        events = [put_event(self._table, announcement) for announcement in announcements]
        gone = [watch_key(name)] if last else []
        gone += [replaced_key(name, one.instance_id) for one in done[:DONE_AT_ONCE]]
        ends: list[Any] = [{"Delete": {"TableName": self._table, "Key": key}} for key in gone]
        if transact(self._dynamodb, "dynamodb:DeleteItem" if gone else "dynamodb:PutItem", [put, *events, *ends]):
            raise Overtaken(f"Another check of {name} was faster.")

    def touched(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Names of watched clusters that these resources decide about, by what has changed."""
        touched: dict[str, list[str]] = {}
        for one in ids:
            for item in self._query(f"RESOURCE#{one}"):
                if item["sk"] != "#CHANGE":
                    touched.setdefault(item.get("Changes", one), []).append(item["sk"])
        return touched

    def changes(self, ids: Iterable[str]) -> dict[str, Change]:
        """Who changed these last, as far as we heard of it."""
        wanted = [change_key(one) for one in sorted(set(ids))]
        found = [item for keys in _portions(wanted, READ_AT_ONCE) for item in self._get(keys)]
        return {item["pk"].removeprefix("RESOURCE#"): Change.from_wire(_fields(item)) for item in found}

    def note(self, resource: str, change: Change) -> None:
        with calling("dynamodb:PutItem"):
            self._dynamodb.put_item(TableName=self._table, Item=change_key(resource) | to_item(change.to_wire()))

    def note_replaced(self, node: Replaced) -> None:
        item = replaced_key(node.cluster_name, node.instance_id) | to_item(node.to_wire())
        with calling("dynamodb:PutItem"):
            self._dynamodb.put_item(TableName=self._table, Item=item)

    def replaced(self) -> list[Replaced]:
        """The nodes of all clusters that are replaced, and because of which no proof was asked for yet."""
        return [Replaced.from_wire(_fields(item)) for item in self._query("REPLACED")]

    def last_proof_of(self, name: str) -> str | None:
        """The run that last saw where all groups of this cluster leave."""
        return next((str(item["RunId"]) for item in self._get([proof_key(name)])), None)

    def ask(self, name: str, event: str, due: datetime, at: datetime) -> bool:
        """Have a cluster looked at when it is `due`; False: another event has asked for a look that is still to come.

        The event that has asked may ask again, in case nobody lived to start its look; when it is due stays as it was.
        """
        with calling("dynamodb:PutItem"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=due_key(name) | to_item({"DueAt": rfc3339(due), "AskedBy": event}),
                    ConditionExpression="attribute_not_exists(pk) OR (DueAt <= :now AND NOT AskedBy = :event)",
                    ExpressionAttributeValues=to_item({":now": rfc3339(at), ":event": event}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as asked:
                before = from_item(cast("dict[str, Any]", asked.response).get("Item", {}))
                return before.get("AskedBy") == event
        return True

    def begin(self, watched: Watched, resources: Mapping[str, str]) -> None:
        """Watch a cluster by this baseline from now on, and by what decides about it."""
        name = watched.cluster_name
        self.index(name, resources)
        for key in (baseline_key(name, watched.run_id), watch_key(name)):
            with calling("dynamodb:PutItem"):
                self._dynamodb.put_item(TableName=self._table, Item=key | to_item(watched.to_wire()))

    def index(self, name: str, resources: Mapping[str, str]) -> None:
        """Note what decides about a cluster, so that changes are matched.

        What decided before stays noted: a look too many does no harm.

        Args:
            resources: each with what has changed where it is: mostly itself.
        """
        for portion in _portions([_entry(one, resources[one], name) for one in sorted(resources)], WRITTEN_AT_ONCE):
            left: Any = {self._table: [{"PutRequest": {"Item": item}} for item in portion]}
            for _ in range(TRIES):
                with calling("dynamodb:BatchWriteItem"):
                    left = self._dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]
                if not left:
                    break
            else:
                raise AwsUnavailable("dynamodb:BatchWriteItem", "Throttled", f"{len(portion)} items were not taken.")

    def baselines(self, name: str) -> list[Watched]:
        """All baselines that a cluster of this name was ever watched by, newest first."""
        found = [Watched.from_wire(_fields(item)) for item in self._query(f"CLUSTER#{name}", "BASELINE#")]
        return sorted(found, key=lambda one: one.taken_at, reverse=True)

    def _batch(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        keys = [key for name in names for key in (watch_key(name), book_key(name))]
        for portion in _portions(keys, READ_AT_ONCE):
            yield from self._get(portion)

    def _get(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        asked: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        for _ in range(TRIES):
            if not asked:
                return
            with calling("dynamodb:BatchGetItem"):
                answer = self._dynamodb.batch_get_item(RequestItems=asked)
            yield from map(from_item, answer["Responses"].get(self._table, []))
            asked = answer["UnprocessedKeys"]
        raise AwsUnavailable("dynamodb:BatchGetItem", "Throttled", f"{len(keys)} items were not all read.")

    def _query(self, partition: str, begins: str = "") -> list[dict[str, Any]]:
        values = {":pk": partition} | ({":begins": begins} if begins else {})
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk" + (" AND begins_with(sk, :begins)" if begins else ""),
            ExpressionAttributeValues=to_item(values),
            ConsistentRead=True,
        )
        with calling("dynamodb:Query"):
            return [from_item(item) for page in pages for item in page["Items"]]


def _entry(resource: str, changes: str, name: str) -> dict[str, Any]:
    return resource_key(resource, name) | (to_item({"Changes": changes}) if changes != resource else {})


def _fields(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


def _portions(items: list[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion
