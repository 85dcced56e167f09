"""Tell people in Slack what an event of ours says."""

from collections.abc import Callable
from datetime import datetime

from control_plane.aws import deliveries as deliveries_room
from control_plane.aws import secrets as secrets_room
from control_plane.aws.deliveries import Deliveries
from control_plane.aws.slack import Slack
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.messages.slack_message import message
from control_plane.domain.wire import Wire

ACTIONS = deliveries_room.ACTIONS | secrets_room.ACTIONS


class Report(Wire):
    event_id: str
    posted: bool  # False: it had been posted before


def notify_slack(
    event: BusEvent, *, state_machine_arn: str, deliveries: Deliveries, slack: Slack, now: Callable[[], datetime]
) -> Report:
    """Post an event once. An event without our ids, of a later release perhaps, goes by EventBridge's own."""
    run_id, event_id = str(event.detail.get("RunId") or event.id), str(event.detail.get("EventId") or event.id)
    if not deliveries.claim(run_id, event_id, now()):
        return Report(event_id=event_id, posted=False)
    slack.post(message(event.detail_type, event.detail, state_machine_arn))
    deliveries.posted(run_id, event_id, now())
    return Report(event_id=event_id, posted=True)
