"""Step "List watched"."""

from control_plane.aws.clients import client
from control_plane.aws.watch_list import WatchList
from control_plane.entry import step
from control_plane.settings import setting
from control_plane.steps.list_watched import Report, Request, list_watched


@step(Request)
def lambda_handler(request: Request) -> Report:
    return list_watched(request, under_watch=WatchList(client("dynamodb"), setting("TABLE_NAME")))
