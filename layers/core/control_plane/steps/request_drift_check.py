"""Who asks for a look at the watched clusters: the clock, and whoever changes what decides about their way out."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from control_plane.aws import executions as executions_room
from control_plane.aws import watch_list, watch_table
from control_plane.aws.executions import Executions
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.watch.change import HEARSAY, change_in, resources_in
from control_plane.domain.watch.proof import Replaced, replaced_in
from control_plane.domain.wire import Wire

ACTIONS = watch_list.NOTICES | watch_table.NOTICES | executions_room.STARTS

logger = logging.getLogger(__name__)

CLOUDTRAIL = "AWS API Call via CloudTrail"
# Changes seldom come alone. EC2's answers, too, take a while to tell of one everywhere:
# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
SETTLING = 60  # seconds
JITTER = 120  # seconds; else all stacks of a company would ask AWS at the same second


class Report(Wire):
    cluster_names: tuple[str, ...]  # to be looked at because of this event; none, where all are, or nothing is
    started: bool


def request_drift_check(
    event: BusEvent,
    *,
    under_watch: WatchList,
    watch: WatchTable,
    executions: Executions,
    day_of: Callable[[datetime], str | None],
    now: Callable[[], datetime],
) -> Report:
    """Start a look: soon at what a change touches, once for many changes; or, by the clock, at all.

    Args:
        day_of: the day that is to be told of after the clock's look at this moment, if one is.
    """
    digest = sha256(event.id.encode()).hexdigest()[:32]
    if event.detail_type == "Scheduled Event":
        day = day_of(event.time or now())
        told = {"Digest": day} if day else {}
        executions.start(f"all-{digest}", {"WaitSeconds": int(digest[:8], 16) % JITTER, **told})
        return Report(cluster_names=(), started=True)
    at, wait = now(), SETTLING if event.detail_type == CLOUDTRAIL else HEARSAY
    touched = sorted(_touched(event, under_watch))
    for name in touched:
        for node in replaced_in(event):
            watch.note_replaced(Replaced(cluster_name=name, instance_id=node, at=at))
    asked = [name for name in touched if watch.ask(name, digest, at + timedelta(seconds=wait), at)]
    if asked:
        executions.start(f"some-{digest}", {"WaitSeconds": wait, "ClusterNames": asked})
    return Report(cluster_names=tuple(asked), started=bool(asked))


def _touched(event: BusEvent, under_watch: WatchList) -> set[str]:
    """Names of watched clusters that this event is about."""
    if event.detail_type != CLOUDTRAIL:
        return _told_by_hyperpod(event, under_watch)
    touched, change = under_watch.touched(resources_in(event.detail)), change_in(event.detail)
    for resource in touched:
        under_watch.note(resource, change)
    return {name for names in touched.values() for name in names}


def _told_by_hyperpod(event: BusEvent, under_watch: WatchList) -> set[str]:
    """A cluster's own events name it here or there: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html"""
    detail = event.detail.get("EventDetails") or event.detail
    name = str(detail.get("ClusterName"))
    return {one for names in under_watch.touched([f"cluster/{name}"]).values() for one in names}
