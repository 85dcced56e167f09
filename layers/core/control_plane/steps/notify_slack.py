"""Tell people in Slack what an event of ours says."""

from collections.abc import Callable
from datetime import datetime

from control_plane.aws import deliveries as deliveries_room
from control_plane.aws import secrets as secrets_room
from control_plane.aws.deliveries import Deliveries
from control_plane.aws.slack import Slack
from control_plane.domain.messages.announcements import DetailType
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.messages.slack_message import message
from control_plane.domain.watch.proof import Why
from control_plane.domain.wire import Wire

ACTIONS = deliveries_room.ACTIONS | secrets_room.ACTIONS


class Report(Wire):
    event_id: str
    posted: bool  # False: it had been posted before, or is nothing new


def notify_slack(
    event: BusEvent, *, state_machine_arn: str, deliveries: Deliveries, slack: Slack, now: Callable[[], datetime]
) -> Report:
    """Post an event once. What is about no run goes by its EventId alone; without our ids, by EventBridge's own."""
    if _nothing_new(event):
        return Report(event_id=str(event.detail.get("EventId")), posted=False)
    event_id = str(event.detail.get("EventId") or event.id)
    run_id = str(event.detail.get("RunId") or event_id)
    if not deliveries.claim(run_id, event_id, now()):
        return Report(event_id=event_id, posted=False)
    slack.post(message(event.detail_type, event.detail, state_machine_arn))
    deliveries.posted(run_id, event_id, now())
    return Report(event_id=event_id, posted=True)


def _nothing_new(event: BusEvent) -> bool:
    """That a proof which only the clock asked for says what the last one said: on the bus it is told all the same."""
    verified = event.detail_type == DetailType.VERIFIED
    return verified and event.detail.get("RequestedBy") == Why.AGE.requester
