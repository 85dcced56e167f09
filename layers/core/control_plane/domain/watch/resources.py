"""What decides about a watched cluster's way out, by the names that changes of it go by."""

from control_plane.domain.account.facts import role_name
from control_plane.domain.drift.model import Baseline
from control_plane.domain.watch.change import ids_in


def decides_about(baseline: Baseline) -> set[str]:
    """Ids of EC2 resources; "role/x" and "cluster/x" for what is changed by its name."""
    roles = {f"role/{role_name(arn)}" for arn in baseline.facts.roles}
    return {*ids_in(baseline.facts.network.to_wire())} | roles | {f"cluster/{baseline.cluster_name}"}
