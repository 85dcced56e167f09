"""What stands between two requests: the names they go by."""

from dataclasses import dataclass
from enum import StrEnum

from control_plane.domain.findings import Finding, Rule, Severity

REQUEST_ID_TAKEN = Rule(
    id="DOOR-101",
    title="A RequestId stands for one request.",
    severity=Severity.BLOCKS,
    reason="With the same body it is a repeat and meets its own run; with another it would be two under one name.",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_prevent_interaction_failure_idempotent.html",
)
NAME_BUSY = Rule(
    id="DOOR-102",
    title="One run at a time works on a cluster's name.",
    severity=Severity.BLOCKS,
    reason="A cluster's name is unique in account and region: of two runs at once, one would fail after its checks.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html",
)
IDEMPOTENCY_KEY = Rule(
    id="DOOR-103",
    title="An Idempotency-Key can be a RequestId.",
    severity=Severity.BLOCKS,
    reason="The key becomes the RequestId where the body has none: a name for the run, its execution and its tags.",
    source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html",
)
CONFLICT_RULES = (REQUEST_ID_TAKEN, NAME_BUSY, IDEMPOTENCY_KEY)


class Over(StrEnum):
    """What two requests cannot share."""

    REQUEST_ID = "RequestId"
    CLUSTER_NAME = "ClusterName"


@dataclass(frozen=True)
class Conflict:
    """Another run is in the way of a request."""

    over: Over
    run_id: str


def unusable_key(key: str) -> Finding:
    return Finding.of(
        IDEMPOTENCY_KEY,
        subject="Idempotency-Key",
        seen=key[:128],
        wanted="1 to 128 letters, digits and . _ : -",
        remedy="Send another key, or a RequestId in the body.",
    )


def conflict_finding(conflict: Conflict, request_id: str, cluster_name: str) -> Finding:
    if conflict.over is Over.REQUEST_ID:
        return Finding.of(
            REQUEST_ID_TAKEN,
            subject="$.RequestId",
            seen=f"{request_id} stands for {conflict.run_id} already, with another body",
            wanted="a RequestId of its own for every request",
            remedy=f"Send it under a new RequestId, or ask for {conflict.run_id} if you meant that one.",
        )
    return Finding.of(
        NAME_BUSY,
        subject="$.Cluster.ClusterName",
        seen=f"{conflict.run_id} is working on {cluster_name}",
        wanted="a name that no other run is working on",
        remedy=f"Wait until {conflict.run_id} has ended, or choose another name.",
    )
