"""A rule on our bus: the door for requests that come as events."""

from functools import partial

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.bus import Bus
from control_plane.aws.clients import client
from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.aws.executions import Executions
from control_plane.aws.outbox import Outbox
from control_plane.domain.door import judge_body
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.suppressible import suppressible
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.accept_request import EventDoor, Report
from control_plane.steps.doorway import Doorway


@step(BusEvent)
def lambda_handler(event: BusEvent) -> Report:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    acceptance = Acceptance(dynamodb, table)
    door = EventDoor(
        Doorway(acceptance, Executions(client("stepfunctions"), setting("STATE_MACHINE_ARN"))),
        acceptance,
        Outbox(dynamodb, table),
        Bus(client("events"), setting("EVENT_BUS_NAME")),
    )
    return door.accept(event, partial(judge_body, model=create_cluster_model(), suppressible=suppressible), now)
