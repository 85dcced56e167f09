"""Step "Read cluster": one look at a cluster that is coming up, and when to look again."""

from collections.abc import Callable
from datetime import datetime

from control_plane.aws import hyperpod_reader, run_table
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.domain.cluster.readiness import (
    Status,
    counts_match,
    groups_of,
    judge,
    unseen_for,
    wait_seconds,
)
from control_plane.domain.run import Phase
from control_plane.domain.run.lifecycle import not_before, time_since
from control_plane.domain.wire import Wire
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | hyperpod_reader.POLLS


LONGEST_REASON = 4000  # characters; it may hold HyperPod's whole text, and a state carries 256 KiB


class Report(Wire):
    status: Status
    reason: str
    wait_seconds: int


def read_cluster(
    request: StepRequest, *, runs: RunTable, reader: HyperPodReader, now: Callable[[], datetime]
) -> Report:
    """Look once: one DescribeCluster whatever the size; the nodes only when they are all that is left to look at."""
    run = runs.enter(request.run_id, Phase.WAIT_FOR_CLUSTER, now())
    shape, waited = runs.request_of(run.run_id).shape, time_since(run, Phase.WAIT_FOR_CLUSTER, now())
    name = run.cluster_arn or shape.cluster_name
    cluster = reader.cluster(name)
    nodes = reader.nodes(name) if cluster and counts_match(shape, cluster) else ()
    readiness = judge(shape, cluster, nodes, waited, unseen_for(run, now()))
    groups = groups_of(shape, cluster) if cluster else run.groups
    status = cluster.cluster_status if cluster else None
    if (groups, status) != (run.groups, run.cluster_status):
        runs.note(run.run_id, groups=groups, cluster_status=status, updated_at=not_before(run, now()))
    pause = wait_seconds(waited, run.deadline_at - now())
    return Report(status=readiness.status, reason=readiness.reason[:LONGEST_REASON], wait_seconds=pause)
