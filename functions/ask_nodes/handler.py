"""Step "Ask nodes"."""

from time import time

from control_plane.aws.clients import client, client_without_retries, credentials
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.pace import Pace
from control_plane.aws.run_table import RunTable
from control_plane.aws.sessions import Sessions
from control_plane.aws.switchboard import Switchboard
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.ask_nodes import Report, ask_nodes
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    sessions = Sessions(client_without_retries("ssm"), credentials(), setting("NODE_DOCUMENT_NAME"), now=time)
    return ask_nodes(
        request,
        runs=RunTable(dynamodb, table),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        switchboard=Switchboard(sessions, Pace(dynamodb, table), now=time),
        now=now,
    )
