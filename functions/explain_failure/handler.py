"""Step "Explain failure"."""

from control_plane.aws.clients import client
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.explain_failure import FailureRequest, Report, explain_failure


@step(FailureRequest)
def lambda_handler(request: FailureRequest) -> Report:
    return explain_failure(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        reader=HyperPodReader(client("sagemaker"), setting("STACK_NAME")),
        now=now,
    )
