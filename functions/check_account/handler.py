"""Step "Check account"."""

from control_plane.aws.account_reader import AccountReader
from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.check_account import Report, check_account
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    hyperpod = HyperPodReader(client("sagemaker"), setting("STACK_NAME"))
    return check_account(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        baselines=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET"), "baselines"),
        reader=AccountReader(client("ec2"), client("iam"), client("s3"), hyperpod),
        now=now,
    )
