"""Step "Create cluster": have the run's cluster, once, whatever is retried, cut off or read late."""

import logging
from collections.abc import Callable
from datetime import datetime

from control_plane.aws import hyperpod_creator, hyperpod_reader, run_table
from control_plane.aws import outbox as outbox_room
from control_plane.aws.bus import Bus
from control_plane.aws.hyperpod_creator import HyperPodCreator
from control_plane.aws.hyperpod_reader import HyperPodReader, Stranger
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.cluster.readiness import STALE_READS
from control_plane.domain.messages.announcements import Announcement, DetailType, announcement
from control_plane.domain.place import Place
from control_plane.domain.run import Phase, Run
from control_plane.domain.run.lifecycle import not_before
from control_plane.domain.tags import RUN_TAG
from control_plane.domain.wire import Wire
from control_plane.errors import AwsRefused, AwsUnavailable, CallFailed, NameInUse, NotYet
from control_plane.steps import announce
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | hyperpod_reader.LOOKS | hyperpod_creator.ACTIONS | outbox_room.CREATES | announce.ACTIONS

logger = logging.getLogger(__name__)


class Report(Wire):
    cluster_arn: str


def create_cluster(
    request: StepRequest,
    *,
    runs: RunTable,
    reader: HyperPodReader,
    creator: HyperPodCreator,
    outbox: Outbox,
    bus: Bus,
    now: Callable[[], datetime],
) -> Report:
    """Create the run's cluster unless it has one, record its ARN and announce it. May be repeated after any end.

    Raises:
        NameInUse: somebody else's cluster has the name.
        AwsUnavailable: also while it cannot be told whether the cluster is there, or whose it is.
    """
    run = runs.enter(request.run_id, Phase.CREATE_CLUSTER, now())
    arn = run.cluster_arn or _find(run, reader, now()) or _create(run, runs, reader, creator, now)
    outbox.record_creation(run.run_id, str(run.cluster_name), arn, _creating(run, arn, not_before(run, now())))
    try:
        announce.publish(run.run_id, outbox, bus, now)
    except CallFailed:  # the event is safe in the outbox: the sweeper sends it
        logger.warning("The creation is not announced yet.", exc_info=True)
    return Report(cluster_arn=arn)


def _find(run: Run, reader: HyperPodReader, at: datetime) -> str | None:
    found = reader.look(run)
    if isinstance(found, Stranger):
        raise _not_ours(found, at)
    return found.cluster.cluster_arn if found else None


def _create(
    run: Run, runs: RunTable, reader: HyperPodReader, creator: HyperPodCreator, now: Callable[[], datetime]
) -> str:
    cluster = runs.request_of(run.run_id).cluster
    runs.fence(run.run_id, now())
    try:
        return creator.create(cluster, run.run_id)
    except (AwsUnavailable, AwsRefused) as error:
        if isinstance(error, AwsRefused) and error.code != "ResourceInUse":
            raise
        # A call of ours may have made it and its reply been lost: the tags tell, not the error.
        runs.note(run.run_id, updated_at=not_before(run, now()))  # from here on it may take minutes to show
        if arn := _find(run, reader, now()):
            return arn
        raise NotYet(error.action, error.code, error.message) from error


def _not_ours(stranger: Stranger, at: datetime) -> NotYet | NameInUse:
    arn, born, owner = stranger.cluster.cluster_arn, stranger.cluster.creation_time, stranger.tags.get(RUN_TAG)
    if owner is None and born and at - born < STALE_READS:
        return NotYet("sagemaker:ListTags", "TagsNotVisible", f"{arn} is new and shows no tag of any run yet.")
    return NameInUse(f"$.Cluster.ClusterName: {arn} has this name, and was made by {owner or 'somebody else'}.")


def _creating(run: Run, arn: str, at: datetime) -> Announcement:
    place, made = Place.of(arn), run.model_copy(update={"cluster_arn": arn})
    return announcement(made, DetailType.CREATING, at=at, region=place.region, account=place.account)
