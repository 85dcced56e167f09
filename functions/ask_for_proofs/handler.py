"""Step "Ask for proofs"."""

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.executions import Executions
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.ask_for_proofs import Report, Request, ask_for_proofs
from control_plane.steps.doorway import Doorway


@step(Request)
def lambda_handler(request: Request) -> Report:
    acceptance = Acceptance(client("dynamodb"), setting("TABLE_NAME"))
    return ask_for_proofs(
        request,
        door=Doorway(acceptance, Executions(client("stepfunctions"), setting("STATE_MACHINE_ARN"))),
        baselines=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET"), "baselines"),
        now=now,
    )
