"""Step "Announce"."""

from control_plane.aws.bus import Bus
from control_plane.aws.clients import client
from control_plane.aws.outbox import Outbox
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.announce import Report, announce
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    return announce(
        request,
        outbox=Outbox(client("dynamodb"), setting("TABLE_NAME")),
        bus=Bus(client("events"), setting("EVENT_BUS_NAME")),
        now=now,
    )
