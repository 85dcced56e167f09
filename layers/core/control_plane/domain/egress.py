"""Where traffic should leave, and where it was seen to leave."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from control_plane.domain.wire import Moment, Wire


class Via(StrEnum):
    """The two proofs of a run."""

    BEFORE_CREATE = "BeforeCreate"  # a probe instance in the cluster's subnets, before any GPU is paid for
    ON_NODES = "OnNodes"  # the cluster's own nodes


class Verdict(StrEnum):
    """What a proof says. Unknown is neither a pass nor a fail."""

    MATCH = "Match"
    OTHER_ADDRESS = "OtherAddress"
    BLOCKED = "Blocked"
    UNKNOWN = "Unknown"


CONTRADICTIONS = frozenset({Verdict.OTHER_ADDRESS, Verdict.BLOCKED})


class PredictedEgress(Wire):
    """What the routes of one subnet promise to one instance group."""

    instance_group_name: str
    subnet_id: str
    expected_public_ips: tuple[str, ...]  # sorted; empty: nothing leaves, or we cannot tell (see path)
    path: str  # the hops in words: "subnet-1 → rtb-1: 0.0.0.0/0 → nat-1 (198.51.100.7) → igw-1"


class Egress(Wire):
    """One row of a proof: what was promised, what was seen, and what we say to it."""

    instance_group_name: str
    subnet_id: str
    via: Via
    subject: str | None  # the instance that was asked; null when none could be
    expected_public_ips: tuple[str, ...]
    observed_public_ips: tuple[str, ...]
    verdict: Verdict
    reason: str
    path: str
    checked_at: Moment


def merged(rows: Iterable[PredictedEgress], others: Iterable[PredictedEgress]) -> tuple[PredictedEgress, ...]:
    """The rows, but `others` for the places that those are about."""
    instead = {(row.instance_group_name, row.subnet_id): row for row in others}
    return tuple(instead.get((row.instance_group_name, row.subnet_id), row) for row in rows)


def proved(rows: Collection[Egress]) -> list[Via]:
    """The stages that have rows and whose rows are all Match."""
    verdicts = {via: {row.verdict for row in rows if row.via is via} for via in Via}
    return [via for via in Via if verdicts[via] == {Verdict.MATCH}]


def worst_rows_first(rows: Iterable[Egress]) -> list[Egress]:
    return sorted(rows, key=lambda row: row.verdict is Verdict.MATCH)
