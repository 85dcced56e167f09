"""From a cluster's name to the run that knows about it."""

from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item
from control_plane.aws.keys import claim_key, cluster_key, proof_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = frozenset({"dynamodb:BatchGetItem"})


class ClusterIndex:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def run_of(self, cluster_name: str) -> str | None:
        """The run that made the cluster of this name; else the one that is about to; else None."""
        found = self._pointers(cluster_key(cluster_name), claim_key(cluster_name))
        return found.get("CLUSTER") or found.get("CLAIM")

    def proof_of(self, cluster_name: str) -> str | None:
        """The run that last saw where the cluster of this name leaves; else, the one that works on it."""
        keys = (proof_key(cluster_name), cluster_key(cluster_name), claim_key(cluster_name))
        found = self._pointers(*keys)
        return found.get("PROOF") or found.get("CLUSTER") or found.get("CLAIM")

    def _pointers(self, *keys: dict[str, Any]) -> dict[str, str]:
        with calling("dynamodb:BatchGetItem"):
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
        return {item["sk"]: item["RunId"] for item in map(from_item, answer["Responses"].get(self._table, []))}
