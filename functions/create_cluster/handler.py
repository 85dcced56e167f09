"""Step "Create cluster"."""

from control_plane.aws.bus import Bus
from control_plane.aws.clients import client
from control_plane.aws.hyperpod_creator import HyperPodCreator
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.create_cluster import Report, create_cluster
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    sagemaker, stack = client("sagemaker"), setting("STACK_NAME")
    return create_cluster(
        request,
        runs=RunTable(dynamodb, table),
        reader=HyperPodReader(sagemaker, stack),
        creator=HyperPodCreator(sagemaker, stack),
        outbox=Outbox(dynamodb, table),
        bus=Bus(client("events"), setting("EVENT_BUS_NAME")),
        now=now,
    )
