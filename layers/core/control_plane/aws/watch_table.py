"""The books of the clusters under watch, and what is to be looked at because of what happened.

===================  =================  ===================================================================
``CLUSTER#<name>``   ``DRIFT``          its book: what stands open
``CLUSTER#<name>``   ``DUE``            when a check that was asked for is going to look, and which event asked
``REPLACED``         ``<name>#<node>``  a node that is replaced, until a proof is asked for because of it
===================  =================  ===================================================================
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from control_plane.aws.batches import GETS, Batches, fields_of
from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.aws.keys import book_key, due_key, proof_key, replaced_key, watch_key
from control_plane.aws.outbox import put_event
from control_plane.aws.transactions import transact
from control_plane.domain.messages.announcements import Announcement
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book
from control_plane.domain.watch.proof import Replaced
from control_plane.domain.wire import rfc3339
from control_plane.errors import ControlPlaneError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOTICES = frozenset({"dynamodb:PutItem"})
ACTIONS = NOTICES | {"dynamodb:DeleteItem"}  # its own; the others are those of `Batches`
KEEPS = ACTIONS | GETS

DONE_AT_ONCE = 40  # a transaction holds a hundred writes; of what is left over the next look asks once more


class Overtaken(ControlPlaneError):
    """Another check of this cluster has written meanwhile; what it saw holds."""


class WatchTable:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table, self._items = dynamodb, table, Batches(dynamodb, table)

    def books(self, names: Iterable[str]) -> dict[str, tuple[Watched, Book]]:
        """Of these clusters, those under watch, each with its book."""
        keys = [key for name in names for key in (watch_key(name), book_key(name))]
        items = {(one["pk"], one["sk"]): one for one in self._items.get(keys)}
        watched = {sk: Watched.from_wire(fields_of(item)) for (pk, sk), item in items.items() if pk == "WATCH"}
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

    def note_replaced(self, node: Replaced) -> None:
        item = replaced_key(node.cluster_name, node.instance_id) | to_item(node.to_wire())
        with calling("dynamodb:PutItem"):
            self._dynamodb.put_item(TableName=self._table, Item=item)

    def replaced(self) -> list[Replaced]:
        """The nodes of all clusters that are replaced, and because of which no proof was asked for yet."""
        return [Replaced.from_wire(fields_of(item)) for item in self._items.query("REPLACED")]

    def last_proof_of(self, name: str) -> str | None:
        """The run that last saw where all groups of this cluster leave."""
        return next((str(item["RunId"]) for item in self._items.get([proof_key(name)])), None)

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
