"""Step "Launch probes"."""

from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.probe_instances import ProbeInstances
from control_plane.aws.probe_launcher import ProbeLauncher
from control_plane.aws.run_table import RunTable
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.launch_probes import Report, launch_probes
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    ec2, profile_arn = client("ec2"), setting("PROBE_INSTANCE_PROFILE_ARN")
    return launch_probes(
        request,
        runs=RunTable(client("dynamodb"), setting("TABLE_NAME")),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        instances=ProbeInstances(ec2),
        launcher=ProbeLauncher(ec2, client("ssm"), stack=setting("STACK_NAME"), profile_arn=profile_arn),
        at_once=int(setting("PROBE_MAX_INSTANCES")),
        now=now,
    )
