"""Step "Announce": send what a run has to say and has not said yet."""

from collections.abc import Callable
from datetime import datetime

from control_plane.aws import bus as bus_room
from control_plane.aws import outbox as outbox_room
from control_plane.aws.bus import Bus
from control_plane.aws.outbox import Outbox
from control_plane.domain.wire import Wire
from control_plane.steps.request import StepRequest

ACTIONS = outbox_room.SENDS | bus_room.ACTIONS


class Report(Wire):
    sent: tuple[str, ...]  # EventIds


def announce(request: StepRequest, *, outbox: Outbox, bus: Bus, now: Callable[[], datetime]) -> Report:
    return Report(sent=publish(request.run_id, outbox, bus, now))


def publish(run_id: str, outbox: Outbox, bus: Bus, now: Callable[[], datetime]) -> tuple[str, ...]:
    """Send, then mark as sent: a crash in between sends it again, under the same EventId."""
    pending = outbox.pending(run_id)
    for announcement in pending:
        bus.put(announcement)
        outbox.mark_sent(announcement, now())
    return tuple(announcement.event_id for announcement in pending)
