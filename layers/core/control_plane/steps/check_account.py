"""Step "Check account": read once, judge all, and write down what the routes promise."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from control_plane.aws import account_reader, run_table
from control_plane.aws import evidence as evidence_room
from control_plane.aws.account_reader import AccountReader
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.run_table import RunTable
from control_plane.domain.account.case import Case
from control_plane.domain.egress import Via
from control_plane.domain.findings import blocking
from control_plane.domain.rules import CHECKS, judge
from control_plane.domain.run import Phase
from control_plane.domain.wire import Wire
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | evidence_room.WRITES | account_reader.ACTIONS


class Verdict(StrEnum):
    CLEAR = "Clear"
    BLOCKED = "Blocked"


class Report(Wire):
    verdict: Verdict
    prove_before_create: bool


def check_account(
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    reader: AccountReader,
    now: Callable[[], datetime],
) -> Report:
    """Check a run's request against the account. Nothing but the run's own record is changed; a repeat checks anew."""
    run = runs.enter(request.run_id, Phase.CHECK_ACCOUNT, now())
    asked = runs.request_of(run.run_id)
    case = Case(asked, reader.read(run, asked.shape, now()))
    findings, predicted = judge(case), case.predicted_egress()
    remarks = [finding for finding in run.findings if finding.rule not in CHECKS]  # the door's
    evidence.put(
        run.run_id,
        "check",
        {
            "Facts": case.facts.to_wire(),
            "Findings": [finding.to_wire() for finding in findings],
            "PredictedEgress": [row.to_wire() for row in predicted],
            "ScalingSubnets": case.scaling_subnets,
        },
    )
    runs.note(run.run_id, findings=(*remarks, *findings), predicted_egress=predicted)
    return Report(
        verdict=Verdict.BLOCKED if blocking(findings) else Verdict.CLEAR,
        prove_before_create=Via.BEFORE_CREATE in asked.egress.prove,
    )
