"""Step "Take baseline"."""

from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.request import StepRequest
from control_plane.steps.take_baseline import Report, take_baseline


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    dynamodb, table, bucket = client("dynamodb"), setting("TABLE_NAME"), setting("EVIDENCE_BUCKET")
    return take_baseline(
        request,
        runs=RunTable(dynamodb, table),
        evidence=EvidenceStore(client("s3"), bucket),
        baselines=EvidenceStore(client("s3"), bucket, "baselines"),
        under_watch=WatchList(dynamodb, table),
        reader=HyperPodReader(client("sagemaker"), setting("STACK_NAME")),
        iam=client("iam"),
        now=now,
    )
