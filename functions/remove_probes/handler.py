"""Step "Remove probes"."""

from control_plane.aws.clients import client
from control_plane.aws.probe_instances import ProbeInstances
from control_plane.entry import step
from control_plane.steps.remove_probes import Report, remove_probes
from control_plane.steps.request import StepRequest


@step(StepRequest)
def lambda_handler(request: StepRequest) -> Report:
    return remove_probes(request, instances=ProbeInstances(client("ec2")))
