"""What a cluster should be like, what is there, and where the two differ."""

from datetime import datetime
from typing import Any, NamedTuple

from control_plane.domain.account.facts import Facts, NotRead
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.drift.row import Drift
from control_plane.domain.egress import Egress, PredictedEgress
from control_plane.domain.findings import Finding
from control_plane.domain.request import EgressTerms
from control_plane.domain.wire import Moment, Wire


class Found(NamedTuple):
    drift: Drift
    resources: tuple[str, ...]  # whose change explains it: ids, and "role/name", "cluster/name"


class Comparison(NamedTuple):
    found: tuple[Found, ...]
    unread: tuple[NotRead, ...]  # what could not be compared


class Seen(NamedTuple):
    facts: Facts  # of this cluster and perhaps of others
    cluster: dict[str, Any] | None  # as DescribeCluster tells what it is made of; None: it is gone
    cluster_arn: str | None
    at: datetime


class Baseline(Wire):
    """What was checked, proved and accepted: what a cluster should be like."""

    run_id: str
    cluster_name: str
    cluster_arn: str
    cluster: dict[str, Any]  # as `Seen.cluster`
    egress_terms: EgressTerms
    facts: Facts  # projected to what matters
    findings: tuple[Finding, ...]
    predicted_egress: tuple[PredictedEgress, ...]
    egress: tuple[Egress, ...]  # proved
    taken_at: Moment
    reason: str
    by: str

    @property
    def shape(self) -> ClusterShape:
        return ClusterShape.model_validate(self.cluster)
