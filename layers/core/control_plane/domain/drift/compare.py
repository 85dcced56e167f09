"""What is wanted against what is seen, told by its effect: one drift a cause."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from control_plane.domain.account.facts import NotRead, role_name
from control_plane.domain.account.path_walk import READS
from control_plane.domain.drift.causes import Causes, causes
from control_plane.domain.drift.configuration import Difference, differences
from control_plane.domain.drift.contents import Changed
from control_plane.domain.drift.contents import changed as changed_contents
from control_plane.domain.drift.effects import (
    exit_in_words,
    exits_in_words,
    exits_severity,
    findings_in_words,
    ips,
)
from control_plane.domain.drift.model import Baseline, Comparison, Found, Seen
from control_plane.domain.drift.parts import Part, Sort
from control_plane.domain.drift.row import Drift, Kind, fingerprint
from control_plane.domain.drift.sides import Sides, sides, whole
from control_plane.domain.drift.told import Told
from control_plane.domain.drift.view import At, Exit, View
from control_plane.domain.drift.words import told
from control_plane.domain.findings import Finding, Severity, blocking, worst_first


def compare(baseline: Baseline, seen: Seen) -> Comparison:
    """Every difference that does something, and what could not be compared.

    What could not be read, on either side, counts as unchanged.
    """
    if seen.cluster is None and (hidden := _hidden(baseline, seen)):
        return Comparison((), hidden)
    if seen.cluster is None or seen.cluster_arn != baseline.cluster_arn:
        return Comparison((_lost(baseline, seen),), ())
    both, name = sides(baseline, seen, seen.cluster), baseline.cluster_name
    changed = list(differences(baseline.cluster, seen.cluster))
    found = [] if both.alike else [*_in_the_network(both)]
    found += [_of_content(one, both) for one in changed_contents(both.wanted.facts, both.seen.facts, name)]
    if changed:
        found += _of_the_cluster(changed, baseline, whole(baseline, seen, seen.cluster), both.seen)
    return Comparison(tuple(found), both.unread)


def _hidden(baseline: Baseline, seen: Seen) -> tuple[NotRead, ...]:
    """A cluster that may not be described is not gone."""
    names = (baseline.cluster_name, baseline.cluster_arn)
    return tuple(one for one in seen.facts.missing({"sagemaker:DescribeCluster"}) if one.subject in names)


def _lost(baseline: Baseline, seen: Seen) -> Found:
    name = baseline.cluster_name
    if seen.cluster is None:
        is_, effect = "deleted", f"{name} is gone, and all its nodes with it"
        remedy = f"Ask for {name} again, if it was not meant to go."
    else:
        is_, effect = str(seen.cluster_arn), f"another cluster has the name {name} now; it is not under watch"
        remedy = f'If it is to be watched: POST /adoptions {{"ClusterName": "{name}"}}'
    return _found(
        Cause(Kind.CLUSTER, baseline.cluster_arn),
        names=[one.instance_group_name for one in baseline.shape.groups],
        told_as=Told(baseline.cluster_arn, is_, remedy),
        effect=effect,
        severity=Severity.BLOCKS,
        resources=_cluster(baseline),
    )


def _cluster(baseline: Baseline) -> tuple[str, ...]:
    """As CloudTrail's records may name it: by its name, or by the end of its ARN."""
    return f"cluster/{baseline.cluster_name}", f"cluster/{baseline.cluster_arn.rpartition('/')[2]}"


def _in_the_network(both: Sides) -> Iterator[Found]:
    why = causes(both.wanted, both.seen)
    for part, places in why.parts.items():
        yield _of_part(part, told(part, both.wanted.parts, both.seen.parts), places, both)
    yield from _of_subnets(why, both)
    for finding in blocking(both.seen.findings[at] for at in sorted(why.unexplained) if at.rule):
        yield _of_rule(finding, both)


def _of_part(part: Part, words: Told, places: Iterable[At], both: Sides) -> Found:
    exits = _exits(places, both)
    findings = worst_first(both.seen.findings[at] for at in places if at.rule)
    groups = {at.group for at in places if at.group} or _groups(findings, both.seen)
    return _found(
        Cause(Kind.EGRESS if exits else Kind.NETWORK, part.id, part.aspect or part.sort),
        names=groups,
        told_as=words,
        effect=exits_in_words(exits) if exits else f"nothing for egress, but {findings_in_words(findings)}",
        severity=_worst([*(one.severity for one in findings), *([exits_severity(exits)] if exits else [])]),
        resources=(part.id, *words.others),
    )


def _exits(places: Iterable[At], both: Sides) -> dict[tuple[Exit | None, Exit | None], list[str]]:
    """Who goes which way now instead of which."""
    exits: dict[tuple[Exit | None, Exit | None], list[str]] = {}
    for at in sorted(one for one in places if one.group):
        names = exits.setdefault((both.wanted.exits.get(at), both.seen.exits.get(at)), [])
        if at.group not in names:
            names.append(at.group)
    return exits


def _groups(findings: Iterable[Finding], view: View) -> set[str]:
    return {name for one in findings for name in view.groups_at(one.subject)}


def _worst(severities: Iterable[Severity]) -> Severity:
    order = list(Severity)
    return min(severities, key=order.index)


def _of_subnets(why: Causes, both: Sides) -> Iterator[Found]:
    """Where no part alone explains it, the subnet is all that can be named."""
    for subnet_id in sorted({at.subnet_id for at in why.unexplained if at.group}):
        places = [at for at in why.unexplained if at.subnet_id == subnet_id]
        was, now = (view.exits.get(sorted(places)[0]) for view in both[:2])
        words = Told(exit_in_words(was), exit_in_words(now), f"Look at the routes and filters of {subnet_id}.")
        yield _of_part(Part(Sort.SUBNET, subnet_id), words, places, both)


def _of_rule(finding: Finding, both: Sides) -> Found:
    before = both.wanted.findings.get(At(rule=finding.rule, subject=finding.subject))
    role = (f"role/{role_name(finding.subject)}",) if ":role/" in finding.subject else ()
    return _found(
        Cause(Kind.RULE, finding.subject, finding.rule),
        names=both.seen.groups_at(finding.subject),
        told_as=Told(before.seen if before else finding.wanted, finding.seen, finding.remedy),
        effect=f"nothing for egress, but {findings_in_words([finding])}",
        severity=finding.severity,
        resources=(finding.subject, *role),
    )


def _of_content(one: Changed, both: Sides) -> Found:
    found = _found(
        Cause(Kind.RULE, one.subject, one.aspect),
        names=both.seen.groups_at(one.subject),
        told_as=one.told,
        effect=f"nothing for egress, but {one.effect}",
        severity=one.severity,
        resources=(one.subject, *one.told.others),
    )
    return found._replace(drift=found.drift.model_copy(update={"since": one.since}))


def _of_the_cluster(changed: Iterable[Difference], baseline: Baseline, now: View, before: View) -> Iterator[Found]:
    caused = blocking(now.findings[at] for at in sorted(now.worse(before)) if at.rule)
    wanted = {ip for row in baseline.predicted_egress for ip in row.expected_public_ips}
    for one in changed:
        yield _of_difference(one, baseline, now, [each for each in caused if _about(each, one, now)], wanted)


def _about(finding: Finding, one: Difference, now: View) -> bool:
    return not now.groups_at(finding.subject).isdisjoint(one.group_names)


def _of_difference(one: Difference, baseline: Baseline, now: View, caused: list[Finding], wanted: set[str]) -> Found:
    left_by = _left_by(one, now)
    strange = left_by is not None and not left_by <= wanted
    effect = [one.effect]
    if left_by is not None:
        effect.append(f"it leaves by {ips(left_by)}" if left_by else "it leaves by no address that can be seen")
    if strange:
        effect.append(f"a partner that lets in {ips(wanted)} does not let it in")
    effect += [findings_in_words(caused)] if caused else []
    undo = f"aws sagemaker update-cluster --cluster-name {baseline.cluster_name} {one.remedy}" if one.remedy else ""
    accept = f"accept it with a reason: PUT /clusters/{baseline.cluster_name}/baseline"
    return _found(
        Cause(Kind.CONFIGURATION, one.subject),
        names=one.group_names,
        told_as=Told(one.was, one.is_, f"Undo it ({undo}), or {accept}" if undo else f"Undo it, or {accept}"),
        effect="; ".join(effect),
        severity=_worst([one.severity, *([Severity.BLOCKS] if strange or caused else [])]),
        resources=_cluster(baseline),
    )


def _left_by(one: Difference, now: View) -> set[str] | None:
    """The addresses by which groups leave that stand in a new place; None where nobody does, or it was not read."""
    if not one.placed or now.facts.missing(READS):
        return None
    exits = [exit_ for at, exit_ in now.exits.items() if at.group in one.group_names]
    return {ip for exit_ in exits for end in (exit_.main, *(end for _, end in exit_.apart)) for ip in end.public_ips}


class Cause(NamedTuple):
    kind: Kind
    subject: str
    aspect: str = ""


def _found(
    cause: Cause,
    *,
    names: Iterable[str],
    told_as: Told,
    effect: str,
    severity: Severity,
    resources: Iterable[str],
) -> Found:
    drift = Drift(
        fingerprint=fingerprint(*cause),
        kind=cause.kind,
        subject=cause.subject,
        instance_group_names=tuple(sorted(names)),
        was=told_as.was,
        is_=told_as.is_,
        effect=effect,
        severity=severity,
        remedy=told_as.remedy,
    )
    return Found(drift, tuple(dict.fromkeys(resources)))
