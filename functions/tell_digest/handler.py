"""Step "Tell digest"."""

from control_plane.aws.bus import Bus
from control_plane.aws.clients import client
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.tell_digest import Report, Request, tell_digest


@step(Request)
def lambda_handler(request: Request) -> Report:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    return tell_digest(
        request,
        under_watch=WatchList(dynamodb, table),
        watch=WatchTable(dynamodb, table),
        bus=Bus(client("events"), setting("EVENT_BUS_NAME")),
        now=now,
    )
