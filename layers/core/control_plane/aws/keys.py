"""Where things are in the table."""

from typing import Any

from control_plane.aws.items import to_item


def run_key(run_id: str, sort: str = "RUN") -> dict[str, Any]:
    return to_item({"pk": f"RUN#{run_id}", "sk": sort})


def event_key(run_id: str, detail_type: str) -> dict[str, Any]:
    return run_key(run_id, f"EVENT#{detail_type}")


def claim_key(cluster_name: str) -> dict[str, Any]:
    """Which live run works on a name; goes with that run's end."""
    return to_item({"pk": f"NAME#{cluster_name}", "sk": "CLAIM"})


def cluster_key(cluster_name: str) -> dict[str, Any]:
    """Which run made the cluster of this name; stays."""
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": "CLUSTER"})


def proof_key(cluster_name: str) -> dict[str, Any]:
    """Which run last saw where the cluster of this name leaves; stays."""
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": "PROOF"})
