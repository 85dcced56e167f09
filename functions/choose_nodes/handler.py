"""Step "Choose nodes"."""

from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.choose_nodes import Report, choose_nodes
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    return choose_nodes(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        reader=HyperPodReader(client("sagemaker"), setting("STACK_NAME")),
        now=now,
    )
