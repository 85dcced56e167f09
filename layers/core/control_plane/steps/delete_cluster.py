"""Step "Delete cluster": take away the cluster of a failed run, if its tags say that it is ours."""

from collections.abc import Callable
from datetime import datetime

from control_plane.aws import hyperpod_reader, hyperpod_remover, run_table
from control_plane.aws.hyperpod_reader import HyperPodReader, OurCluster
from control_plane.aws.hyperpod_remover import HyperPodRemover
from control_plane.aws.run_table import RunTable
from control_plane.domain.cluster.readiness import STALE_READS
from control_plane.domain.run import Disposition, Run, State
from control_plane.domain.run.lifecycle import not_before
from control_plane.domain.wire import Wire
from control_plane.errors import AccessDenied, AwsRefused, NotYet, RunOver
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | hyperpod_reader.LOOKS | hyperpod_remover.ACTIONS


class Report(Wire):
    cluster_disposition: Disposition


def delete_cluster(
    request: StepRequest,
    *,
    runs: RunTable,
    reader: HyperPodReader,
    remover: HyperPodRemover,
    now: Callable[[], datetime],
) -> Report:
    """Ask for the deletion and record how that went; a refusal is told beside the first cause, not instead of it.

    The deadline is no fence here: most runs that are cleaned up are past it.

    Raises:
        RunOver: the run has ended; a cluster that was handed over is no leftover.
        AwsUnavailable: not answered.
        NotYet: another change is under way, or the cluster does not show as ours, which may be a stale answer.
    """
    run = runs.get(request.run_id)
    if run.state is not State.RUNNING:
        raise RunOver(f"{run.run_id} has ended as {run.state}; its cluster stays.")
    disposition, trouble = _delete(run, runs, reader, remover, now())
    beside = _beside(run, trouble) if trouble else {}
    runs.note(run.run_id, cluster_disposition=disposition, updated_at=not_before(run, now()), **beside)
    return Report(cluster_disposition=disposition)


def _delete(
    run: Run, runs: RunTable, reader: HyperPodReader, remover: HyperPodRemover, at: datetime
) -> tuple[Disposition, str]:
    """Tell what became of the cluster, and what stood in the way."""
    try:
        found = reader.look(run)
        if isinstance(found, OurCluster):
            if found.cluster.cluster_status != "Deleting":
                runs.note(run.run_id, cluster_disposition=Disposition.DELETE_FAILED)  # until AWS takes it; and a fence
                remover.delete(found)
            return Disposition.DELETE_REQUESTED, ""
    except (AccessDenied, AwsRefused) as error:
        return Disposition.DELETE_FAILED, str(error)
    if at - run.updated_at < STALE_READS:  # the run has just been explained: with its cluster, or unable to look
        raise NotYet("sagemaker:DescribeCluster", "NotVisible", f"{run.cluster_name} may be there, and not show.")
    if found and found.cluster.cluster_arn == run.cluster_arn:
        return Disposition.DELETE_FAILED, "its tags no longer say that this run made it."
    return Disposition.DELETE_REQUESTED if run.cluster_arn else Disposition.NOT_CREATED, ""


def _beside(run: Run, trouble: str) -> dict[str, str]:
    by_hand = (
        f"Delete the cluster by hand: aws sagemaker delete-cluster --cluster-name {run.cluster_arn or run.cluster_name}"
    )
    return {
        "cause_detail": _added(run.cause_detail or "", f"The cluster was not deleted: {trouble}"),
        "remedy": _added(run.remedy or "", by_hand),
    }


def _added(text: str, more: str) -> str:
    return text if more in text else f"{text}\n{more}".strip()
