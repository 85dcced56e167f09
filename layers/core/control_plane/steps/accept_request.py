"""Step "Accept request": the door on the bus. Nobody waits for an answer there, so a refusal is told by an event."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.bus import Bus
from control_plane.aws.outbox import Outbox
from control_plane.domain.door import Judged
from control_plane.domain.door.existing import judge_adoption_body
from control_plane.domain.messages.announcements import DetailType, announcement
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.run import Kind, Phase, PhaseTimes, Run, State, run_id_of
from control_plane.domain.wire import Wire
from control_plane.steps import announce, doorway
from control_plane.steps.announce import publish
from control_plane.steps.doorway import Caller, Doorway, Refusal

ACTIONS = doorway.ACTIONS | announce.ACTIONS


KINDS = {"HyperPod Cluster Requested": Kind.PROVISION, "HyperPod Cluster Adoption Requested": Kind.ADOPTION}


class Report(Wire):
    run_id: str
    state: State


class EventDoor:
    def __init__(self, doorway: Doorway, acceptance: Acceptance, outbox: Outbox, bus: Bus) -> None:
        self._doorway, self._acceptance, self._outbox, self._bus = doorway, acceptance, outbox, bus

    def accept(self, event: BusEvent, judge: Callable[[Any], Judged], now: Callable[[], datetime]) -> Report:
        """Let the request in, or have its refusal announced: once, however often the event is delivered.

        Args:
            judge: of a request for a cluster; one for an adoption needs no model of what CreateCluster takes.
        """
        adopts = KINDS[event.detail_type] is Kind.ADOPTION
        judged = judge_adoption_body if adopts else judge
        run = self._refused_before(event) or self._decide(event, judged(event.detail), now())
        if run.state is not State.RUNNING:
            publish(run.run_id, self._outbox, self._bus, now)
        return Report(run_id=run.run_id, state=run.state)

    def _refused_before(self, event: BusEvent) -> Run | None:
        """A refusal stands, even where the same request would be let in by now: only a new event asks anew."""
        run = self._acceptance.find(run_id_of(event.id))
        return run if run and run.state is State.REFUSED else None

    def _decide(self, event: BusEvent, judged: Judged, at: datetime) -> Run:
        caller = Caller(f"account {event.account}, event source {event.source}", event.id, at, event.id)
        answer = self._doorway.accept(judged, caller, KINDS[event.detail_type])
        if isinstance(answer, Run):
            return answer
        refused = _born_refused(event, answer, caller)
        told = announcement(refused, DetailType.REFUSED, at=at, region=event.region, account=event.account)
        if not self._acceptance.refuse(refused, told):  # another delivery was let in: this one meets its run
            return self._decide(event, judged, at)
        return refused


def _born_refused(event: BusEvent, refusal: Refusal, caller: Caller) -> Run:
    """Keyed by the event's id, so that a corrected request may keep its RequestId."""
    cluster = event.detail.get("Cluster", event.detail)
    return Run(
        run_id=run_id_of(event.id),
        request_id=_text(event.detail.get("RequestId")) or event.id,
        requested_by=caller.requested_by,
        cluster_name=_text(cluster.get("ClusterName")) if isinstance(cluster, dict) else None,
        state=State.REFUSED,
        phases=(PhaseTimes(phase=Phase.ACCEPT, started_at=caller.at, ended_at=caller.at),),
        findings=refusal.findings,
        accepted_at=caller.at,
        updated_at=caller.at,
        deadline_at=caller.at,
    )


def _text(value: Any) -> str | None:
    """A name from a body that was refused, perhaps for this very name: kept short, whatever it is."""
    if not isinstance(value, str) or not value:
        return None
    return (
        value[:128].encode(errors="backslashreplace").decode()[:128]
    )  # JSON can write half a character; no store takes it
