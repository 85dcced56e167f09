"""What decides about a watched cluster's way out, by the names that changes of it go by."""

from control_plane.domain.account.facts import Facts, role_name
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.drift.baseline import project
from control_plane.domain.drift.model import Baseline, Seen
from control_plane.domain.watch.change import ids_in


def decides_about(baseline: Baseline) -> set[str]:
    """Ids of EC2 resources; "role/x" and "cluster/x" for what is changed by its name."""
    return _named(baseline.facts) | {f"cluster/{baseline.cluster_name}"}


def decides_since(baseline: Baseline, seen: Seen) -> set[str]:
    """What decides about it now, and did not when the baseline was taken: a gateway in another's place."""
    if seen.cluster is None or seen.cluster_arn != baseline.cluster_arn:
        return set()
    return _named(project(seen.facts, ClusterShape.model_validate(seen.cluster))) - decides_about(baseline)


def _named(facts: Facts) -> set[str]:
    return {*ids_in(facts.network.to_wire())} | {f"role/{role_name(arn)}" for arn in facts.roles}
