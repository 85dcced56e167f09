"""Items of the table by the batch: what DynamoDB leaves over is asked for again, a few times."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.errors import AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUERIES = frozenset({"dynamodb:Query"})
GETS = frozenset({"dynamodb:BatchGetItem"})
PUTS = frozenset({"dynamodb:BatchWriteItem"})
ACTIONS = QUERIES | GETS | PUTS

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
READ_AT_ONCE, WRITTEN_AT_ONCE = 100, 25
TRIES = 8  # for what a batch leaves over

T = TypeVar("T")


class Batches:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def query(self, partition: str, begins: str = "") -> list[dict[str, Any]]:
        """The items of a partition, of those sort keys that begin so; consistently."""
        values = {":pk": partition} | ({":begins": begins} if begins else {})
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk" + (" AND begins_with(sk, :begins)" if begins else ""),
            ExpressionAttributeValues=to_item(values),
            ConsistentRead=True,
        )
        with calling("dynamodb:Query"):
            return [from_item(item) for page in pages for item in page["Items"]]

    def get(self, keys: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Those of these items that there are, in any order; consistently.

        Raises:
            AwsUnavailable: some are left over each time.
        """
        for portion in _portions(keys, READ_AT_ONCE):
            yield from self._portion(portion)

    def _portion(self, keys: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        asked: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        for _ in range(TRIES):
            with calling("dynamodb:BatchGetItem"):
                answer = self._dynamodb.batch_get_item(RequestItems=asked)
            yield from map(from_item, answer["Responses"].get(self._table, []))
            if not (asked := answer["UnprocessedKeys"]):
                return
        raise AwsUnavailable("dynamodb:BatchGetItem", "Throttled", f"{len(keys)} items were not all read.")

    def put(self, items: Sequence[dict[str, Any]]) -> None:
        """Write these, as the table holds them.

        Raises:
            AwsUnavailable: some are left over each time; others are written.
        """
        for portion in _portions(items, WRITTEN_AT_ONCE):
            self._put(portion)

    def _put(self, items: Sequence[dict[str, Any]]) -> None:
        left: Any = {self._table: [{"PutRequest": {"Item": item}} for item in items]}
        for _ in range(TRIES):
            with calling("dynamodb:BatchWriteItem"):
                left = self._dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]
            if not left:
                return
        raise AwsUnavailable("dynamodb:BatchWriteItem", "Throttled", f"{len(items)} items were not taken.")


def fields_of(item: dict[str, Any]) -> dict[str, Any]:
    """What an item holds beside its key."""
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


def _portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
