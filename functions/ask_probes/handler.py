"""Step "Ask probes"."""

from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.probe_instances import ProbeInstances
from control_plane.aws.run_command import RunCommand
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.ask_probes import Report, ask_probes
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    return ask_probes(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        instances=ProbeInstances(client("ec2")),
        command=RunCommand(client("ssm"), setting("PROBE_DOCUMENT_NAME")),
        now=now,
    )
