"""Step "Tell digest": how all watched clusters stand, after all of them were looked at."""

from collections.abc import Callable
from datetime import datetime

from control_plane.aws import bus as bus_room
from control_plane.aws.batches import GETS, QUERIES
from control_plane.aws.bus import Bus
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.messages.announcements import digest_announcement
from control_plane.domain.place import Place
from control_plane.domain.watch.digest import digest
from control_plane.domain.wire import Wire

ACTIONS = QUERIES | GETS | bus_room.ACTIONS


class Request(Wire):
    day: str  # "2026-11-24"; a repeat tells of the same
    execution_arn: str


class Report(Wire):
    event_id: str


def tell_digest(
    request: Request, *, under_watch: WatchList, watch: WatchTable, bus: Bus, now: Callable[[], datetime]
) -> Report:
    names, place = [one.cluster_name for one in under_watch.all()], Place.of(request.execution_arn)
    books = {name: book for name, (_, book) in watch.books(names).items()}
    told = digest_announcement(
        request.day, digest(books).to_wire(), at=now(), region=place.region, account=place.account
    )
    bus.put(told)
    return Report(event_id=told.event_id)
