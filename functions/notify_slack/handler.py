"""A rule on our bus: tell Slack."""

from control_plane.aws.clients import client
from control_plane.aws.deliveries import Deliveries
from control_plane.aws.slack import Slack
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.notify_slack import Report, notify_slack


@step(BusEvent)
def lambda_handler(event: BusEvent) -> Report:
    return notify_slack(
        event,
        state_machine_arn=setting("STATE_MACHINE_ARN"),
        deliveries=Deliveries(client("dynamodb"), setting("TABLE_NAME")),
        slack=Slack(client("secretsmanager"), setting("SLACK_SECRET_ARN"), now=now),
        now=now,
    )
