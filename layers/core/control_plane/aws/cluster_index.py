"""From a cluster's name to the run that knows about it."""

from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item
from control_plane.aws.keys import claim_key, cluster_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = frozenset({"dynamodb:BatchGetItem"})


class ClusterIndex:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def run_of(self, cluster_name: str) -> str | None:
        """The run that made the cluster of this name; else the one that is about to; else None."""
        keys = [cluster_key(cluster_name), claim_key(cluster_name)]
        with calling("dynamodb:BatchGetItem"):
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
        found = {item["sk"]: item["RunId"] for item in map(from_item, answer["Responses"].get(self._table, []))}
        return found.get("CLUSTER") or found.get("CLAIM")
