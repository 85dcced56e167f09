"""From a cluster's name to the run that knows about it."""

from typing import TYPE_CHECKING, Any

from control_plane.aws.batches import Batches
from control_plane.aws.keys import book_key, claim_key, cluster_key, proof_key, watch_key
from control_plane.domain.watch.book import Book

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ClusterIndex:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._items = Batches(dynamodb, table)

    def run_of(self, cluster_name: str) -> tuple[str | None, Book]:
        """The run that made the cluster of this name, or watches it, else the one that is about to make it; else None.

        With it, what stands open of its drift.
        """
        keys = (cluster_key(cluster_name), claim_key(cluster_name), watch_key(cluster_name), book_key(cluster_name))
        found = self._found(*keys)
        kept = found.pop("DRIFT", None)
        book = Book.model_validate_json(kept["Body"]) if kept else Book()
        return _first(found, "CLUSTER", cluster_name, "CLAIM"), book

    def watch_of(self, cluster_name: str) -> str | None:
        """The run whose baseline the cluster of this name is watched by."""
        return _first(self._found(watch_key(cluster_name)), cluster_name)

    def proof_of(self, cluster_name: str) -> str | None:
        """The run that last saw where the cluster of this name leaves; else, the one that works on it."""
        found = self._found(proof_key(cluster_name), cluster_key(cluster_name), claim_key(cluster_name))
        return _first(found, "PROOF", "CLUSTER", "CLAIM")

    def _found(self, *keys: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {item["sk"]: item for item in self._items.get(keys)}


def _first(found: dict[str, dict[str, Any]], *kinds: str) -> str | None:
    return next((str(found[kind]["RunId"]) for kind in kinds if kind in found), None)
