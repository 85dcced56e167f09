"""Where things are in the table."""

from typing import Any

from control_plane.aws.items import to_item


def run_key(run_id: str, sort: str = "RUN") -> dict[str, Any]:
    return to_item({"pk": f"RUN#{run_id}", "sk": sort})


def event_key(event_id: str) -> dict[str, Any]:
    """
    >>> event_key("run-1/HyperPod Cluster Failed")
    {'pk': {'S': 'RUN#run-1'}, 'sk': {'S': 'EVENT#HyperPod Cluster Failed'}}
    """
    run_id, _, what = event_id.partition("/")
    return run_key(run_id, f"EVENT#{what}")


def claim_key(cluster_name: str) -> dict[str, Any]:
    """Which live run works on a name; goes with that run's end."""
    return to_item({"pk": f"NAME#{cluster_name}", "sk": "CLAIM"})


def cluster_key(cluster_name: str) -> dict[str, Any]:
    """Which run made the cluster of this name; stays."""
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": "CLUSTER"})


def proof_key(cluster_name: str) -> dict[str, Any]:
    """Which run last saw where the cluster of this name leaves; stays."""
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": "PROOF"})


def watch_key(cluster_name: str) -> dict[str, Any]:
    """A cluster under watch; all of them together, so that they can be listed."""
    return to_item({"pk": "WATCH", "sk": cluster_name})


def book_key(cluster_name: str) -> dict[str, Any]:
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": "DRIFT"})


def baseline_key(cluster_name: str, run_id: str) -> dict[str, Any]:
    """A baseline that this cluster has, or had; one for each run that took one."""
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": f"BASELINE#{run_id}"})


def due_key(cluster_name: str) -> dict[str, Any]:
    return to_item({"pk": f"CLUSTER#{cluster_name}", "sk": "DUE"})


def replaced_key(cluster_name: str, instance_id: str) -> dict[str, Any]:
    """A node that is replaced; those of all clusters together, and no cluster's name has such a sign."""
    return to_item({"pk": "REPLACED", "sk": f"{cluster_name}#{instance_id}"})


def resource_key(resource: str, cluster_name: str) -> dict[str, Any]:
    """That a resource decides about a cluster."""
    return to_item({"pk": f"RESOURCE#{resource}", "sk": cluster_name})


def change_key(resource: str) -> dict[str, Any]:
    """Who changed a resource last; no cluster's name begins with such a sign."""
    return to_item({"pk": f"RESOURCE#{resource}", "sk": "#CHANGE"})
