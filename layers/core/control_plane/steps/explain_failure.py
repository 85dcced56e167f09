"""Step "Explain failure": gather what AWS says of a failed run, and turn it into a cause and a remedy.

It never fails because something cannot be read: it explains with what it has, and says what it could not see.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from control_plane.aws import hyperpod_reader, run_table
from control_plane.aws.hyperpod_reader import HyperPodReader, OurCluster
from control_plane.aws.run_table import RunTable
from control_plane.domain.cluster.explain import Explanation, Failure, explain
from control_plane.domain.cluster.readiness import STALE_READS, unseen_for
from control_plane.domain.cluster.seen import Cluster
from control_plane.domain.request import OnFailure
from control_plane.domain.run import Cause, Disposition, Phase, Run
from control_plane.domain.run.lifecycle import not_before
from control_plane.domain.wire import Wire
from control_plane.errors import AwsUnavailable, CallFailed, NotYet
from control_plane.steps.request import PatientRequest

ACTIONS = run_table.ACTIONS | hyperpod_reader.LOOKS | hyperpod_reader.POLLS | hyperpod_reader.EVENTS

NODES_TOLD, EVENTS_TOLD = 5, 3  # one fault breaks many nodes, and each tells it in the same words


# Errors of a create that made nothing: AWS said no, or was not asked.
CREATED_NOTHING = frozenset({"AccessDenied", "AwsRefused", "Misconfigured", "NameInUse", "RequestRejected"})


class FailureRequest(PatientRequest):
    failure: Failure = Failure()


class Report(Wire):
    cause: Cause
    delete_cluster: bool


@dataclass
class Sight:
    """What could be seen of the run's own cluster."""

    cluster: Cluster | None = None
    unsure: bool = False  # it may be there: we could not look
    texts: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def explain_failure(
    request: FailureRequest, *, runs: RunTable, reader: HyperPodReader, now: Callable[[], datetime]
) -> Report:
    """Explain once: what was found first stands, whatever ended the execution that was busy with it.

    Raises:
        NotYet: a cluster does not show that was there a moment ago, or whose creation's reply may have been lost.
        AwsUnavailable: something cannot be read just now, and the state machine still has patience.
    """
    run = runs.get(request.run_id)
    sight = _look(run, reader, patient=request.patient)
    if sight.cluster is None and not sight.unsure:
        _wait_for_a_late_cluster(run, runs, request.failure, now())
    found = _seen(sight.cluster)
    if run.cluster_arn and sight.cluster is None and not sight.unsure:
        found["cluster_disposition"] = Disposition.DELETE_REQUESTED  # not by us: it is gone
    wanted = runs.request_of(run.run_id).on_failure is OnFailure.DELETE
    if sight.unsure and not wanted and run.cluster_arn is None:
        found["cluster_disposition"] = Disposition.KEPT  # if there is one: nobody could look, and nobody deletes it
    told = _first(run) or _explained(request.failure, sight, run.model_copy(update=found), now())
    runs.note(run.run_id, **dict(told), **found, updated_at=not_before(run, now()))
    return Report(cause=told.cause, delete_cluster=wanted and (sight.cluster is not None or sight.unsure))


def _wait_for_a_late_cluster(run: Run, runs: RunTable, failure: Failure, at: datetime) -> None:
    if run.cluster_status:  # the first look that misses it notes that, here as in "Read cluster"
        runs.note(run.run_id, cluster_status=None, updated_at=not_before(run, at))
    if run.cluster_arn and unseen_for(run, at) < STALE_READS:
        raise NotYet("sagemaker:DescribeCluster", "NotVisible", f"{run.cluster_arn} was there a moment ago.")
    if run.phase is not Phase.CREATE_CLUSTER or failure.error in CREATED_NOTHING:
        return
    if run.cluster_arn is None and at - run.updated_at < STALE_READS:
        raise NotYet(
            "sagemaker:DescribeCluster", "NotVisible", f"{run.cluster_name} may have been made, and not show yet."
        )


def _first(run: Run) -> Explanation | None:
    if run.cause is None:
        return None
    return Explanation(cause=run.cause, cause_detail=run.cause_detail or "", remedy=run.remedy or "")


def _explained(failure: Failure, sight: Sight, run: Run, at: datetime) -> Explanation:
    told = explain(_deadline_or(failure, run, at), sight.texts, sight.unread, run)
    if not sight.unsure:
        return told
    look = f"Look whether there is a cluster: aws sagemaker describe-cluster --cluster-name {run.cluster_name}"
    return told.model_copy(update={"remedy": f"{told.remedy}\n{look}"})


def _deadline_or(failure: Failure, run: Run, at: datetime) -> Failure:
    """A time-out is a step's or the whole run's: only past the deadline is it the run's."""
    if failure.error != "States.Timeout" or at <= run.deadline_at:
        return failure
    return Failure(error="DeadlinePassed", cause=f"{run.run_id} had until {run.deadline_at:%Y-%m-%d %H:%M} UTC.")


def _seen(cluster: Cluster | None) -> dict[str, Any]:
    """The ARN too: if the run died right after the creation, it was never recorded."""
    return {"cluster_arn": cluster.cluster_arn, "cluster_status": cluster.cluster_status} if cluster else {}


def _look(run: Run, reader: HyperPodReader, *, patient: bool) -> Sight:
    sight = Sight()
    if run.phase.rank < Phase.CREATE_CLUSTER.rank:
        return sight
    try:
        found = reader.look(run)
    except CallFailed as error:
        return Sight(unsure=True, unread=[_unread(error, patient=patient)])
    if found and (isinstance(found, OurCluster) or found.cluster.cluster_arn == run.cluster_arn):
        sight.cluster = found.cluster
        _listen(found.cluster, reader, sight, patient=patient)
    return sight


def _listen(cluster: Cluster, reader: HyperPodReader, sight: Sight, *, patient: bool) -> None:
    sight.texts.append(cluster.failure_message)
    sources = [_of_nodes(cluster, reader)]
    if cluster.continuous:  # no other mode has events
        sources.append(_of_events(cluster, reader))
    for texts in sources:
        try:
            sight.texts += texts
        except CallFailed as error:
            sight.unread.append(_unread(error, patient=patient))


def _unread(error: CallFailed, *, patient: bool) -> str:
    """What to say of a read that failed; one that may succeed in a moment is worth another try first."""
    if patient and isinstance(error, AwsUnavailable):
        raise error
    return str(error)


def _of_nodes(cluster: Cluster, reader: HyperPodReader) -> Iterator[str]:
    # A message outlives its trouble: a node that runs has nothing to tell.
    told = (node for node in reader.nodes(cluster.cluster_arn) if node.instance_status.message and not node.running)
    for node in islice(told, NODES_TOLD):
        yield f"{node.instance_group_name}: {node.instance_status.message}"


def _of_events(cluster: Cluster, reader: HyperPodReader) -> Iterator[str]:
    for event in islice(reader.error_events(cluster.cluster_arn), EVENTS_TOLD):
        yield event.description
        yield from reader.event_failures(cluster.cluster_arn, event.event_id)
