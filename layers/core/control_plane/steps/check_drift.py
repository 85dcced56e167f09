"""Step "Check drift": read anew, compare with the baselines by effect, and note what is new, otherwise or over.

Where that is a path or a node, and after some days, the nodes are to be asked again where they leave: see `proof_due`.

EC2's answers take a while to agree: what a first look sees is only told if a second one sees it too.
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from control_plane.aws import watch_table
from control_plane.aws.batches import PUTS, QUERIES
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.drift.row import Kind
from control_plane.domain.messages.announcements import Announcement, DetailType, drift_announcement
from control_plane.domain.place import Place
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book, Saying, turned
from control_plane.domain.watch.change import HEARSAY
from control_plane.domain.watch.proof import AGAIN, DueProof, Replaced
from control_plane.domain.watch.resources import decides_since
from control_plane.domain.wire import Wire
from control_plane.steps import look as look_room
from control_plane.steps import proof_due
from control_plane.steps.look import Look, Looker
from control_plane.steps.proof_due import Prover, due_proof, ready

ACTIONS = watch_table.KEEPS | QUERIES | PUTS | look_room.ACTIONS | proof_due.ACTIONS

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


class Outcome(NamedTuple):
    """What a look at one cluster comes to."""

    unconfirmed: tuple[str, ...] | None = None  # fingerprints that a second look must find, too
    wait_seconds: int = AGREEING
    run_ids: tuple[str, ...] = ()
    proofs: tuple[DueProof, ...] = ()


@dataclass(frozen=True)
class Checker:
    watch: WatchTable
    under_watch: WatchList
    looker: Looker
    prover: Prover
    now: Callable[[], datetime]

    def check(self, request: Request) -> Report:
        books, nodes = self.watch.books(request.cluster_names), self.watch.replaced()
        looks, before = self.looker.look(books, self.now()), request.seen or {}
        outcomes = {look.name: self._outcome(look, nodes, before.get(look.name)) for look in looks}
        unconfirmed = {name: one.unconfirmed for name, one in outcomes.items() if one.unconfirmed is not None}
        return Report(
            cluster_names=tuple(unconfirmed),
            seen=unconfirmed,
            run_ids=tuple(sorted({run_id for one in outcomes.values() for run_id in one.run_ids})),
            wait_seconds=max((one.wait_seconds for one in outcomes.values()), default=AGREEING),
            proofs=(*request.proofs, *(proof for one in outcomes.values() for proof in one.proofs)),
        )

    def _outcome(self, look: Look, nodes: Sequence[Replaced], before: Sequence[str] | None) -> Outcome:
        at = self.now()
        after, says = turned(look.book, look.drifts, at, unsure=look.unsure(before))
        if says and before is None:
            return Outcome(unconfirmed=tuple(sorted(look.drifts)), wait_seconds=_until_named(says))
        return self._settled(look, after, says, ready(nodes, look, at), at)

    def _settled(
        self, look: Look, after: Book, says: Sequence[Saying], done: Sequence[Replaced], at: datetime
    ) -> Outcome:
        proof = self.prover.due(look, says, done, at)
        after = after.asking(proof) if proof else after
        if says:
            self.under_watch.index(look.name, decides_since(look.baseline, look.seen))
        if says or look.book.open or proof or done:
            self._keep(look.watched, after, says, done)
        asked = after.proof if after.proof and look.cluster and at < after.proof.at + AGAIN else None
        return Outcome(
            run_ids=(look.watched.run_id,) if says else (),
            proofs=(due_proof(look.watched, asked),) if asked else (),
        )

    def _keep(self, watched: Watched, book: Book, says: Sequence[Saying], done: Sequence[Replaced]) -> None:
        at = self.now()
        announcements = [_announcement(watched, saying, at) for saying in says]
        over = any(saying.drift.kind is Kind.CLUSTER for saying in says)  # there is nothing left to watch
        self.watch.keep(watched, book, announcements, last=over, done=done)


def _until_named(says: Sequence[Saying]) -> int:
    """What nobody is known to have done yet is told a little later: CloudTrail may still say who it was."""
    named = all(saying.drift.by or saying.detail_type is DetailType.DRIFT_RESOLVED for saying in says)
    return AGREEING if named else HEARSAY


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
