"""Is the cluster what was asked for, not yet, or never? A judgement on what HyperPod shows; no AWS call."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from control_plane.domain.cluster.seen import Cluster, Node
from control_plane.domain.cluster.shape import ClusterShape, InstanceGroup
from control_plane.domain.run import Group, Run

# What was made a moment ago can be missing from a read; past this it is gone.
STALE_READS = timedelta(minutes=5)

SOONEST, LATEST = timedelta(seconds=60), timedelta(minutes=10)  # between two looks at a cluster that comes up

# HyperPod comes back from neither. A group that is Failed or Degraded is no verdict of its own: with all nodes or
# none the cluster fails with it, in Continuous mode HyperPod tries again.
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-scaling-slurm.html
GIVEN_UP = frozenset({"Failed", "RollingBack"})

# What we say of a failure that HyperPod has no text for.
STOPPED_TRYING, DELETED = "HyperPod has stopped adding nodes", "Somebody deleted the cluster"


class Status(StrEnum):
    WAITING = "Waiting"
    IN_SERVICE = "InService"
    FAILED = "Failed"


@dataclass(frozen=True)
class Readiness:
    status: Status
    reason: str


def judge(
    shape: ClusterShape, cluster: Cluster | None, nodes: Iterable[Node], waited: timedelta, unseen: timedelta
) -> Readiness:
    """Judge a cluster by what the request asked for, so long after its creation was accepted.

    One that no look has found for a time (`unseen`) is gone; a single look may miss it at any time.

    The cluster's own TargetCount is no yardstick: HyperPod lowers it to 0 when it gives up, and shows InService.
    The nodes matter only when `counts_match`.
    """
    if cluster is None:
        return _unseen(unseen)
    if cluster.cluster_status == "Deleting":
        return Readiness(Status.FAILED, f"{DELETED}: it is being taken down.")
    if cluster.cluster_status in GIVEN_UP:
        return Readiness(Status.FAILED, f"The cluster is {cluster.cluster_status}. {cluster.failure_message}".strip())
    if waited >= STALE_READS and (given_up := [*_given_up(shape, cluster)]):
        return Readiness(Status.FAILED, f"{STOPPED_TRYING}: {'; '.join(given_up)}")
    if short := _short_by_counts(shape, cluster) or _short_by_nodes(shape, nodes):
        return Readiness(Status.WAITING, "; ".join(short))
    return Readiness(Status.IN_SERVICE, "Every group has the nodes that were asked for, and they run.")


def counts_match(shape: ClusterShape, cluster: Cluster) -> bool:
    """Whether only the nodes themselves are left to look at."""
    return not _short_by_counts(shape, cluster)


def groups_of(shape: ClusterShape, cluster: Cluster) -> tuple[Group, ...]:
    """Every requested group as it stands."""
    return tuple(_as_it_stands(group, cluster) for group in shape.groups)


def wait_seconds(waited: timedelta, left: timedelta) -> int:
    """How long to wait before the next look: a twentieth of the wait so far, from a minute to 10 minutes.

    So what happens is seen within a minute, or a twentieth of the time it took; and a wait of 24 hours takes some 200
    looks, at nine events a round, of the 25,000 events that an execution's history holds. What is `left` to the
    deadline is the most.

    >>> wait_seconds(timedelta(hours=1), left=timedelta(hours=1))
    180
    """
    pace = min(max(SOONEST, waited / 20), LATEST)
    return max(1, ceil(min(pace, left).total_seconds()))


def unseen_for(run: Run, now: datetime) -> timedelta:
    """For how long no look has found the cluster. Whichever look is the first to miss it notes that, and only that."""
    return now - run.updated_at if run.cluster_status is None else timedelta(0)


def _unseen(unseen: timedelta) -> Readiness:
    if unseen < STALE_READS:
        return Readiness(Status.WAITING, "HyperPod does not show the cluster.")
    return Readiness(Status.FAILED, f"{DELETED}: HyperPod no longer knows it.")


def _needed(group: InstanceGroup) -> int:
    return group.instance_count if group.min_instance_count is None else group.min_instance_count


def _given_up(shape: ClusterShape, cluster: Cluster) -> Iterator[str]:
    # Three hours after a minimum was not met, HyperPod sets the group to 0 nodes and calls it InService. Somebody who
    # scales the group down leaves the same picture.
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-scaling-eks.html
    for asked in shape.groups:
        group = _as_it_stands(asked, cluster)
        if group.status == "InService" and max(group.target_count, group.current_count) < _needed(asked):
            wants = f"{group.target_count} nodes, of {_needed(asked)} asked for"
            yield f"{group.instance_group_name} is InService and wants {wants}"


def _short_by_counts(shape: ClusterShape, cluster: Cluster) -> list[str]:
    short = [] if cluster.cluster_status == "InService" else [f"the cluster is {cluster.cluster_status}"]
    for asked in shape.groups:
        group = _as_it_stands(asked, cluster)
        if group.status != "InService" or group.current_count < _needed(asked):
            short.append(
                f"{group.instance_group_name} is {group.status} with {group.current_count} of {_needed(asked)} nodes"
            )
    return short


def _short_by_nodes(shape: ClusterShape, nodes: Iterable[Node]) -> list[str]:
    running = Counter(node.instance_group_name for node in nodes if node.running)
    return [
        f"{group.instance_group_name}: {running[group.instance_group_name]} of {_needed(group)} nodes run"
        for group in shape.groups
        if running[group.instance_group_name] < _needed(group)
    ]


def _as_it_stands(group: InstanceGroup, cluster: Cluster) -> Group:
    seen = cluster.groups.get(group.instance_group_name)
    return Group(
        instance_group_name=group.instance_group_name,
        instance_type=(seen.instance_type if seen else None) or group.instance_type,
        requested_count=group.instance_count,
        current_count=seen.current_count if seen else 0,
        target_count=seen.target_count if seen else 0,
        status=seen.status if seen else "Absent",
    )
