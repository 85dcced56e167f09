"""LCS, IAM, NAME: scripts, roles and the name."""

from collections.abc import Callable
from typing import Any

import pytest

from control_plane.domain.account.facts import ExistingCluster, Presence
from control_plane.domain.findings import Severity
from tests.accounts import ROLE, SCRIPT, Account, Example

BLOCKS, UNKNOWN = Severity.BLOCKS, Severity.UNKNOWN
CLUSTER_ROLE = "arn:aws:iam::123456789012:role/karpenter"
HTTPS_URI = "https://sagemaker-scripts.s3.amazonaws.com/config/on_create.sh"


def script(presence: Presence) -> Callable[[Account], None]:
    return lambda account: account.lifecycle_files.update({SCRIPT: presence})


def script_by_https(account: Account) -> None:
    for group in account.groups:
        group["LifeCycleConfig"]["SourceS3Uri"] = HTTPS_URI.removesuffix("/on_create.sh")


def trust(role: str = ROLE, **statement: Any) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        account.roles[role] = {"Arn": role, "AssumeRolePolicyDocument": {"Statement": [allow | statement]}}
        if role == CLUSTER_ROLE:
            account.request["Cluster"]["ClusterRole"] = CLUSTER_ROLE

    return change


def denied(account: Account) -> None:
    statements = account.roles[ROLE]["AssumeRolePolicyDocument"]["Statement"]  # type: ignore[index]  # it is there
    statements.append({"Effect": "Deny", "Action": "sts:*", "Principal": "*"})


def taken(*, ours: bool) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.cluster = ExistingCluster(cluster_arn="arn:cluster/1", cluster_status="InService", ours=ours)

    return change


def by(*services: str) -> dict[str, Any]:
    return {"Principal": {"Service": list(services)}}


EXAMPLES = [
    Example("LCS-001", "the bucket is not there", script(Presence.NO_BUCKET), {"sagemaker-scripts": BLOCKS}),
    Example("LCS-001", "the bucket is there", lambda _: None, {}),
    Example("LCS-002", "the entry script is not there", script(Presence.NO_FILE), {SCRIPT: BLOCKS}),
    Example("LCS-002", "the entry script is there", lambda _: None, {}),
    Example("LCS-003", "the prefix is written as https", script_by_https, {HTTPS_URI: UNKNOWN}),
    Example("LCS-003", "the prefix is written as s3", lambda _: None, {}),
    Example("IAM-001", "there is no such role", lambda account: account.roles.update({ROLE: None}), {ROLE: BLOCKS}),
    Example("IAM-001", "the role is there", lambda _: None, {}),
    Example("IAM-002", "it trusts EC2 only", trust(**by("ec2.amazonaws.com")), {ROLE: BLOCKS}),
    Example(
        "IAM-002",
        "it may only be tagged",
        trust(Action="sts:TagSession", **by("sagemaker.amazonaws.com")),
        {ROLE: BLOCKS},
    ),
    Example("IAM-002", "a deny stands beside the allow", denied, {ROLE: BLOCKS}),
    Example("IAM-002", "it trusts several services", trust(**by("ec2.amazonaws.com", "sagemaker.amazonaws.com")), {}),
    Example(
        "IAM-003",
        "it trusts SageMaker only",
        trust(CLUSTER_ROLE, **by("sagemaker.amazonaws.com")),
        {CLUSTER_ROLE: BLOCKS},
    ),
    Example("IAM-003", "it trusts HyperPod", trust(CLUSTER_ROLE, **by("hyperpod.sagemaker.amazonaws.com")), {}),
    Example("NAME-001", "somebody else's cluster has it", taken(ours=False), {"$.Cluster.ClusterName": BLOCKS}),
    Example("NAME-001", "this run's own cluster has it", taken(ours=True), {}),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_says_so(example: Example) -> None:
    assert example.judged() == example.found
