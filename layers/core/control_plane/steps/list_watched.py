"""Step "List watched": which clusters are to be looked at, those of a VPC together."""

from collections.abc import Iterator

from control_plane.aws.batches import QUERIES
from control_plane.aws.watch_list import WatchList
from control_plane.domain.watch import Watched
from control_plane.domain.wire import Wire

ACTIONS = QUERIES

TOGETHER = 100  # clusters that one look takes; their descriptions take HyperPod some 20 seconds


class Request(Wire):
    cluster_names: tuple[str, ...] = ()  # none: all that are under watch


class Portion(Wire):
    """Clusters of one VPC, or of the same VPCs: what is read of it serves all of them."""

    cluster_names: tuple[str, ...]


class Report(Wire):
    portions: tuple[Portion, ...]


def list_watched(request: Request, *, under_watch: WatchList) -> Report:
    asked = set(request.cluster_names)
    chosen = [one for one in under_watch.all() if not asked or one.cluster_name in asked]
    return Report(portions=tuple(_portions(chosen)))


def _portions(watched: list[Watched]) -> Iterator[Portion]:
    by_vpc: dict[tuple[str, ...], list[str]] = {}
    for one in watched:
        by_vpc.setdefault(one.vpc_ids, []).append(one.cluster_name)
    for names in by_vpc.values():
        for start in range(0, len(names), TOGETHER):
            yield Portion(cluster_names=tuple(names[start : start + TOGETHER]))
