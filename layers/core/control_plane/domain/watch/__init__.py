"""Clusters under watch: what each should be like, and what is known to be otherwise."""

from control_plane.domain.run import Evidence
from control_plane.domain.wire import Moment, Wire


class Watched(Wire):
    """A cluster under watch: where its baseline is kept, and whose run took it."""

    cluster_name: str
    cluster_arn: str
    run_id: str
    request_id: str
    requested_by: str
    vpc_ids: tuple[str, ...]  # sorted; what is read of a VPC serves all its clusters
    baseline: Evidence
    taken_at: Moment
    reason: str
