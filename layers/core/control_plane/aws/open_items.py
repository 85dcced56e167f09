"""What the table still holds open: runs that have not ended, events that have not been sent."""

from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = frozenset({"dynamodb:Query"})

INDEX = "Open"


class OpenItems:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def runs(self) -> list[str]:
        """Ids of runs that have not ended. The index lags a moment behind the table: read a run before judging it."""
        return self._run_ids("RUN")

    def unannounced(self) -> list[str]:
        """Ids of runs that have something to say and have not said it."""
        return self._run_ids("EVENT")

    def _run_ids(self, kind: str) -> list[str]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="#open = :kind",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item({":kind": kind}),
        )
        with calling("dynamodb:Query"):
            found = [from_item(item)["pk"] for page in pages for item in page["Items"]]
        return sorted({str(key).removeprefix("RUN#") for key in found})
