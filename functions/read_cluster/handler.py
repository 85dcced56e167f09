"""Step "Read cluster"."""

from control_plane.aws.clients import client
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.read_cluster import Report, read_cluster
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    return read_cluster(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        reader=HyperPodReader(client("sagemaker"), setting("STACK_NAME")),
        now=now,
    )
