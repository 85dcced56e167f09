"""From what the nodes said to one row for each, and one word for the run."""

from collections.abc import Collection, Iterable
from datetime import datetime

from control_plane.domain.egress import Egress, PredictedEgress, Via
from control_plane.domain.findings import Finding
from control_plane.domain.probe.claims import Promise
from control_plane.domain.probe.ledger import Question
from control_plane.domain.probe.node_trouble import node_claim
from control_plane.domain.probe.nodes import NodeLedger, NodeProbe
from control_plane.domain.probe.verdict import Judgement, Look, heard, promised, word_for
from control_plane.domain.request import EgressTerms


def judge_nodes(
    run_id: str,
    terms: EgressTerms,
    ledger: NodeLedger,
    predicted: Iterable[PredictedEgress],
    at: datetime,
    scaling: Collection[str] = (),
) -> Judgement:
    """Judge a ledger whose probes are all settled, by what was promised for each node's own subnet."""
    promises = {(row.instance_group_name, row.subnet_id): row for row in predicted}
    rows: list[Egress] = []
    findings: list[Finding] = []
    for probe in ledger.probes:
        place = promises.get((probe.instance_group_name, probe.subnet_id))
        promise = promised(terms, place, scales=probe.subnet_id in scaling)
        look = _look(ledger, probe, probe.question(run_id, terms), promise)
        where = probe.model_dump(include={"instance_group_name", "subnet_id"})
        seen_at = probe.asked_at or at
        rows.append(look.row(promise, via=Via.ON_NODES, subject=probe.instance_id, checked_at=seen_at, **where))
        findings += [claim.at(_subject(probe)) for claim in look.claims]
    return Judgement(tuple(rows), tuple(findings), word_for(rows))


def _look(ledger: NodeLedger, probe: NodeProbe, question: Question, promise: Promise) -> Look:
    if probe.output is not None:
        return heard(probe.output, question, promise)
    return Look((), (node_claim(ledger, probe, promise, question.echo_urls[0]),))


def _subject(probe: NodeProbe) -> str:
    return probe.instance_id or f"{probe.instance_group_name} in {probe.subnet_id or 'no subnet of yours'}"
