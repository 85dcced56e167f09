"""Step "Check drift": read anew, compare with the baselines by effect, and note what is new, otherwise or over.

Where that is a path or a node, and after some days, the nodes are to be asked again where they leave: see `proof_due`.

EC2's answers take a while to agree: what a first look sees is only told if a second one sees it too.
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from control_plane.aws import evidence as evidence_room
from control_plane.aws import hyperpod_reader, lifecycle_reader, role_reader, watch_table
from control_plane.aws import watch_reader as watch_reader_room
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.watch_reader import WatchReader
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline, Found, Seen
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.messages.announcements import Announcement, DetailType, drift_announcement
from control_plane.domain.place import Place
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book, Saying, turned
from control_plane.domain.watch.change import HEARSAY
from control_plane.domain.watch.proof import AGAIN, DueProof, Replaced
from control_plane.domain.watch.resources import decides_since
from control_plane.domain.watch.unread import unread
from control_plane.domain.wire import Wire
from control_plane.steps import proof_due
from control_plane.steps.proof_due import Prover, due_proof, ready

ACTIONS = watch_table.CHECKS | evidence_room.READS | watch_reader_room.ACTIONS | proof_due.ACTIONS

SHOW_NO_NETWORK = role_reader.ACTIONS | lifecycle_reader.ACTIONS
AGREEING = 30  # seconds between two looks


class Request(Wire):
    cluster_names: tuple[str, ...]
    seen: dict[str, tuple[str, ...]] | None = None  # what a first look found, by cluster; None: this is the first
    proofs: tuple[DueProof, ...] = ()  # that the first look found due


class Report(Wire):
    cluster_names: tuple[str, ...]  # where a second look must confirm the first
    seen: dict[str, tuple[str, ...]]  # what the first found there: fingerprints
    run_ids: tuple[str, ...]  # that have something to say now
    wait_seconds: int
    proofs: tuple[DueProof, ...]  # that both looks found due


class Look(NamedTuple):
    drifts: Mapping[str, Drift]  # by fingerprint
    unread: frozenset[str]  # actions that were not answered
    baseline: Baseline
    seen: Seen

    @property
    def cluster(self) -> Mapping[str, Any]:
        """As DescribeCluster tells it; empty where it is gone, or could not be read."""
        return self.seen.cluster or {}


@dataclass(frozen=True)
class Checker:
    watch: WatchTable
    baselines: EvidenceStore
    reader: WatchReader
    prover: Prover
    now: Callable[[], datetime]

    def check(self, request: Request) -> Report:
        books, nodes = self.watch.books(request.cluster_names), self.watch.replaced()
        looks = self._looks([watched for watched, _ in books.values()])
        unconfirmed: dict[str, tuple[str, ...]] = {}
        telling: set[str] = set()
        proofs, wait = [*request.proofs], AGREEING
        for name, (watched, book) in books.items():
            look, before, at = looks[name], (request.seen or {}).get(name), self.now()
            after, says = turned(book, look.drifts, at, unsure=_unsure(book, look, before))
            if says and before is None:
                unconfirmed[name] = tuple(sorted(look.drifts))
                wait = max(wait, _until_named(says))
                continue
            done = _done(name, nodes, look, at)
            proof = self.prover.due(watched, book, look.baseline, look.cluster, says, done, at)
            after = after.asking(proof) if proof else after
            if says:
                self.watch.index(name, decides_since(look.baseline, look.seen))
            if says or book.open or proof or done:
                self._keep(watched, after, says, done)
                telling |= {watched.run_id} if says else set()
            if after.proof and look.cluster and at < after.proof.at + AGAIN:
                proofs.append(due_proof(watched, after.proof))
        names, run_ids = tuple(unconfirmed), tuple(sorted(telling))
        return Report(cluster_names=names, seen=unconfirmed, run_ids=run_ids, wait_seconds=wait, proofs=tuple(proofs))

    def _looks(self, watched: Sequence[Watched]) -> dict[str, Look]:
        baselines = {one.cluster_name: self._baseline(one) for one in watched}
        seen = self.reader.read([*baselines], self.now())
        return {name: self._compared(baseline, seen[name]) for name, baseline in baselines.items()}

    def _baseline(self, watched: Watched) -> Baseline:
        return Baseline.from_wire(self.baselines.get(watched.cluster_name, watched.run_id))

    def _compared(self, baseline: Baseline, seen: Seen) -> Look:
        comparison = compare(baseline, seen)
        drifts = [*self._with_who(comparison.found, baseline.taken_at), *map(unread, comparison.unread)]
        not_answered = frozenset(one.action for one in comparison.unread)
        return Look({drift.fingerprint: drift for drift in drifts}, not_answered, baseline, seen)

    def _with_who(self, found: Sequence[Found], since: datetime) -> Iterator[Drift]:
        """Since when and by whom, where CloudTrail has told of a change of what explains a drift."""
        changes = self.watch.changes({one for each in found for one in each.resources}) if found else {}
        since = since.replace(microsecond=0)  # CloudTrail tells whole seconds
        for drift, resources in found:
            heard = [changes[one] for one in resources if one in changes and changes[one].at >= since]
            last = max(heard, key=lambda change: change.at, default=None)
            yield drift.model_copy(update={"since": last.at, "by": last.words}) if last else drift

    def _keep(self, watched: Watched, book: Book, says: Sequence[Saying], done: Sequence[Replaced]) -> None:
        at = self.now()
        announcements = [_announcement(watched, saying, at) for saying in says]
        over = any(saying.drift.kind is Kind.CLUSTER for saying in says)  # there is nothing left to watch
        self.watch.keep(watched, book, announcements, last=over, done=done)


def _done(name: str, nodes: Sequence[Replaced], look: Look, at: datetime) -> list[Replaced]:
    """The nodes of this cluster that were replaced, and need not be waited for."""
    mine = [node for node in nodes if node.cluster_name == name]
    return [] if look.unread & hyperpod_reader.DESCRIBES else ready(mine, look.cluster, at)


def _until_named(says: Sequence[Saying]) -> int:
    """What nobody is known to have done yet is told a little later: CloudTrail may still say who it was."""
    named = all(saying.drift.by or saying.detail_type is DetailType.DRIFT_RESOLVED for saying in says)
    return AGREEING if named else HEARSAY


def _unsure(book: Book, look: Look, before: Sequence[str] | None) -> set[str]:
    """What this look leaves as it is: what two looks see differently, and what may only be hidden."""
    differently = set() if before is None else {*before} ^ {*look.drifts}
    return differently | {one for one, drift in book.open.items() if one not in look.drifts and _hidden(drift, look)}


def _hidden(drift: Drift, look: Look) -> bool:
    """Whether it may still be there, and only could not be seen. It is over where all that shows it was read."""
    if drift.kind is Kind.UNREAD:
        return False
    return bool(look.unread if drift.kind is Kind.RULE else look.unread - SHOW_NO_NETWORK)


def _announcement(watched: Watched, saying: Saying, at: datetime) -> Announcement:
    place = Place.of(watched.cluster_arn)
    return drift_announcement(
        saying.detail_type,
        run_id=watched.run_id,
        request_id=watched.request_id,
        requested_by=watched.requested_by,
        cluster_name=watched.cluster_name,
        cluster_arn=watched.cluster_arn,
        evidence=watched.baseline,
        drift=saying.drift,
        at=at,
        region=place.region,
        account=place.account,
    )
