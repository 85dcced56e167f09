"""How fast sessions are started: one pace for all of the account's runs, kept as an item of our table.

StartSession is good for about three calls a second in an account. AWS publishes no figure; this one is from
https://github.com/awslabs/awsome-distributed-ai
"""

from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.errors import AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = frozenset({"dynamodb:UpdateItem"})

KEY = to_item({"pk": "PACE", "sk": "StartSession"})  # its NextAt: the first moment that nobody has reserved

# Milliseconds.
INTERVAL = 334
HORIZON = 60_000  # whoever reserves holds one slot: a later one is no queue of 180, but came of a clock that is wrong

BUSY = "NextAt > :now AND NextAt < :horizon"
FREE = "attribute_not_exists(NextAt) OR NextAt <= :now OR NextAt >= :horizon"
TRIES = 5


class Pace:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def reserve(self, now: float) -> float:
        """Reserve the next moment that is free, now or later; in seconds since 1970, as `now`.

        It costs one call behind others and two when nobody else is there. Reserve one at a time, and when it can be
        used: a slot that is not used is lost to everybody.
        """
        at = int(now * 1000)
        times = {":now": at, ":horizon": at + HORIZON}
        for _ in range(TRIES):
            for condition, change, value in (
                (BUSY, "SET NextAt = NextAt + :value", INTERVAL),
                (FREE, "SET NextAt = :value", at + INTERVAL),
            ):
                if next_at := self._moved(change, condition, times | {":value": value}):
                    return (next_at - INTERVAL) / 1000
        raise AwsUnavailable("dynamodb:UpdateItem", "Contention", "others were faster each time")

    def _moved(self, change: str, condition: str, values: dict[str, Any]) -> int | None:
        """NextAt after the change; None, if the condition did not hold."""
        with calling("dynamodb:UpdateItem"):
            try:
                answer = self._dynamodb.update_item(
                    TableName=self._table,
                    Key=KEY,
                    UpdateExpression=change,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_item(values),
                    ReturnValues="UPDATED_NEW",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return None
        return int(from_item(answer["Attributes"])["NextAt"])
