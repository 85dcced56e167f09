"""A request beside the facts: what every rule judges, with what follows from both worked out once."""

from functools import cached_property
from typing import NamedTuple

from control_plane.domain.account.facts import Facts
from control_plane.domain.account.network import NatGateway, Subnet
from control_plane.domain.account.path_walk import READS, Way
from control_plane.domain.account.promise import Promise, Promises
from control_plane.domain.cluster.shape import InstanceGroup
from control_plane.domain.egress import PredictedEgress
from control_plane.domain.request import Contract, Request


class Placement(NamedTuple):
    """One subnet that one group may land in: HyperPod picks among the candidates."""

    group: InstanceGroup
    subnet_id: str
    security_group_ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.group.instance_group_name} in {self.subnet_id}"


class Case:
    def __init__(self, request: Request, facts: Facts) -> None:
        self.request, self.facts = request, facts

    @property
    def contract(self) -> Contract:
        return self.request.egress.contract

    def spot(self, group: InstanceGroup) -> str:
        """Where in the request a group stands: "$.Cluster.InstanceGroups[0]"."""
        shape = self.request.shape
        if group in shape.instance_groups:
            return f"$.Cluster.InstanceGroups[{shape.instance_groups.index(group)}]"
        return f"$.Cluster.RestrictedInstanceGroups[{shape.restricted_instance_groups.index(group)}]"

    @cached_property
    def placements(self) -> tuple[Placement, ...]:
        shape = self.request.shape
        return tuple(
            Placement(group, subnet_id, vpc.security_group_ids)
            for group in shape.groups
            for vpc in [shape.vpc_of(group)]
            for subnet_id in vpc.subnets
        )

    @cached_property
    def seated(self) -> tuple[tuple[Placement, Subnet], ...]:
        """The placements whose subnet exists."""
        subnets = self.facts.network.subnet
        return tuple((one, subnets[one.subnet_id]) for one in self.placements if one.subnet_id in subnets)

    @cached_property
    def promises(self) -> tuple[tuple[Placement, Promise], ...]:
        """What each existing subnet promises to each group. To be asked only when all of `path_walk.READS` was read."""
        promises = Promises(self.facts.network)
        return tuple((one, promises.of(subnet, one.security_group_ids)) for one, subnet in self.seated)

    @cached_property
    def ways(self) -> dict[Way, list[Placement]]:
        """Each main way, with who would go it."""
        ways: dict[Way, list[Placement]] = {}
        for placement, promise in self.promises:
            for way in promise.main:
                ways.setdefault(way, []).append(placement)
        return ways

    @cached_property
    def nat_gateways(self) -> tuple[NatGateway, ...]:
        """Those that any traffic passes."""
        used = {nat_id for _, promise in self.promises for way in promise.ways for nat_id in way.nat_gateways}
        return tuple(one for one in self.facts.network.nat_gateways if one.nat_gateway_id in used)

    @cached_property
    def scaling_subnets(self) -> list[str]:
        """Subnets whose traffic passes a NAT gateway that AWS may give further addresses at any time."""
        if self.facts.missing(READS):
            return []
        scaling = {nat.nat_gateway_id for nat in self.nat_gateways if nat.self_scaling}
        ways = [(one.subnet_id, way) for one, promise in self.promises for way in promise.ways]
        return sorted({subnet_id for subnet_id, way in ways if scaling & {*way.nat_gateways}})

    def predicted_egress(self) -> tuple[PredictedEgress, ...]:
        """A row for each group and candidate subnet; without addresses where nothing leaves, or nothing can be told."""
        if missing := self.facts.missing(READS):
            told = f"cannot be told: {', '.join(sorted({one.action for one in missing}))} could not be read"
            return tuple(_row(one, told) for one in self.placements)
        promised = {(one.group.instance_group_name, one.subnet_id): promise for one, promise in self.promises}
        return tuple(
            _row(one, f"{one.subnet_id} was not found", promised.get((one.group.instance_group_name, one.subnet_id)))
            for one in self.placements
        )


def _row(placement: Placement, told: str, promise: Promise | None = None) -> PredictedEgress:
    return PredictedEgress(
        instance_group_name=placement.group.instance_group_name,
        subnet_id=placement.subnet_id,
        expected_public_ips=tuple(sorted(promise.public_ips)) if promise else (),
        path=str(promise) if promise else told,
    )


def who(placements: list[Placement]) -> str:
    """Whom it concerns, shortened: a hundred groups may share one route table."""
    shown = ", ".join(map(str, placements[:3]))
    return shown if len(placements) <= 3 else f"{shown} and {len(placements) - 3} more"
