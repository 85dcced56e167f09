"""What stands open of a cluster's drift, and what is to be said when a check sees it otherwise.

Each cause is told when it appears, when it turns into something else, once a day while it stays and nobody has
acknowledged it, and when it is over.
One that comes and goes is told as over only after an hour of calm.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from control_plane.domain.drift.row import Drift
from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import DetailType
from control_plane.domain.watch.proof import AskedProof
from control_plane.domain.wire import Moment, Wire

REMINDER = timedelta(days=1)
CALM = timedelta(hours=1)
FLAPPING = 2  # returns within an hour of calm, after which it is taken to be one drift that comes and goes
AT_ONCE = 50  # things to say in one transaction, which holds a hundred writes; the others are found by the next check


class Acknowledgement(Wire):
    """Somebody knows of it, and need not be reminded."""

    by: str
    at: Moment
    reason: str


class OpenDrift(Drift):
    """A drift as it stands."""

    first_seen: Moment
    last_seen: Moment
    acknowledged: Acknowledgement | None


class Standing(Wire):
    """One drift, from when it was first seen until an hour after it was last."""

    drift: Drift
    first_seen: Moment
    last_seen: Moment
    told_at: Moment
    away_since: Moment | None = None  # not seen any more, and perhaps not over
    over_since: Moment | None = None  # told to be over; kept for a while, in case it returns
    returns: int = 0
    acknowledged: Acknowledgement | None = None  # of what it is; not of what it may turn into

    @property
    def is_open(self) -> bool:
        return self.over_since is None

    @property
    def shown(self) -> OpenDrift:
        seen = {"first_seen": self.first_seen, "last_seen": self.last_seen, "acknowledged": self.acknowledged}
        return OpenDrift(**dict(self.drift), **seen)


class Book(Wire):
    version: int = 0  # goes up with each change, so that of two checks at once one sees that it was overtaken
    standing: tuple[Standing, ...] = ()
    proof: AskedProof | None = None  # the last one that was asked for
    whole_proof_at: Moment | None = None  # when one of all groups was

    @property
    def open(self) -> dict[str, Drift]:
        return {one.drift.fingerprint: one.drift for one in self.standing if one.is_open}

    @property
    def shown(self) -> tuple[OpenDrift, ...]:
        return tuple(one.shown for one in self.standing if one.is_open)

    def acknowledging(self, fingerprint: str, word: Acknowledgement) -> Self | None:
        """The book with this word on an open drift; None where there is none of this fingerprint."""
        if fingerprint not in self.open:
            return None
        known = {one.drift.fingerprint: one for one in self.standing}
        known[fingerprint] = known[fingerprint].model_copy(update={"acknowledged": word})
        return self.model_copy(update={"version": self.version + 1, "standing": tuple(known.values())})

    def asking(self, proof: AskedProof) -> Self:
        whole = {} if proof.instance_group_names else {"whole_proof_at": proof.at}
        return self.model_copy(update={"proof": proof, **whole})


class Saying(NamedTuple):
    detail_type: DetailType
    drift: Drift
    reminds: bool = False  # it was told before, and is as it was


class Turn(NamedTuple):
    standing: Standing
    says: Saying | None


def turned(
    book: Book, found: Mapping[str, Drift], at: datetime, *, unsure: Collection[str] = ()
) -> tuple[Book, list[Saying]]:
    """The book after a check, and what is to be said.

    Args:
        found: what is otherwise than the baseline now, by fingerprint.
        unsure: fingerprints of what this check could not decide; they stay as they are.
    """
    before = {one.drift.fingerprint: one for one in book.standing if not _forgotten(one, at)}
    standing = dict(before)
    says: list[Saying] = []
    for fingerprint, turn in _turns(before, found, at, unsure):
        if turn.says and len(says) == AT_ONCE:
            continue
        says += [turn.says] if turn.says else []
        standing[fingerprint] = turn.standing
    return book.model_copy(update={"version": book.version + 1, "standing": tuple(standing.values())}), says


def _forgotten(one: Standing, at: datetime) -> bool:
    """A book is kept only with something to say: what stands in it may have been over for long."""
    return one.over_since is not None and at >= one.over_since + CALM


def _turns(
    before: Mapping[str, Standing], found: Mapping[str, Drift], at: datetime, unsure: Collection[str]
) -> Iterator[tuple[str, Turn]]:
    for fingerprint in sorted({*before, *found} - {*unsure}):
        one, drift = before.get(fingerprint), found.get(fingerprint)
        if drift:
            yield fingerprint, _seen(one, drift, at) if one else _new(drift, at)
        elif one:
            yield fingerprint, _missed(one, at)


def _new(drift: Drift, at: datetime) -> Turn:
    standing = Standing(drift=drift, first_seen=at, last_seen=at, told_at=at)
    return Turn(standing, Saying(DetailType.DRIFT_DETECTED, drift))


def _seen(one: Standing, drift: Drift, at: datetime) -> Turn:
    since = {"since": drift.since or one.drift.since, "by": drift.by or one.drift.by}
    now = one.model_copy(update={"drift": drift.model_copy(update=since), "last_seen": at, "away_since": None})
    if not one.is_open:
        now = now.model_copy(update={"over_since": None, "returns": one.returns + 1, "first_seen": at})
    known = drift.severity is Severity.UNKNOWN or one.acknowledged is not None
    due = not known and at >= one.told_at + REMINDER
    same = one.is_open and _alike(one.drift, drift)
    if same and not due:
        return Turn(now, None)
    return Turn(
        now.model_copy(update={"told_at": at, "acknowledged": None}),
        Saying(DetailType.DRIFT_DETECTED, now.drift, reminds=same),
    )


def _alike(one: Drift, other: Drift) -> bool:
    return (one.is_, one.effect, one.severity) == (other.is_, other.effect, other.severity)


def _missed(one: Standing, at: datetime) -> Turn:
    if one.over_since:
        return Turn(one, None)
    away_since = one.away_since or at
    if one.returns >= FLAPPING and at < away_since + CALM:
        return Turn(one.model_copy(update={"away_since": away_since}), None)
    over = one.model_copy(update={"over_since": at, "away_since": None, "told_at": at, "acknowledged": None})
    return Turn(over, Saying(DetailType.DRIFT_RESOLVED, one.drift))
