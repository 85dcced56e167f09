"""Step "Delete cluster"."""

from control_plane.aws.clients import client
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.hyperpod_remover import HyperPodRemover
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.delete_cluster import Report, delete_cluster
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    sagemaker = client("sagemaker")
    return delete_cluster(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        reader=HyperPodReader(sagemaker, setting("STACK_NAME")),
        remover=HyperPodRemover(sagemaker),
        now=now,
    )
