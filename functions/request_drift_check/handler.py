"""By the clock, and at each change that touches a watched cluster: ask for a look at it."""

from datetime import timedelta
from functools import partial

from control_plane.aws.clients import client
from control_plane.aws.executions import Executions
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.watch.digest import day_to_tell
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.request_drift_check import Report, request_drift_check


@step(BusEvent)
def lambda_handler(event: BusEvent) -> Report:
    hour, every = setting("DIGEST_HOUR"), timedelta(minutes=int(setting("DRIFT_CHECK_MINUTES")))
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    return request_drift_check(
        event,
        under_watch=WatchList(dynamodb, table),
        watch=WatchTable(dynamodb, table),
        executions=Executions(client("stepfunctions"), setting("STATE_MACHINE_ARN")),
        day_of=partial(day_to_tell, hour=None if hour == "off" else int(hour), every=every),
        now=now,
    )
