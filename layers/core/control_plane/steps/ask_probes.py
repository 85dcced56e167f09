"""Step "Ask probes": wait until they can be asked, ask all at once, judge what they answer. One look a call."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from control_plane.aws import evidence as evidence_room
from control_plane.aws import probe_instances, run_command, run_table
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.probe_instances import ProbeInstance, ProbeInstances
from control_plane.aws.run_command import Invocation, RunCommand
from control_plane.aws.run_table import RunTable
from control_plane.domain.egress import PredictedEgress
from control_plane.domain.findings import merge
from control_plane.domain.probe.ledger import ONLINE_WAIT, Ledger, Probe, TroubleKind, pause_seconds
from control_plane.domain.probe.verdict import ProbeVerdict, judge_probes
from control_plane.domain.run import Phase, Run
from control_plane.domain.run.lifecycle import time_since
from control_plane.domain.wire import Wire
from control_plane.errors import AccessDenied, AwsRefused
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | evidence_room.READS | evidence_room.WRITES | probe_instances.READS | run_command.ACTIONS

Ask = Callable[[list[str]], tuple[str, ...]]  # instances' ids to commands' ids


class Status(StrEnum):
    WAITING = "Waiting"  # look again after wait_seconds
    MORE = "More"  # this batch is settled; others have not been launched yet
    ANSWERED = "Answered"  # all are settled: see the verdict


class Report(Wire):
    status: Status
    verdict: ProbeVerdict | None = None
    wait_seconds: int = 0


def ask_probes(
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    instances: ProbeInstances,
    command: RunCommand,
    now: Callable[[], datetime],
) -> Report:
    """Look once. A reply that is lost costs a second question to the same probes, and no harm."""
    run = runs.fence(request.run_id, now())
    before = Ledger.from_wire(evidence.get(run.run_id, "probes"))

    def ask(instance_ids: list[str]) -> tuple[str, ...]:
        runs.fence(run.run_id, now())
        return command.send(instance_ids, before.question.parameters())

    try:
        if before.asked_at:
            ledger = _answered(before, command, now())
        else:
            ledger = _asked(_buried(before.looked(now()), instances.of_run(run.run_id)), command, ask, now())
    except (AccessDenied, AwsRefused) as error:
        ledger = before.with_probes(_silent(probe, error.code, str(error)) for probe in before.under_way.values())
    if not ledger.under_way and ledger.hopeless:
        ledger = ledger.with_probes(_not_tried(probe) for probe in ledger.probes if not probe.settled)
    if ledger != before:
        evidence.put(run.run_id, "probes", ledger.to_wire())
    if ledger.under_way:
        pause = pause_seconds(time_since(run, Phase.PROBE_SUBNETS, now()), asked=ledger.asked_at is not None)
        return Report(status=Status.WAITING, wait_seconds=pause)
    if not ledger.settled:
        return Report(status=Status.MORE)
    return Report(status=Status.ANSWERED, verdict=_judged(run, ledger, runs, evidence, now()))


def _buried(ledger: Ledger, there: Sequence[ProbeInstance]) -> Ledger:
    """Settle the probes whose instances have died. One that EC2 does not show yet is young, not dead."""
    dead = {instance.instance_id: instance for instance in there if not instance.alive}
    return ledger.with_probes(
        probe.in_trouble(TroubleKind.NO_INSTANCE, dead[instance_id].reason_code, _obituary(dead[instance_id]))
        for instance_id, probe in ledger.under_way.items()
        if instance_id in dead
    )


def _obituary(instance: ProbeInstance) -> str:
    return f"{instance.instance_id} is {instance.state}: {instance.reason or 'EC2 does not say why'}"


def _asked(ledger: Ledger, command: RunCommand, ask: Ask, at: datetime) -> Ledger:
    """Ask all at once, as soon as all are online, or those that are when the wait is over."""
    waited_for = ledger.under_way
    online = command.online([*waited_for]) if waited_for else frozenset()
    patient = not ledger.waited_for_long(at)
    if patient and len(online) < len(waited_for):
        return ledger
    ledger = ledger.with_probes(
        _offline(probe) for instance_id, probe in waited_for.items() if instance_id not in online
    )
    if not online:
        return ledger
    try:
        return ledger.asked(ask(sorted(online)), at)
    except AwsRefused as error:
        if error.code == "InvalidInstanceId" and patient:  # one of them went away a moment ago: look again
            return ledger
        raise


def _offline(probe: Probe) -> Probe:
    text = f"{probe.instance_id} did not report to Systems Manager within {ONLINE_WAIT.seconds // 60} minutes"
    return probe.in_trouble(TroubleKind.NEVER_ONLINE, "", text)


def _not_tried(probe: Probe) -> Probe:
    return probe.in_trouble(TroubleKind.NEVER_ONLINE, "", "not tried: none of the probes before it came online")


def _answered(ledger: Ledger, command: RunCommand, at: datetime) -> Ledger:
    told = {
        instance_id: invocation
        for command_id in ledger.command_ids
        for instance_id, invocation in command.invocations(command_id).items()
    }
    late = ledger.waited_for_long(at)
    return ledger.with_probes(
        _heard(probe, told.get(instance_id), late=late) for instance_id, probe in ledger.under_way.items()
    )


def _heard(probe: Probe, invocation: Invocation | None, *, late: bool) -> Probe:
    if invocation and invocation.done and invocation.output:
        return probe.model_copy(update={"output": invocation.output})
    status = invocation.status if invocation else "Pending"
    if late or (invocation and invocation.done):
        return _silent(probe, status, f"{probe.instance_id} was asked and gave no answer: {status}")
    return probe


def _silent(probe: Probe, code: str, text: str) -> Probe:
    return probe.in_trouble(TroubleKind.NO_ANSWER, code, text)


def _judged(run: Run, ledger: Ledger, runs: RunTable, evidence: EvidenceStore, at: datetime) -> ProbeVerdict:
    check = evidence.get(run.run_id, "check")
    promised = [PredictedEgress.from_wire(row) for row in check["PredictedEgress"]]
    judgement = judge_probes(runs.request_of(run.run_id), ledger, promised, at, check["ScalingSubnets"])
    evidence.put(run.run_id, "probes", ledger.model_copy(update={"egress": judgement.rows}).to_wire())
    findings = merge(run.findings, judgement.findings)
    runs.note(run.run_id, egress=judgement.rows, findings=findings, omitted_findings=run.omitted_findings)
    return judgement.verdict
