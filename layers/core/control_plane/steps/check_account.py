"""Step "Check account": read once, judge all, and write down what the routes promise.

Of a cluster that is there already, an egress check reads only the way out; an adoption reads, and tells, all.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from control_plane.aws import account_reader, run_table
from control_plane.aws import evidence as evidence_room
from control_plane.aws.account_reader import AccountReader
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.run_table import RunTable
from control_plane.domain.account.case import Case
from control_plane.domain.cluster.readiness import groups_of
from control_plane.domain.egress import PredictedEgress, Via, merged
from control_plane.domain.findings import Finding, blocking
from control_plane.domain.request import Request, scope_of
from control_plane.domain.rules import CHECKS, judge
from control_plane.domain.run import Kind, Phase, Run
from control_plane.domain.run.outcome import no_such_cluster
from control_plane.domain.wire import Wire
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | evidence_room.READS | evidence_room.WRITES | account_reader.ACTIONS


class Verdict(StrEnum):
    CLEAR = "Clear"
    BLOCKED = "Blocked"


class Report(Wire):
    verdict: Verdict
    prove_before_create: bool
    prove_on_nodes: bool
    create: bool = True  # False: the cluster is there
    watch: bool = True  # False: an egress check only asks


def check_account(
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    baselines: EvidenceStore,
    reader: AccountReader,
    now: Callable[[], datetime],
) -> Report:
    """Check a run's request against the account. Nothing but the run's own record is changed; a repeat checks anew."""
    run = runs.enter(request.run_id, Phase.CHECK_ACCOUNT, now())
    asked = runs.request_of(run.run_id)
    if run.kind is not Kind.PROVISION:
        return _as_it_is(run, asked, _promised(run, asked, baselines), runs, evidence, reader, now())
    case = Case(asked, reader.read(run, asked.shape, now()))
    findings, predicted = judge(case), case.predicted_egress()
    remarks = [finding for finding in run.findings if finding.rule not in CHECKS]  # the door's
    _keep(run, case, findings, predicted, evidence)
    runs.note(run.run_id, findings=(*remarks, *findings), predicted_egress=predicted)
    return Report(
        verdict=Verdict.BLOCKED if blocking(findings) else Verdict.CLEAR,
        prove_before_create=Via.BEFORE_CREATE in asked.egress.prove,
        prove_on_nodes=Via.ON_NODES in asked.egress.prove,
    )


def _promised(run: Run, asked: Request, baselines: EvidenceStore) -> tuple[PredictedEgress, ...]:
    """What a baseline promised, where the watch asks: what the routes promise by then may be the very drift."""
    baseline = scope_of(asked).baseline
    rows = baselines.get(str(run.cluster_name), baseline)["PredictedEgress"] if baseline else []
    return tuple(map(PredictedEgress.from_wire, rows))


def _as_it_is(
    run: Run,
    request: Request,
    promised: Sequence[PredictedEgress],
    runs: RunTable,
    evidence: EvidenceStore,
    reader: AccountReader,
    at: datetime,
) -> Report:
    """What is promised to a cluster that is there, whoever made it: by its baseline, else by its routes."""
    found = reader.cluster(str(run.cluster_name))
    if found is None:
        runs.note(run.run_id, findings=(*run.findings, no_such_cluster(str(run.cluster_name))))
        return Report(verdict=Verdict.BLOCKED, prove_before_create=False, prove_on_nodes=False, create=False)
    cluster, made_of = found
    asked, adopts = Request(cluster=_asked_for(made_of), egress=request.egress), run.kind is Kind.ADOPTION
    case = Case(asked, reader.read_existing(asked.shape, at) if adopts else reader.read_network(asked.shape, at))
    findings = judge(case) if adopts else ()  # told, and no reason to refuse: the cluster is there
    predicted = merged(case.predicted_egress(), promised)
    _keep(run, case, findings, predicted, evidence)
    status = {"cluster_arn": cluster.cluster_arn, "cluster_status": cluster.cluster_status}
    remarks = [finding for finding in run.findings if finding.rule not in CHECKS]
    told = {"findings": (*remarks, *findings), "groups": groups_of(asked.shape, cluster)}
    runs.note(run.run_id, **status, **told, predicted_egress=predicted)
    asks = Via.ON_NODES in request.egress.prove
    return Report(verdict=Verdict.CLEAR, prove_before_create=False, prove_on_nodes=asks, create=False, watch=adopts)


def _asked_for(made_of: dict[str, Any]) -> dict[str, Any]:
    """CreateCluster would be told to make as many nodes as DescribeCluster says are to be there."""
    return made_of | {
        kind: [group | {"InstanceCount": group.get("TargetCount", 0)} for group in made_of[kind]]
        for kind in ("InstanceGroups", "RestrictedInstanceGroups")
        if kind in made_of
    }


def _keep(
    run: Run, case: Case, findings: Sequence[Finding], predicted: Sequence[PredictedEgress], evidence: EvidenceStore
) -> None:
    evidence.put(
        run.run_id,
        "check",
        {
            "Shape": case.request.shape.to_wire(),
            "Facts": case.facts.to_wire(),
            "Findings": [finding.to_wire() for finding in findings],
            "PredictedEgress": [row.to_wire() for row in predicted],
            "ScalingSubnets": case.scaling_subnets,
        },
    )
