"""What decides about a watched cluster's way out, by the names that changes of it go by."""

from control_plane.domain.account.facts import Facts, role_name
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.drift.baseline import project
from control_plane.domain.drift.model import Baseline, Seen
from control_plane.domain.drift.parts import association_ids
from control_plane.domain.watch.change import ids_in


def decides_about(baseline: Baseline) -> dict[str, str]:
    """Ids of EC2 resources; "role/x" and "cluster/x" for what is changed by its name. Each with what has changed then.

    That is the resource itself; of an association it is the subnet, or of the main table's the VPC: they stay.
    """
    cluster = f"cluster/{baseline.cluster_name}"
    return _named(baseline.facts) | {cluster: cluster}


def decides_since(baseline: Baseline, seen: Seen) -> dict[str, str]:
    """What decides about it now, and did not when the baseline was taken: a gateway in another's place."""
    if seen.cluster is None or seen.cluster_arn != baseline.cluster_arn:
        return {}
    now, before = project(seen.facts, ClusterShape.model_validate(seen.cluster)), decides_about(baseline)
    return {one: changes for one, changes in _named(now).items() if one not in before}


def _named(facts: Facts) -> dict[str, str]:
    names = {*ids_in(facts.network.to_wire())} | {f"role/{role_name(arn)}" for arn in facts.roles}
    associations = association_ids(facts.network)
    return {one: one for one in names} | {name: part.id for part, name in associations.items()}
