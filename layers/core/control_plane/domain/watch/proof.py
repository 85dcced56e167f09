"""When the nodes of a watched cluster are to be asked again where they leave, which of them, and why."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.wire import Moment, Wire, rfc3339

MOST_NAMED = 10  # groups; where more are concerned, all are asked: a state carries 256 KiB
AGAIN = timedelta(hours=1)  # each look says it again for so long, in case nobody heard; who did meets its own run
COMING = timedelta(hours=1)  # a node that has not come by then is not waited for
ALL_NODES = "*"


class Why(StrEnum):
    CHANGE = "its way out has changed"
    NODE = "a node was replaced"
    AGE = "it is time again"
    DOUBT = "it is time again, and the last proof did not hold"

    @property
    def requester(self) -> str:
        return f"the watch: {self}"


class AskedProof(Wire):
    """A proof that was asked for."""

    at: Moment
    instance_group_names: tuple[str, ...]  # none: all groups
    why: Why


class DueProof(Wire):
    """A proof to be asked for; as often as one likes, for it is the same."""

    cluster_name: str
    baseline: str  # the run that took it
    proof: AskedProof

    @property
    def request_id(self) -> str:
        return f"watch:{self.cluster_name}:{rfc3339(self.proof.at)}"


class Replaced(Wire):
    """A node that HyperPod replaces, as it tells."""

    cluster_name: str
    instance_id: str  # or `ALL_NODES`
    at: Moment


def due(
    *,
    changed: Collection[str | None],
    replaced: Collection[str | None],
    last: datetime,
    every: timedelta | None,
    at: datetime,
) -> AskedProof | None:
    """
    Args:
        changed: groups whose way out has changed; None: nobody knows which.
        replaced: groups of nodes that were replaced, likewise.
        last: when all groups were last proved, or were to be.
        every: after which time they are proved again; None: never.
    """
    old, named = every is not None and at >= last + every, {*changed, *replaced}
    if not named and not old:
        return None
    why = Why.CHANGE if changed else Why.NODE if replaced else Why.AGE
    groups = sorted(name for name in named if name is not None)
    whole = old or None in named or len(groups) > MOST_NAMED
    return AskedProof(at=at, instance_group_names=() if whole else tuple(groups), why=why)


def turn_of(cluster_name: str, every: timedelta) -> timedelta:
    """After which time a cluster's turn comes: up to a seventh earlier, by its name.

    Else clusters that were adopted on one day would be asked in one hour, week by week.
    """
    share = int(sha256(cluster_name.encode()).hexdigest()[:8], 16) / 2**32
    return every - every * share / 7


def replaced_in(event: BusEvent) -> list[str]:
    """Ids of the nodes that go, where an event tells of such.

    The shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html and
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BatchReplaceClusterNodes.html
    """
    detail = event.detail
    if (detail.get("HealthSummary") or {}).get("RepairAction") == "Replace":
        return [str(detail.get("InstanceId"))]
    called = {"BatchReplaceClusterNodes", "UpdateClusterSoftware"}  # the latter makes all nodes anew, one by one
    return [ALL_NODES] if detail.get("eventName") in called else []


def complete(cluster: Mapping[str, Any]) -> bool:
    """Whether each group has all its nodes, as DescribeCluster counts them."""
    groups = cluster.get("InstanceGroups") or []
    return all(group.get("CurrentCount") == group.get("TargetCount") for group in groups)
