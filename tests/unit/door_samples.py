"""Requests that the door lets in, small enough to change in one place."""

import json
from typing import Any

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door import Judged, judge_body
from control_plane.domain.findings import Finding

SUPPRESSIBLE = frozenset({"NAT-003", "VPC-001"})
ROLE = "arn:aws:iam::123456789012:role/hyperpod-execution"


def vpc_config(digit: str = "a") -> dict[str, Any]:
    return {"SecurityGroupIds": [f"sg-0{digit * 16}"], "Subnets": [f"subnet-0{digit * 16}"]}


def group(name: str = "workers", **more: Any) -> dict[str, Any]:
    return {
        "InstanceGroupName": name,
        "InstanceType": "ml.t3.medium",
        "InstanceCount": 1,
        "ExecutionRole": ROLE,
        "LifeCycleConfig": {"SourceS3Uri": "s3://sagemaker-hyperpod-lifecycle/config", "OnCreate": "on_create.sh"},
        **more,
    }


def cluster(**more: Any) -> dict[str, Any]:
    """Two groups, each behind its own NAT gateway: the second one by its override."""
    groups = [group("controller-group"), group("worker-group", OverrideVpcConfig=vpc_config("b"))]
    return {"ClusterName": "sagemaker-hyperpod", "VpcConfig": vpc_config("a"), "InstanceGroups": groups, **more}


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def one_group(*left_out: str, **more: Any) -> dict[str, Any]:
    """A request of one group, changed."""
    return {"Cluster": cluster(InstanceGroups=[without(group(**more), *left_out)])}


def with_egress(**terms: Any) -> dict[str, Any]:
    return {"Cluster": cluster(), "Egress": terms}


def judge(body: Any) -> Judged:
    return judge_body(json.loads(json.dumps(body)), create_cluster_model(), lambda: SUPPRESSIBLE)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """What was found and where, which is what a table of cases says."""
    return [(finding.rule, finding.subject) for finding in findings]
