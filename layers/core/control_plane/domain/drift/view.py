"""What a network does for a cluster: where each group leaves from each of its subnets, and which rules are broken."""

from functools import cached_property
from typing import NamedTuple

from control_plane.domain.account.case import Case, Placement
from control_plane.domain.account.facts import Facts
from control_plane.domain.account.lifecycle import S3Object, entry_files
from control_plane.domain.account.path_walk import End, Way
from control_plane.domain.account.promise import Promise
from control_plane.domain.cluster.shape import InstanceGroup
from control_plane.domain.drift.noise import NOT_JUDGED_AGAIN
from control_plane.domain.drift.parts import Parts, join
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.request import Request
from control_plane.domain.rules import judge

HANDED_ON = frozenset({End.ELSEWHERE, End.OUT_OF_SIGHT})


class Outcome(NamedTuple):
    """How traffic ends: it leaves by public addresses, is handed on, or (neither) ends inside."""

    public_ips: frozenset[str] = frozenset()
    around: bool = False  # by an address of the node's own interface, past any NAT gateway
    handed_to: str = ""


class Exit(NamedTuple):
    """How the traffic of one group ends from one subnet."""

    main: Outcome  # that of most of the internet
    apart: frozenset[tuple[str, Outcome]] = frozenset()  # what ends otherwise, by the route's destination


class At(NamedTuple):
    """One place where something can be seen: an exit of a group, or a rule of the book at a subject."""

    group: str = ""
    subnet_id: str = ""
    rule: str = ""
    subject: str = ""


class View:
    def __init__(self, request: Request, facts: Facts, parts: Parts) -> None:
        self.request, self.facts, self.parts = request, facts, parts

    def of(self, parts: Parts) -> "View":
        """The same cluster in another network."""
        return View(self.request, self.facts, parts)

    @cached_property
    def case(self) -> Case:
        return Case(self.request, self.facts.model_copy(update={"network": join(self.parts)}))

    @cached_property
    def exits(self) -> dict[At, Exit]:
        return {
            At(group=one.group.instance_group_name, subnet_id=one.subnet_id): self._exit(one, promise)
            for one, promise in self.case.promises
        }

    @cached_property
    def findings(self) -> dict[At, Finding]:
        return {
            At(rule=one.rule, subject=one.subject): one
            for one in judge(self.case)
            if one.rule not in NOT_JUDGED_AGAIN and one.severity is not Severity.UNKNOWN
        }

    def worse(self, before: "View") -> frozenset[At]:
        """Where traffic ends otherwise than before, and where a rule is broken that was not, or less so."""
        exits = {at for at in {*self.exits, *before.exits} if self.exits.get(at) != before.exits.get(at)}
        findings = {at for at, one in self.findings.items() if _rank(one) > _rank(before.findings.get(at))}
        return frozenset(exits | findings)

    def groups_at(self, subject: str) -> frozenset[str]:
        """The groups that a resource is about; all of them, where it is about none in particular."""
        shape = self.request.shape
        own = {one.instance_group_name for one in shape.groups if subject in _named_by(one)}
        placed = {
            one.group.instance_group_name
            for one, promise in self.case.promises
            if subject in (one.subnet_id, *one.security_group_ids) or any(subject in _met(way) for way in promise.ways)
        }
        return frozenset(own | placed) or frozenset(one.instance_group_name for one in shape.groups)

    def _exit(self, placement: Placement, promise: Promise) -> Exit:
        ends = [(_destination(way), self._outcome(placement, way)) for way in promise.ways]
        main = ends[0][1] if ends else Outcome()
        return Exit(main, frozenset(end for end in ends if end[1] != main))

    def _outcome(self, placement: Placement, way: Way) -> Outcome:
        if way.end is End.LEAVES:
            return Outcome(way.public_ips)
        if way.end is End.NO_PUBLIC_ADDRESS:
            own = self._own_addresses(placement)
            return Outcome(own, around=bool(own))
        return Outcome(handed_to=way.at) if way.end in HANDED_ON else Outcome()

    def _own_addresses(self, placement: Placement) -> frozenset[str]:
        """HyperPod gives its nodes no public address, but whoever owns the subnet can give them one."""
        return frozenset(
            one.public_ip
            for one in self.case.facts.network.interfaces
            if one.subnet_id == placement.subnet_id
            and one.group_ids & {*placement.security_group_ids}
            and one.public_ip
        )


def _named_by(group: InstanceGroup) -> set[str]:
    files = entry_files(group)
    buckets = {file.bucket for file in map(S3Object.of, files) if file}
    return {group.execution_role, *files, *buckets}


def _met(way: Way) -> tuple[str, ...]:
    return (way.at, *way.nat_gateways, *way.inspected_by, *way.half_open_acls)


def _destination(way: Way) -> str:
    """That of the first route on the way: "0.0.0.0/0"."""
    return way.hops[1].partition(": ")[2] if len(way.hops) > 1 else ""


def _rank(finding: Finding | None) -> int:
    order = [None, Severity.INFO, Severity.WARNS, Severity.BLOCKS]
    return order.index(finding.severity if finding else None)
