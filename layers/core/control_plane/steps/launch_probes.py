"""Step "Launch probes": a small instance at each vantage point of the request, as many at once as we may have."""

from collections.abc import Callable, Sequence
from datetime import datetime

from control_plane.aws import evidence as evidence_room
from control_plane.aws import probe_instances, probe_launcher, run_table
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.probe_instances import ProbeInstance, ProbeInstances
from control_plane.aws.probe_launcher import ProbeLauncher
from control_plane.aws.run_table import RunTable
from control_plane.domain.probe.ledger import (
    INSTANCE_TYPES,
    Ledger,
    Probe,
    TroubleKind,
    instance_types_for,
    pause_seconds,
)
from control_plane.domain.run import Phase
from control_plane.domain.run.lifecycle import time_since
from control_plane.domain.wire import Wire
from control_plane.errors import AccessDenied, AwsRefused
from control_plane.steps.request import StepRequest

ACTIONS = (
    run_table.ACTIONS | evidence_room.READS | evidence_room.WRITES | probe_instances.ACTIONS | probe_launcher.ACTIONS
)

# Refusals that speak of one type of instance; any other would be the same for the next.
ANOTHER_TYPE_MAY_DO = frozenset({"InsufficientInstanceCapacity", "Unsupported"})
BOOT_SECONDS = 20

Attempt = Callable[[Probe, str], str]  # a probe and a type to an instance's id


class Report(Wire):
    launched: int
    refused: int
    wait_seconds: int


def launch_probes(
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    instances: ProbeInstances,
    launcher: ProbeLauncher,
    at_once: int,
    now: Callable[[], datetime],
) -> Report:
    """Launch the next batch. What cannot be launched is settled at once, as unknown; the run goes on."""
    run = runs.enter(request.run_id, Phase.PROBE_SUBNETS, now())
    run_id = run.run_id
    kept = evidence.find(run_id, "probes")
    ledger = Ledger.from_wire(kept) if kept else Ledger.of(run_id, runs.request_of(run_id))

    def attempt(probe: Probe, instance_type: str) -> str:
        runs.fence(run_id, now())
        return launcher.launch(run_id, probe.point, instance_type)

    batch = ledger.next_batch(at_once)
    try:
        there = _make_room(ledger, instances.of_run(run_id), instances)
        types = _types_to_try(batch, launcher)
    except (AccessDenied, AwsRefused) as error:
        launched = [_refused(probe, error) for probe in batch]
    else:
        launched = [_found(probe, there) or _launched(probe, types[probe.point.subnet_id], attempt) for probe in batch]
    evidence.put(run_id, "probes", ledger.launched(launched).to_wire())
    refused = sum(probe.settled for probe in launched)
    alive = len(launched) - refused
    pause = pause_seconds(time_since(run, Phase.PROBE_SUBNETS, now()), asked=False)
    return Report(launched=alive, refused=refused, wait_seconds=max(BOOT_SECONDS, pause) if alive else 1)


def _make_room(ledger: Ledger, there: Sequence[ProbeInstance], instances: ProbeInstances) -> dict[str, ProbeInstance]:
    """End the instances of settled probes; the others are ours to take up again, after a step that died half-way."""
    settled = {probe.point.key for probe in ledger.probes if probe.settled}
    for instance in there:
        if instance.point_key in settled and not instance.gone:
            instances.terminate(instance.instance_id)
    return {instance.point_key: instance for instance in there}


def _types_to_try(batch: Sequence[Probe], launcher: ProbeLauncher) -> dict[str, list[str]]:
    subnet_ids = {probe.point.subnet_id for probe in batch}
    zones, offered = launcher.zones(subnet_ids), launcher.offered()
    return {subnet_id: instance_types_for(zones.get(subnet_id, ""), offered) for subnet_id in subnet_ids}


def _found(probe: Probe, there: dict[str, ProbeInstance]) -> Probe | None:
    found = there.get(probe.point.key)
    return probe.running_as(found.instance_id, found.instance_type) if found else None


def _launched(probe: Probe, types: list[str], attempt: Attempt) -> Probe:
    refusal: AccessDenied | AwsRefused | None = None
    for instance_type in types:
        try:
            return probe.running_as(attempt(probe, instance_type), instance_type)
        except (AccessDenied, AwsRefused) as error:
            refusal = error
        if refusal.code not in ANOTHER_TYPE_MAY_DO:
            break
    if refusal:
        return _refused(probe, refusal)
    text = f"{probe.point.subnet_id} does not exist, or its zone offers none of {', '.join(INSTANCE_TYPES)}"
    return probe.in_trouble(TroubleKind.NO_INSTANCE, "Unsupported", text)


def _refused(probe: Probe, refusal: AccessDenied | AwsRefused) -> Probe:
    return probe.in_trouble(TroubleKind.NO_INSTANCE, refusal.code, str(refusal))
