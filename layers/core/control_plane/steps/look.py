"""What a look at watched clusters sees: what is otherwise than it should be, who did it, and what could not be seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from control_plane.aws import evidence as evidence_room
from control_plane.aws import lifecycle_reader, role_reader
from control_plane.aws import watch_reader as watch_reader_room
from control_plane.aws.batches import GETS
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_reader import WatchReader
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline, Found, Seen
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book
from control_plane.domain.watch.unread import unread

ACTIONS = GETS | evidence_room.READS | watch_reader_room.ACTIONS

SHOW_NO_NETWORK = role_reader.ACTIONS | lifecycle_reader.ACTIONS


class Look(NamedTuple):
    """One cluster."""

    watched: Watched
    book: Book  # as it was before
    baseline: Baseline
    seen: Seen
    drifts: Mapping[str, Drift]  # by fingerprint
    unread: frozenset[str]  # actions that were not answered

    @property
    def name(self) -> str:
        return self.watched.cluster_name

    @property
    def cluster(self) -> Mapping[str, Any]:
        """As DescribeCluster tells it; empty where it is gone, or could not be read."""
        return self.seen.cluster or {}

    def unsure(self, before: Sequence[str] | None) -> set[str]:
        """What this look leaves as it is: what two looks see differently, and what may only be hidden."""
        differently = set() if before is None else {*before} ^ {*self.drifts}
        gone = {one: drift for one, drift in self.book.open.items() if one not in self.drifts}
        return differently | {one for one, drift in gone.items() if self._hides(drift)}

    def _hides(self, drift: Drift) -> bool:
        """Whether it may still be there, and only could not be seen. It is over where all that shows it was read."""
        if drift.kind is Kind.UNREAD:
            return False
        return bool(self.unread if drift.kind is Kind.RULE else self.unread - SHOW_NO_NETWORK)


@dataclass(frozen=True)
class Looker:
    under_watch: WatchList
    baselines: EvidenceStore
    reader: WatchReader

    def look(self, books: Mapping[str, tuple[Watched, Book]], at: datetime) -> list[Look]:
        baselines = {name: self._baseline(watched) for name, (watched, _) in books.items()}
        seen = self.reader.read([*books], at)
        return [self._compared(*books[name], baselines[name], seen[name]) for name in books]

    def _baseline(self, watched: Watched) -> Baseline:
        return Baseline.from_wire(self.baselines.get(watched.cluster_name, watched.run_id))

    def _compared(self, watched: Watched, book: Book, baseline: Baseline, seen: Seen) -> Look:
        found, not_read = compare(baseline, seen)
        drifts = [*self._with_who(found, baseline.taken_at), *map(unread, not_read)]
        by_fingerprint = {drift.fingerprint: drift for drift in drifts}
        return Look(watched, book, baseline, seen, by_fingerprint, frozenset(one.action for one in not_read))

    def _with_who(self, found: Sequence[Found], since: datetime) -> Iterator[Drift]:
        """Since when and by whom, where CloudTrail has told of a change of what explains a drift."""
        changes = self.under_watch.changes({one for each in found for one in each.resources}) if found else {}
        since = since.replace(microsecond=0)  # CloudTrail tells whole seconds
        for drift, resources in found:
            heard = [changes[one] for one in resources if one in changes and changes[one].at >= since]
            last = max(heard, key=lambda change: change.at, default=None)
            yield drift.model_copy(update={"since": last.at, "by": last.words}) if last else drift
