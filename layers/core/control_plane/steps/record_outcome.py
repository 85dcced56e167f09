"""Step "Record outcome": write how a run ended, once, together with the event that tells it."""

import platform
from collections.abc import Callable
from datetime import datetime
from typing import Any

from control_plane import __version__
from control_plane.aws import evidence as evidence_room
from control_plane.aws import outbox as outbox_room
from control_plane.aws import run_table
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.messages.announcements import Announcement, DetailType, announcement
from control_plane.domain.place import Place
from control_plane.domain.request import Request, scope_of
from control_plane.domain.run import Evidence, Run, State
from control_plane.domain.run.outcome import outcome
from control_plane.domain.wire import Wire
from control_plane.errors import AwsUnavailable, CallFailed, RunOver
from control_plane.steps.request import PatientRequest

ACTIONS = run_table.READS | outbox_room.ENDS | evidence_room.READS | evidence_room.WRITES


ENDING = {
    State.PROVISIONED: DetailType.PROVISIONED,
    State.REFUSED: DetailType.REFUSED,
    State.FAILED: DetailType.FAILED,
    State.VERIFIED: DetailType.VERIFIED,
    State.MISMATCH: DetailType.MISMATCH,
    State.UNVERIFIED: DetailType.UNVERIFIED,
    State.ADOPTED: DetailType.ADOPTED,
}


PARTS = ("check", "probes", "nodes")


class OutcomeRequest(PatientRequest):
    state: State
    watched: bool = True  # False: its baseline could not be kept


class Report(Wire):
    state: State  # as the run ended; another word than was asked for where somebody ended it first


def record_outcome(
    request: OutcomeRequest, *, runs: RunTable, outbox: Outbox, evidence: EvidenceStore, now: Callable[[], datetime]
) -> Report:
    """
    Raises:
        AwsUnavailable: also where only the evidence cannot be kept just now, as long as the state machine has patience.
    """
    run = runs.get(request.run_id)
    if run.state is not State.RUNNING:
        return Report(state=run.state)
    asked = runs.request_of(run.run_id)
    last = outcome(run, asked, request.state, now(), watched=request.watched)
    last = last.model_copy(update={"evidence": _keep(last, asked, evidence, patient=request.patient)})
    try:
        outbox.end(last, _announcement(last), whole=not scope_of(asked).instance_group_names)
    except RunOver:
        return Report(state=runs.get(request.run_id).state)
    return Report(state=last.state)


def _announcement(run: Run) -> Announcement:
    place = Place.of(str(run.execution_arn))  # every accepted run has one
    return announcement(run, ENDING[run.state], at=run.updated_at, region=place.region, account=place.account)


def _frame(run: Run, request: Request) -> dict[str, Any]:
    versions = {"ControlPlane": __version__, "Python": platform.python_version()}
    return {"Run": run.to_wire(), "Request": request.to_wire(), "Versions": versions}


def _keep(run: Run, request: Request, evidence: EvidenceStore, *, patient: bool) -> Evidence | None:
    """Keep all of it in one document. A run must end even where its evidence cannot be written: then it has none."""
    try:
        parts: dict[str, Any] = {name.title(): evidence.find(run.run_id, name) for name in PARTS}
        return evidence.put(run.run_id, "evidence", {**_frame(run, request), **parts})
    except CallFailed as error:
        if patient and isinstance(error, AwsUnavailable):
            raise
        return None
