"""The HTTP API."""

from functools import partial

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.clients import client
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.aws.executions import Executions
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.door import judge_text
from control_plane.domain.suppressible import suppressible
from control_plane.entry.http_api import http_api
from control_plane.settings import setting
from control_plane.steps.api import Api
from control_plane.steps.doorway import Doorway


def _api() -> Api:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    return Api(
        doorway=Doorway(Acceptance(dynamodb, table), Executions(client("stepfunctions"), setting("STATE_MACHINE_ARN"))),
        looks=Executions(client("stepfunctions"), setting("CHECK_DRIFT_ARN")),
        runs=RunTable(dynamodb, table),
        clusters=ClusterIndex(dynamodb, table),
        judge=partial(judge_text, model=create_cluster_model(), suppressible=suppressible),
        watch=WatchTable(dynamodb, table),
        under_watch=WatchList(dynamodb, table),
    )


lambda_handler = http_api(_api)
