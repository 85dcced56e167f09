"""From what the probes said to one row for each group and subnet, and one word for the run."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from control_plane.domain.egress import CONTRADICTIONS, Egress, PredictedEgress, Verdict, Via
from control_plane.domain.findings import Finding
from control_plane.domain.probe.answer import AnswerError, echoes, read_answer
from control_plane.domain.probe.claims import Claim, Promise, claims_of
from control_plane.domain.probe.ledger import Ledger, Probe, Question, vantage_points
from control_plane.domain.probe.rules import ANSWER_TELLS, EVERY_GROUP_PROBED, VERDICTS
from control_plane.domain.probe.trouble import claim_of
from control_plane.domain.request import Contract, EgressTerms, Request

WORST_FIRST = (Verdict.OTHER_ADDRESS, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.MATCH)


class ProbeVerdict(StrEnum):
    """The word that the state machine goes by."""

    PROVED = "Proved"
    CONTRADICTED = "Contradicted"
    UNKNOWN = "Unknown"


class Judgement(NamedTuple):
    rows: tuple[Egress, ...]
    findings: tuple[Finding, ...]
    verdict: ProbeVerdict


class Look(NamedTuple):
    """What one probe lets us say."""

    observed: tuple[str, ...]
    claims: tuple[Claim, ...]

    @property
    def verdict(self) -> Verdict:
        said = {VERDICTS[claim.rule] for claim in self.claims} | {Verdict.MATCH}
        return next(verdict for verdict in WORST_FIRST if verdict in said)

    @property
    def reason(self) -> str:
        if self.claims:
            return "; ".join(claim.seen for claim in self.claims)
        return f"seen leaving by {', '.join(self.observed)}" if self.observed else "no echo service answered"

    def row(self, promise: Promise, **where: Any) -> Egress:
        """The row of a proof: what was seen beside what was promised; `where` are the row's other fields."""
        return Egress(
            expected_public_ips=tuple(sorted(promise.addresses)),
            observed_public_ips=self.observed,
            verdict=self.verdict,
            reason=self.reason,
            path=promise.path,
            **where,
        )


def judge_probes(
    request: Request,
    ledger: Ledger,
    predicted: Iterable[PredictedEgress],
    at: datetime,
    scaling: Collection[str] = (),
) -> Judgement:
    """Judge a ledger whose probes are all settled; a group and subnet without a prediction were promised nothing.

    Args:
        scaling: ids of the subnets behind a NAT gateway that scales itself.
    """
    promises = {(row.instance_group_name, row.subnet_id): row for row in predicted}
    probes = {probe.point: probe for probe in ledger.probes}
    rows: list[Egress] = []
    findings: dict[tuple[str, str], Finding] = {}
    for group, point in vantage_points(request):
        probe = probes[point]
        promise = promised(request.egress, promises.get((group, point.subnet_id)), scales=point.subnet_id in scaling)
        look = _look(probe, ledger.question, promise)
        place = {"instance_group_name": group, "subnet_id": point.subnet_id, "subject": probe.instance_id}
        rows.append(look.row(promise, via=Via.BEFORE_CREATE, checked_at=at, **place))
        findings |= {(claim.rule.id, point.key): claim.at(point.key) for claim in look.claims}
    return Judgement(tuple(rows), (*findings.values(), *_not_probed(request)), word_for(rows))


def promised(terms: EgressTerms, row: PredictedEgress | None, *, scales: bool) -> Promise:
    """By NatGateway the routes promise; where they promise nothing (not read, or knowingly so), the request does."""
    asked_for = frozenset(terms.expected_public_ips)
    by_route = frozenset(row.expected_public_ips if row else ())
    addresses = {
        Contract.NAT_GATEWAY: by_route or asked_for,
        Contract.CENTRAL: asked_for,
        Contract.CLOSED: frozenset[str](),
    }
    return Promise(terms.contract, addresses[terms.contract], row.path if row else "", scales)


def _look(probe: Probe, question: Question, promise: Promise) -> Look:
    if probe.trouble:
        return Look((), (claim_of(probe, probe.trouble, promise, question.echo_urls[0]),))
    return heard(probe.output or "", question, promise)


def heard(output: str, question: Question, promise: Promise) -> Look:
    """What an output says against a promise."""
    try:
        answer = read_answer(output, question)
    except AnswerError as error:
        return Look((), (Claim(ANSWER_TELLS, str(error), promise.wanted, "Read the answer in the run's evidence."),))
    observed = frozenset[str]().union(*(echo.addresses for echo in echoes(answer, question)))
    return Look(tuple(sorted(observed)), tuple(claims_of(answer, question, promise)))


def _not_probed(request: Request) -> list[Finding]:
    if Via.BEFORE_CREATE not in request.egress.prove:
        return []
    return [
        Finding.of(
            EVERY_GROUP_PROBED,
            subject=group.instance_group_name,
            seen="a restricted instance group, not probed",
            wanted=EVERY_GROUP_PROBED.title,
            remedy="Nothing to do.",
        )
        for group in request.shape.restricted_instance_groups
    ]


def word_for(rows: Iterable[Egress]) -> ProbeVerdict:
    said = {row.verdict for row in rows}
    if said & CONTRADICTIONS:
        return ProbeVerdict.CONTRADICTED
    return ProbeVerdict.PROVED if said == {Verdict.MATCH} else ProbeVerdict.UNKNOWN
