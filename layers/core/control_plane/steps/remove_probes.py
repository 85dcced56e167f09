"""Step "Remove probes": end every probe instance of the run, on the way on and on the way out."""

from control_plane.aws import probe_instances
from control_plane.aws.probe_instances import ProbeInstances
from control_plane.domain.wire import Wire
from control_plane.errors import AccessDenied, AwsRefused
from control_plane.steps.request import StepRequest

ACTIONS = probe_instances.ACTIONS


class Report(Wire):
    removed: int
    left: tuple[str, ...] = ()  # they power themselves off, see domain.probe.ledger.USER_DATA
    trouble: str | None = None  # why they were left


def remove_probes(request: StepRequest, *, instances: ProbeInstances) -> Report:
    """End them all. What goes wrong is reported, not raised: it must not hide why a run failed.

    Raises:
        AwsUnavailable: worth another try.
    """
    try:
        doomed = [instance.instance_id for instance in instances.of_run(request.run_id) if not instance.gone]
    except (AccessDenied, AwsRefused) as error:
        return Report(removed=0, trouble=str(error))
    troubles = {instance_id: _trouble_in_ending(instance_id, instances) for instance_id in doomed}
    left = {instance_id: trouble for instance_id, trouble in troubles.items() if trouble}
    return Report(removed=len(doomed) - len(left), left=tuple(left), trouble="; ".join(left.values()) or None)


def _trouble_in_ending(instance_id: str, instances: ProbeInstances) -> str | None:
    try:
        instances.terminate(instance_id)
    except (AccessDenied, AwsRefused) as error:
        return str(error)
    return None
