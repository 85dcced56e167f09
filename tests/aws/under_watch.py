"""A cluster under watch, as the table holds it."""

from typing import Any

from control_plane.domain.run import Evidence
from control_plane.domain.watch import Watched
from tests.aws.conftest import NOON

BY_DEFAULT = Watched(
    cluster_name="vision",
    cluster_arn="arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/0123456789ab",
    run_id="run-1",
    request_id="r-1",
    requested_by="somebody",
    vpc_ids=("vpc-1",),
    baseline=Evidence(s3_uri="s3://evidence/baselines/vision/run-1.json", sha256="0" * 64),
    taken_at=NOON,
    reason="provisioned",
)


def watched(name: str = BY_DEFAULT.cluster_name, **fields: Any) -> Watched:
    return BY_DEFAULT.model_copy(update={"cluster_name": name, **fields})
