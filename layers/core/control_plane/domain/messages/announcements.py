"""What we say on the bus about a run or a drift. The schemas of these bodies are in events/schemas/."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from control_plane.domain.egress import worst_rows_first
from control_plane.domain.findings import worst_first
from control_plane.domain.messages.fit import compact, with_short_texts
from control_plane.domain.run import Evidence, Run
from control_plane.domain.run.size import fitting
from control_plane.domain.wire import Wire, rfc3339

if TYPE_CHECKING:
    from control_plane.domain.drift.row import Drift

SCHEMA_VERSION = "1.0"  # fields are only ever added
# Bytes of UTF-8. PutEvents takes 1 MB, but every target must take the event too, and Lambda long ended at 256 KB.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
DETAIL_MAX = 200_000


class DetailType(StrEnum):
    REFUSED = "HyperPod Cluster Refused"
    CREATING = "HyperPod Cluster Creating"
    PROVISIONED = "HyperPod Cluster Provisioned"
    FAILED = "HyperPod Cluster Failed"
    VERIFIED = "HyperPod Egress Verified"
    MISMATCH = "HyperPod Egress Mismatch"
    UNVERIFIED = "HyperPod Egress Unverified"
    ADOPTED = "HyperPod Cluster Adopted"
    DRIFT_DETECTED = "HyperPod Drift Detected"
    DRIFT_RESOLVED = "HyperPod Drift Resolved"
    DIGEST = "HyperPod Watch Digest"


IN_ALL = ("RunId", "RequestId", "RequestedBy", "ClusterName", "ClusterArn", "Evidence")
PROOF = ("Egress", "Proved", "Findings")
ADDS = {
    DetailType.REFUSED: ("Findings", "Egress"),
    DetailType.CREATING: ("Findings", "PredictedEgress"),
    DetailType.PROVISIONED: ("Egress", "Proved", "Findings", "Groups", "DurationSeconds"),
    DetailType.FAILED: (
        "Phase",
        "Cause",
        "CauseDetail",
        "Remedy",
        "ClusterDisposition",
        "Findings",
        "Egress",
        "Groups",
    ),
    DetailType.VERIFIED: PROOF,
    DetailType.MISMATCH: PROOF,
    DetailType.UNVERIFIED: PROOF,
    DetailType.ADOPTED: ("Egress", "Proved", "Findings", "Groups"),
}


class Announcement(Wire):
    """One event of ours, before it has a bus."""

    event_id: str  # the same on every repeat: whoever listens can tell a repeat by it
    detail_type: DetailType
    detail: dict[str, Any]

    @property
    def body(self) -> str:
        return compact(self.detail)


def announcement(run: Run, detail_type: DetailType, *, at: datetime, region: str, account: str) -> Announcement:
    """Tell how a run stands, in at most `DETAIL_MAX` bytes whatever it holds.

    Long texts are cut; then the worst findings and rows are kept, and `Omitted` counts the others.
    """
    told = Run.from_wire(with_short_texts(run.to_wire()))
    known = told.to_wire() | {"DurationSeconds": max(0, int((at - run.accepted_at).total_seconds()))}
    event_id = f"{run.run_id}/{detail_type}"
    added = {name: known[name] for name in ADDS[detail_type]}
    detail = _common(event_id, known, at, region, account) | added
    return Announcement(event_id=event_id, detail_type=detail_type, detail=_within_limit(detail, told))


def drift_announcement(  # noqa: PLR0913 (a drift has no run of its own to bring them together)
    detail_type: DetailType,
    *,
    run_id: str,
    request_id: str,
    requested_by: str,
    cluster_name: str,
    cluster_arn: str,
    evidence: Evidence,
    drift: "Drift",
    at: datetime,
    region: str,
    account: str,
) -> Announcement:
    """Tell of one drift that it is there, or over, in at most `DETAIL_MAX` bytes: no list in it is long.

    Args:
        run_id, request_id, requested_by: of the run that took the baseline.
        evidence: the baseline.
        at: when the drift came or went; a repeat says the same, so that it is known as one.
    """
    known = {
        "RunId": run_id,
        "RequestId": request_id,
        "RequestedBy": requested_by,
        "ClusterName": cluster_name,
        "ClusterArn": cluster_arn,
        "Evidence": evidence.to_wire(),
    }
    event_id = f"{run_id}/{detail_type}/{drift.fingerprint}/{rfc3339(at)}"
    added = {"Drift": [drift.to_wire()], "Omitted": {"Findings": 0, "Egress": 0}}
    detail = with_short_texts(_common(event_id, known, at, region, account) | added)
    return Announcement(event_id=event_id, detail_type=detail_type, detail=detail)


def digest_announcement(
    day: str, digest: Mapping[str, Any], *, at: datetime, region: str, account: str
) -> Announcement:
    """Tell how all watched clusters stand. It is about no run, no request and no one cluster."""
    event_id = f"watch-{day}/{DetailType.DIGEST}"
    detail = _common(event_id, dict.fromkeys(IN_ALL), at, region, account) | {"Day": day, **digest}
    return Announcement(event_id=event_id, detail_type=DetailType.DIGEST, detail=detail)


def _common(event_id: str, known: Mapping[str, Any], at: datetime, region: str, account: str) -> dict[str, Any]:
    """What every event says."""
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "EventId": event_id,
        **{name: known[name] for name in IN_ALL},
        "Region": region,
        "AccountId": account,
        "Time": rfc3339(at),
    }


def _within_limit(detail: dict[str, Any], run: Run) -> dict[str, Any]:
    """Cut the two lists that can be long to what the rest leaves room for; findings get at most half of it.

    The rest is small: AWS allows 200 groups, with names of 63 characters (CreateCluster, in botocore's service model).
    """
    name, rows, omitted = _rows(run, detail)
    findings = worst_first(run.findings)
    room = DETAIL_MAX - _size(detail | {"Findings": [], name: [], "Omitted": {"Findings": 10**9, "Egress": 10**9}})
    told_findings = [finding.to_wire() for finding in fitting(findings, room // 2)]
    told_rows = [row.to_wire() for row in fitting(rows, room - _size(told_findings))]
    counts = {
        "Findings": run.omitted_findings + len(findings) - len(told_findings),
        "Egress": omitted + len(rows) - len(told_rows),
    }
    return detail | {"Findings": told_findings, name: told_rows, "Omitted": counts}


def _rows(run: Run, detail: dict[str, Any]) -> tuple[str, Sequence[Wire], int]:
    """What this detail-type shows of egress: the list's name, its rows, and how many the run had left out before."""
    if "PredictedEgress" in detail:
        return "PredictedEgress", run.predicted_egress, run.omitted_predicted_egress
    return "Egress", worst_rows_first(run.egress), run.omitted_egress


def _size(document: object) -> int:
    return len(compact(document).encode())
