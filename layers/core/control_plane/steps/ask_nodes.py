"""Step "Ask nodes": run the probe on the chosen nodes, as many as there is time for, and judge what all have said."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from control_plane.aws import evidence as evidence_room
from control_plane.aws import run_table
from control_plane.aws import switchboard as switchboard_room
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.run_table import RunTable
from control_plane.aws.switchboard import Budget, Question, Switchboard
from control_plane.domain.egress import CONTRADICTIONS, Egress, PredictedEgress, Verdict, Via
from control_plane.domain.findings import merge
from control_plane.domain.probe.ledger import Question as Asked
from control_plane.domain.probe.ledger import TroubleKind
from control_plane.domain.probe.node_verdict import judge_nodes
from control_plane.domain.probe.nodes import NodeLedger, NodeProbe
from control_plane.domain.probe.verdict import ProbeVerdict
from control_plane.domain.request import EgressTerms
from control_plane.domain.run import Phase, Run
from control_plane.domain.wire import Wire
from control_plane.errors import AccessDenied, AwsUnavailable, CallFailed
from control_plane.session.outcome import End, Outcome
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | evidence_room.READS | evidence_room.WRITES | switchboard_room.ACTIONS

# The function has 290 s: none is started in the last 160 of them, for a session may take 150, and ten are for the rest.
SESSION_SECONDS, STARTING_SECONDS = 150.0, 130.0  # the script bounds itself at 96 s
CHANNELS = 64  # at once; three start a second, and each takes some seconds
AT_ONCE, IN_A_WHILE = 1, 20  # seconds until those are asked whom there was no time for, or who failed
LONGEST_REASON = 4000  # characters; a state carries 256 KiB

# What a run failed of, as "Explain failure" is told it.
ERRORS = {Verdict.OTHER_ADDRESS: "EgressOtherAddress", Verdict.BLOCKED: "EgressBlocked"}


class Status(StrEnum):
    MORE = "More"  # ask the others after wait_seconds
    ANSWERED = "Answered"  # all are settled: see the verdict


class Report(Wire):
    status: Status
    wait_seconds: int = 0
    verdict: ProbeVerdict | None = None
    error: str | None = None  # where a node contradicts what was promised
    reason: str | None = None


def ask_nodes(
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    switchboard: Switchboard,
    now: Callable[[], datetime],
) -> Report:
    """Ask once. A reply that is lost costs a second question to the same nodes, and no harm."""
    run = runs.fence(request.run_id, now())
    terms = runs.request_of(run.run_id).egress
    before = NodeLedger.from_wire(evidence.get(run.run_id, "nodes"))
    ledger = _asked(run.run_id, terms, before, switchboard, now)
    if ledger != before:
        evidence.put(run.run_id, "nodes", ledger.to_wire())
    if ledger.to_ask:
        failed = any(probe.attempts for probe in ledger.to_ask.values())
        return Report(status=Status.MORE, wait_seconds=IN_A_WHILE if failed else AT_ONCE)
    return _judged(run, terms, ledger, runs, evidence, now())


def _asked(
    run_id: str, terms: EgressTerms, ledger: NodeLedger, switchboard: Switchboard, now: Callable[[], datetime]
) -> NodeLedger:
    probes, heard = ledger.to_ask, dict[str, NodeProbe]()
    questions = {node: probe.question(run_id, terms) for node, probe in probes.items()}
    asked = [Question(node, ledger.target(probes[node]), questions[node].parameters()) for node in questions]
    budget = Budget(CHANNELS, last_start=now().timestamp() + STARTING_SECONDS, seconds=SESSION_SECONDS)
    with switchboard.asking(asked, reason=f"egress proof of {run_id}", budget=budget) as endings:
        try:
            for node, came in endings:
                if isinstance(came, AccessDenied):  # as it would be to all others
                    ledger = ledger.with_probes(heard.values())
                    return ledger.with_probes(_denied(probe, came) for probe in ledger.to_ask.values())
                heard[node] = _heard(probes[node], came, questions[node], now())
        except AwsUnavailable:
            if not any(probe.settled for probe in heard.values()):
                raise
    return ledger.with_probes(heard.values())  # where the pace could not be kept, what was heard before stays


def _denied(probe: NodeProbe, denial: AccessDenied) -> NodeProbe:
    return probe.given_up(TroubleKind.NO_SESSION, denial.code, str(denial))


def _heard(probe: NodeProbe, came: Outcome | CallFailed, question: Asked, at: datetime) -> NodeProbe:
    if isinstance(came, CallFailed):
        return probe.failed(TroubleKind.NO_SESSION, came.code, str(came), at)
    if came.end is End.COMPLETED:
        return probe.said(came.stdout.decode(errors="replace"), question, at)
    return _silent(probe, came, at)


def _silent(probe: NodeProbe, outcome: Outcome, at: datetime) -> NodeProbe:
    printable = "".join(letter if letter.isprintable() else " " for letter in outcome.reason)
    kind = TroubleKind.NO_SESSION if outcome.end is End.FAILED else TroubleKind.NO_ANSWER
    return probe.failed(kind, outcome.end, f"{probe.instance_id} gave no answer: {printable}", at)


def _judged(
    run: Run, terms: EgressTerms, ledger: NodeLedger, runs: RunTable, evidence: EvidenceStore, at: datetime
) -> Report:
    check = evidence.get(run.run_id, "check")
    promised = [PredictedEgress.from_wire(row) for row in check["PredictedEgress"]]
    judgement = judge_nodes(run.run_id, terms, ledger, promised, at, check["ScalingSubnets"])
    evidence.put(run.run_id, "nodes", ledger.model_copy(update={"egress": judgement.rows}).to_wire())
    run = runs.enter(run.run_id, Phase.JUDGE_EGRESS, at)
    others = (row for row in run.egress if row.via is not Via.ON_NODES)
    runs.note(
        run.run_id,
        egress=(*others, *judgement.rows),
        omitted_egress=run.omitted_egress,
        findings=merge(run.findings, judgement.findings),
        omitted_findings=run.omitted_findings,
    )
    return Report(status=Status.ANSWERED, verdict=judgement.verdict, **_contradiction(judgement.rows))


def _contradiction(rows: tuple[Egress, ...]) -> dict[str, str]:
    against = [row for row in rows if row.verdict in CONTRADICTIONS]
    if not against:
        return {}
    worst = next((row for row in against if row.verdict is Verdict.OTHER_ADDRESS), against[0])
    told = "; ".join(f"{row.instance_group_name}, {row.subject}: {row.reason}" for row in against)
    return {"error": ERRORS[worst.verdict], "reason": told[:LONGEST_REASON]}
