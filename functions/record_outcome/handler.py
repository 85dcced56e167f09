"""Step "Record outcome"."""

from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.record_outcome import OutcomeRequest, Report, record_outcome


@step(OutcomeRequest)
def lambda_handler(request: OutcomeRequest) -> Report:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    return record_outcome(
        request,
        runs=RunTable(dynamodb, table),
        outbox=Outbox(dynamodb, table),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        now=now,
    )
