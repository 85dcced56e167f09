"""What both doors share: a judged request becomes a run and an execution, or what is in its way is told."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from control_plane.aws import acceptance as acceptance_room
from control_plane.aws import executions as executions_room
from control_plane.aws.acceptance import Acceptance
from control_plane.aws.executions import Executions
from control_plane.domain.door import Judged, request_fingerprint
from control_plane.domain.door.conflicts import Conflict, conflict_finding
from control_plane.domain.findings import Finding
from control_plane.domain.request import Request
from control_plane.domain.run import Kind, Phase, PhaseTimes, Run, State, run_id_of
from control_plane.errors import CallFailed

logger = logging.getLogger(__name__)

ACTIONS = acceptance_room.ACTIONS | executions_room.STARTS


@dataclass(frozen=True)
class Caller:
    """Who is at the door, and how to name the request if its body does not."""

    requested_by: str
    fallback_id: str  # the event's id; at the API the Idempotency-Key or the gateway's request id
    at: datetime
    event_id: str | None = None  # at the door on the bus, where the same event can come more than once


@dataclass(frozen=True)
class Refusal:
    """Why a request does not become a run; `run_id` is the run that is in its way, if one is."""

    findings: tuple[Finding, ...]
    run_id: str | None = None


class Doorway:
    """What both doors share."""

    def __init__(self, acceptance: Acceptance, executions: Executions) -> None:
        self._acceptance, self._executions = acceptance, executions

    def accept(self, judged: Judged, caller: Caller, kind: Kind = Kind.PROVISION) -> Run | Refusal:
        """Let a request in, once: a repeat of it meets the run it made before, also after that run's end."""
        request = judged.request
        if request is None:
            return Refusal(tuple(judged.findings))
        run = self._new_run(request, judged.findings, caller, kind)
        stored = self._acceptance.accept(run, request, _fingerprint(request, kind), caller.event_id)
        if isinstance(stored, Conflict):
            return Refusal((conflict_finding(stored, run.request_id, request.shape.cluster_name),), stored.run_id)
        if stored.state is State.RUNNING:
            self._start(stored.run_id)
        return stored

    def _start(self, run_id: str) -> None:
        """Start the execution; where that fails the run is accepted all the same, and the sweeper starts it."""
        try:
            self._executions.start(run_id, {"RunId": run_id})
        except CallFailed:
            logger.warning("%s is accepted, and not started yet.", run_id, exc_info=True)

    def _new_run(self, request: Request, findings: tuple[Finding, ...], caller: Caller, kind: Kind) -> Run:
        request_id = request.request_id or caller.fallback_id
        run_id = run_id_of(request_id)
        return Run(
            run_id=run_id,
            request_id=request_id,
            requested_by=caller.requested_by,
            kind=kind,
            cluster_name=request.shape.cluster_name,
            phases=(PhaseTimes(phase=Phase.ACCEPT, started_at=caller.at),),
            findings=findings,
            accepted_at=caller.at,
            updated_at=caller.at,
            deadline_at=caller.at + timedelta(minutes=request.deadline_minutes),
            execution_arn=self._executions.arn_of(run_id),
        )


def _fingerprint(request: Request, kind: Kind) -> str:
    """Two that ask for different things ask differently, even in the same words."""
    return request_fingerprint(request) if kind is Kind.PROVISION else f"{kind}/{request_fingerprint(request)}"
