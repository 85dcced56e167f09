"""A body with Cluster at the top, whether it came so or as a bare CreateCluster body."""

from collections.abc import Collection
from typing import Any

from control_plane.domain.door.near_names import nearest
from control_plane.domain.door.rules import FULL_FORM
from control_plane.domain.door.spots import Fault, Spot, shown
from control_plane.domain.request import Request

_OURS = frozenset(field.alias or name for name, field in Request.model_fields.items()) - {"Cluster"}
_WANTED = "CreateCluster's keys under Cluster, and our terms beside it"


def full_form(body: dict[str, Any], cluster_keys: Collection[str]) -> tuple[dict[str, Any], list[Fault]]:
    """Bring a body into the full form; where it is neither form, say so and guess, so that the rest can be judged too.

    `cluster_keys` are those that CreateCluster takes.
    """
    if "Cluster" in body:
        return body, []
    if wrapper := _near_cluster(body, cluster_keys):
        fault = Fault(Spot(body).get(wrapper), FULL_FORM, f"the key {shown(wrapper)}", _WANTED, "Write it as Cluster.")
        return {"Cluster" if key == wrapper else key: value for key, value in body.items()}, [fault]
    ours = {key: value for key, value in body.items() if key in _OURS and key not in cluster_keys}
    if not ours:
        return {"Cluster": body}, []
    cluster = {key: value for key, value in body.items() if key not in ours}
    seen = f"{', '.join(ours)}, and no Cluster"
    fault = Fault(Spot(body).get("Cluster"), FULL_FORM, seen, _WANTED, "Put CreateCluster's keys under Cluster.")
    return ({"Cluster": cluster} | ours if cluster else ours), [fault]


def _near_cluster(body: dict[str, Any], cluster_keys: Collection[str]) -> str | None:
    """`cluster` and `Clusters` wrap a body; `cluster_name` does not."""
    others = (key for key, value in body.items() if isinstance(value, dict) and key not in cluster_keys)
    return next((key for key in others if nearest(key, ["Cluster"])), None)
