"""Step "Check drift"."""

from datetime import timedelta

from control_plane.aws.account_reader import AccountReader
from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_reader import WatchReader
from control_plane.aws.watch_table import WatchTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.check_drift import Checker, Report, Request
from control_plane.steps.look import Looker
from control_plane.steps.proof_due import Prover


@step(Request)
def lambda_handler(request: Request) -> Report:
    hyperpod = HyperPodReader(client("sagemaker"), setting("STACK_NAME"))
    days = int(setting("PROOF_EVERY_DAYS"))
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    watch, runs, under_watch = WatchTable(dynamodb, table), RunTable(dynamodb, table), WatchList(dynamodb, table)
    checker = Checker(
        watch=watch,
        under_watch=under_watch,
        looker=Looker(
            under_watch=under_watch,
            baselines=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET"), "baselines"),
            reader=WatchReader(AccountReader(client("ec2"), client("iam"), client("s3"), hyperpod)),
        ),
        prover=Prover(watch, runs, every=timedelta(days=days) if days else None),
        now=now,
    )
    return checker.check(request)
