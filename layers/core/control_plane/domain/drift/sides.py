"""Both sides of a comparison: the same cluster in the wanted network and in the seen one.

What could not be read on one side is taken from the other: it counts as unchanged.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from control_plane.domain.account.facts import Facts, NotRead
from control_plane.domain.account.path_walk import READS
from control_plane.domain.cluster.shape import ClusterShape, InstanceGroup
from control_plane.domain.drift.baseline import own
from control_plane.domain.drift.configuration import LISTS
from control_plane.domain.drift.model import Baseline, Seen
from control_plane.domain.drift.noise import settled
from control_plane.domain.drift.parts import Part, Parts, Sort, split
from control_plane.domain.drift.view import View
from control_plane.domain.request import Request

HIDES: Mapping[str, frozenset[Sort]] = {
    **dict.fromkeys(READS, frozenset(Sort)),
    "ec2:DescribeNetworkAcls": frozenset({Sort.ACL, Sort.ACL_ASSOCIATION}),
    "ec2:DescribeSecurityGroups": frozenset({Sort.GROUP, Sort.OUTBOUND, Sort.ITSELF}),
    "ec2:DescribeVpcAttribute": frozenset({Sort.DNS}),
    "ec2:DescribeNetworkInterfaces": frozenset({Sort.INTERFACE}),
}
# What is kept by its name, and absent where it was not read.
BY_NAME = ("roles", "attached_policies", "inline_policies", "lifecycle_files", "lifecycle_contents")


class Sides(NamedTuple):
    wanted: View
    seen: View
    unread: tuple[NotRead, ...]

    @property
    def alike(self) -> bool:
        return self.wanted.parts == self.seen.parts and _others(self.wanted) == _others(self.seen)


def _others(view: View) -> tuple[Any, Any]:
    return view.facts.roles, view.facts.lifecycle_files


def sides(baseline: Baseline, seen: Seen, cluster: dict[str, Any]) -> Sides:
    """What stayed in its place of a cluster, in the network of the baseline and in the one that is seen."""
    request = Request(cluster=stayed(baseline.cluster, cluster), egress=baseline.egress_terms)
    wanted, now = (split(facts.network, request.shape) for facts in (baseline.facts, seen.facts))
    before, after = own(baseline.facts, request.shape, wanted), own(seen.facts, request.shape, now)
    hidden = _hidden(after.unread)
    now = _but(now, hidden, wanted)
    wanted = _but(wanted, _hidden(before.unread) - hidden, now)
    return Sides(
        wanted=View(request, _filled(before, after), wanted),
        seen=View(request, _filled(after, before), settled(wanted, now)),
        unread=after.unread,
    )


def whole(baseline: Baseline, seen: Seen, cluster: dict[str, Any]) -> View:
    """All of the cluster that is seen, in the network that is seen."""
    request = Request(cluster=cluster, egress=baseline.egress_terms)
    parts = split(seen.facts.network, request.shape)
    return View(request, own(seen.facts, request.shape, parts), parts)


def _hidden(unread: Iterable[NotRead]) -> frozenset[Sort]:
    return frozenset().union(*(HIDES.get(one.action, ()) for one in unread))


def _but(parts: Parts, sorts: frozenset[Sort], other: Parts) -> dict[Part, Any]:
    own = {part: value for part, value in parts.items() if part.sort not in sorts}
    return own | {part: value for part, value in other.items() if part.sort in sorts}


def _filled(facts: Facts, other: Facts) -> Facts:
    filled = {name: {**getattr(other, name), **getattr(facts, name)} for name in BY_NAME}
    return facts.model_copy(update={**filled, "unread": ()})


def stayed(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster as it was, with those of its groups that are still there, in the same subnets and security groups."""
    before, after = ClusterShape.model_validate(was), ClusterShape.model_validate(now)
    places = {one.instance_group_name: _place(after, one) for one in after.groups}
    same = {
        one.instance_group_name for one in before.groups if _place(before, one) == places.get(one.instance_group_name)
    }
    kept = {
        one: sorted((group for group in was[one] if group["InstanceGroupName"] in same), key=_name)
        for one in LISTS
        if was.get(one)
    }
    return {**was, **kept}


def _place(shape: ClusterShape, group: InstanceGroup) -> tuple[frozenset[str], frozenset[str]]:
    vpc = shape.vpc_of(group)
    return frozenset(vpc.subnets), frozenset(vpc.security_group_ids)


def _name(group: Mapping[str, Any]) -> str:
    return str(group["InstanceGroupName"])
