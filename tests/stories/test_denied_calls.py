"""What a function may not do, and what nobody answers: the run ends, names the call, and leaves nothing behind."""

from typing import Any

import pytest

from tests.stories.stage import Stage
from tests.stories.test_causes import UNPROBED, assert_told

# The function, the call that it may not make, the phase that the run is in then, the permission, and the clusters left.
DENIED = [
    ("CheckAccountFunction", "dynamodb:GetItem", "Accept", "dynamodb:GetItem", 0),
    ("CheckAccountFunction", "dynamodb:UpdateItem", "Accept", "dynamodb:UpdateItem", 0),
    ("CheckAccountFunction", "s3:PutObject", "CheckAccount", "s3:PutObject", 0),
    ("LaunchProbesFunction", "s3:GetObject", "ProbeSubnets", "s3:GetObject", 0),
    ("LaunchProbesFunction", "s3:PutObject", "ProbeSubnets", "s3:PutObject", 0),
    ("AskProbesFunction", "s3:GetObject", "ProbeSubnets", "s3:GetObject", 0),
    ("CreateClusterFunction", "dynamodb:GetItem", "CheckAccount", "dynamodb:GetItem", 0),
    ("CreateClusterFunction", "sagemaker:DescribeCluster", "CreateCluster", "sagemaker:DescribeCluster", 0),
    ("CreateClusterFunction", "sagemaker:CreateCluster", "CreateCluster", "sagemaker:CreateCluster", 0),
    ("CreateClusterFunction", "dynamodb:TransactWriteItems", "CreateCluster", "dynamodb:PutItem", 1),
    ("ReadClusterFunction", "sagemaker:DescribeCluster", "WaitForCluster", "sagemaker:DescribeCluster", 1),
    ("ReadClusterFunction", "sagemaker:ListClusterNodes", "WaitForCluster", "sagemaker:ListClusterNodes", 1),
    ("ReadClusterFunction", "dynamodb:UpdateItem", "CreateCluster", "dynamodb:UpdateItem", 1),
]
# The function, the call that is never answered, and how; the phase, and how often it was asked.
UNANSWERED = [
    ("CheckAccountFunction", "ec2:DescribeSubnets", "RequestLimitExceeded", 503, "CheckAccount", 12),
    ("CheckAccountFunction", "s3:PutObject", "SlowDown", 503, "CheckAccount", 12),
    ("LaunchProbesFunction", "ec2:RunInstances", "RequestLimitExceeded", 503, "ProbeSubnets", 12),
    ("AskProbesFunction", "ssm:DescribeInstanceInformation", "ThrottlingException", 400, "ProbeSubnets", 12),
    ("AskProbesFunction", "ssm:SendCommand", "InternalServerError", 500, "ProbeSubnets", 12),
    ("CreateClusterFunction", "sagemaker:DescribeCluster", "ThrottlingException", 400, "CreateCluster", 12),
    ("CreateClusterFunction", "sagemaker:CreateCluster", "InternalFailure", 500, "CreateCluster", 26),
    ("ReadClusterFunction", "sagemaker:DescribeCluster", "InternalFailure", 500, "WaitForCluster", 12),
]


def asked(function: str) -> dict[str, Any]:
    return {} if "Probes" in function else UNPROBED


@pytest.mark.parametrize(
    ("function", "call", "phase", "permission", "clusters"),
    [pytest.param(*row, id=f"{row[0].removesuffix('Function')} may not {row[1]}") for row in DENIED],
)
def test_a_step_that_may_not_make_its_call_ends_the_run_and_names_the_permission(
    stage: Stage, function: str, call: str, phase: str, permission: str, clusters: int
) -> None:
    stage.sim.fail(call, "AccessDeniedException", status=403, caller=function)
    ending = stage.run(stage.request(**asked(function)))

    assert_told(ending, phase, "Iam", f"may not call {permission}", "Allow this product's role the action")
    assert ending.clusters == clusters


@pytest.mark.parametrize(
    ("function", "call", "code", "status", "phase", "times"),
    [pytest.param(*row, id=f"{row[0].removesuffix('Function')}: {row[1]} {row[2]}") for row in UNANSWERED],
)
def test_a_step_that_gets_no_answer_asks_as_often_as_documented_and_passes_on_what_it_heard(
    stage: Stage, function: str, call: str, code: str, status: int, phase: str, times: int
) -> None:
    before = len(stage.sim.calls())
    stage.sim.fail(call, code, status=status, caller=function)
    ending = stage.run(stage.request(**asked(function)))

    assert_told(ending, phase, "Unknown", f"{call}: {code}", "A call went unanswered in spite of retries")
    assert ending.clusters == (phase == "WaitForCluster")
    made = [it for it in stage.sim.calls()[before:] if (it.call.caller, it.call.name) == (function, call)]
    assert len(made) == times


@pytest.mark.parametrize(
    ("function", "call", "code"),
    [
        ("CheckAccountFunction", "s3:PutObject", "NoSuchBucket"),  # somebody deleted the evidence bucket
        ("LaunchProbesFunction", "s3:GetObject", "NoSuchBucket"),
        ("CreateClusterFunction", "dynamodb:GetItem", "ResourceNotFoundException"),  # or the table
    ],
)
def test_what_was_taken_from_the_stack_is_named(stage: Stage, function: str, call: str, code: str) -> None:
    stage.sim.fail(call, code, status=404, caller=function)
    ending = stage.run(stage.request(**asked(function)))

    assert ending.run["Cause"] == "Unknown"
    assert f"{call}: {code}" in ending.run["CauseDetail"]
    assert (ending.ends, len(ending.slack), ending.clusters) == (["HyperPod Cluster Failed"], 1, 0)


@pytest.mark.parametrize(
    ("function", "call", "disposition", "told"),
    [
        ("ExplainFailureFunction", "sagemaker:DescribeCluster", "DeleteRequested", "Could not read: "),
        ("ExplainFailureFunction", "sagemaker:ListClusterNodes", "DeleteRequested", "Could not read: "),
        ("RemoveProbesFunction", "ec2:DescribeInstances", "DeleteRequested", ""),
        ("DeleteClusterFunction", "sagemaker:ListTags", "DeleteFailed", "The cluster was not deleted: "),
        ("DeleteClusterFunction", "sagemaker:DeleteCluster", "DeleteFailed", "The cluster was not deleted: "),
        ("RecordOutcomeFunction", "s3:PutObject", "DeleteRequested", ""),  # then there is no evidence
    ],
)
def test_what_goes_wrong_while_cleaning_up_is_told_beside_the_cause_not_instead_of_it(
    stage: Stage, function: str, call: str, disposition: str, told: str
) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    stage.sim.fail(call, "AccessDeniedException", status=403, caller=function)
    ending = stage.run(stage.request(**UNPROBED, OnFailure="Delete"))

    told = told and f"{told}This function may not call {call}"
    assert_told(ending, "WaitForCluster", "Capacity", told, "AWS has too few of these")
    assert ending.run["ClusterDisposition"] == disposition
    assert ("aws sagemaker delete-cluster" in ending.run["Remedy"]) == (disposition == "DeleteFailed")
    assert (ending.run["Evidence"] is None) == (function == "RecordOutcomeFunction")


def test_a_failure_that_cannot_be_explained_says_so_and_where_to_read(stage: Stage) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    stage.sim.fail("dynamodb:GetItem", "AccessDeniedException", status=403, caller="ExplainFailureFunction")
    ending = stage.run(stage.request(**UNPROBED))

    detail = "The run ended before its failure could be looked into."
    assert_told(ending, "WaitForCluster", "Unknown", detail, f"Read the history of {ending.run['ExecutionArn']}")
    assert (ending.run["ClusterDisposition"], ending.clusters) == ("Kept", 1)
