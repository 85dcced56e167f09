"""Every failure text that is known, the cause it points to, and what is said when none does."""

import json
import re

import pytest

from control_plane.domain.cluster.explain import DETAIL_CHARACTERS, Explanation, Failure, explain
from control_plane.domain.cluster.failure_clues import CLUES, NO_CLUE, NO_CLUE_AND_NO_CLUSTER, Clue
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.run import Cause, Run
from tests.cluster_world import a_run

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:cluster/abcdefabcdef"
CLUSTER_FAILED = Failure(error="ClusterFailed", cause="The cluster is Failed.")
SG_FINDING = Finding(
    rule="SG-001",
    severity=Severity.BLOCKS,
    subject="sg-1",
    seen="no rule to itself",
    wanted="one",
    remedy="Add it.",
    source="docs",
)

# Failure texts, or the words of them that are known.
KNOWN = [
    ("EFA health checks did not run successfully. Look at your VPC and security groups.", Cause.EFA),
    ("Instance replacement failed: EFA health checks did not run successfully.", Cause.EFA),
    ("We currently do not have sufficient capacity for the requested instance type(s).", Cause.CAPACITY),
    ("We currently do not have sufficient capacity to launch new ml.p5.48xlarge instances.", Cause.CAPACITY),
    ("We do not have sufficient capacity in the Availability Zone you requested.", Cause.CAPACITY),
    ("No subnets in the capacity AZ use1-az4", Cause.CAPACITY),
    ("Cannot provision requested instances", Cause.CAPACITY),
    ("Cannot provision requested instances in subnet-1: InsufficientFreeAddressesInSubnet", Cause.NETWORK),
    ('Instance i-1 failed to provision: "Lifecycle scripts did not run successfully."', Cause.LIFECYCLE_SCRIPT),
    ("Instance lifecycle script execution for EC2 Instance i-1 has Failed", Cause.LIFECYCLE_SCRIPT),
    ("Lifecycle scripts execution timed out", Cause.LIFECYCLE_SCRIPT),
    ("Instance bootstrap failed likely because of customer network misconfiguration", Cause.NETWORK),
    ("Lifecycle scripts did not run successfully: Connect timeout on endpoint URL: https://s3", Cause.NETWORK),
    ("An error occurred (AccessDenied) when calling the GetObject operation", Cause.IAM),
    ("An error occurred (AccessDenied) when calling the Decrypt operation: kms", Cause.IAM),
    ("Lifecycle scripts did not run successfully: KeyError: 'worker'", Cause.LIFECYCLE_SCRIPT),
    ("/bin/bash^M: bad interpreter", Cause.LIFECYCLE_SCRIPT),
    ("ResourceLimitExceeded: The account-level service limit 'ml.p5.48xlarge for cluster usage' is 0", Cause.QUOTA),
    ("ResourceInUse: Cluster vision already exists", Cause.NAME_IN_USE),
    ("is not authorized to perform: iam:CreateServiceLinkedRole", Cause.IAM),
    ("Service role AWSServiceRoleForSageMakerHyperPod could not be created", Cause.IAM),
    ("User is not authorized to perform: iam:PassRole on resource: arn", Cause.IAM),
    ("The role cannot be assumed by SageMaker", Cause.IAM),
    ("denied by a permissions boundary", Cause.IAM),
    ("not authorized to perform ec2:CreateNetworkInterface", Cause.IAM),
    ("role/node is not authorized to perform: fsx:DescribeFileSystems", Cause.IAM),
    ("subnet-1 and sg-1 belong to different networks", Cause.NETWORK),
    ("The subnet 'subnet-0abc' does not exist", Cause.NETWORK),
    ("The EKS cluster's authentication mode CONFIG_MAP is not supported", Cause.IAM),
    ("Failed to create EKS access entries", Cause.IAM),
    ("Required dependency missing: install the Helm chart", Cause.UNKNOWN),
    ("The VPC of the cluster differs from the VPC of the EKS cluster", Cause.NETWORK),
    ("The VPC of the subnets and the VPC of the EKS cluster do not match", Cause.NETWORK),
    ("Update required to use SlurmConfig in InstanceGroups", Cause.UNKNOWN),
    ("2 Controller Groups found, only one allowed", Cause.UNKNOWN),
    ("Cluster has no InstanceGroup with Controller node type", Cause.UNKNOWN),
    ("Partitions can only be assigned to Compute node types", Cause.UNKNOWN),
    ("cannot include both a SLURM Orchestrator Config and a provisioning_parameters.json", Cause.UNKNOWN),
    ("The controller and login nodes did not become ready", Cause.UNKNOWN),
    ("Request to service failed. If failure persists after retry, contact support.", Cause.UNKNOWN),
    ("NetworkInterfaceLimitExceeded", Cause.QUOTA),
    ("InsufficientFreeAddressesInSubnet", Cause.NETWORK),
    ("There are not enough free addresses in subnet-1", Cause.NETWORK),
    ("HyperPod has stopped adding nodes: worker is InService and wants 0 nodes", Cause.CAPACITY),
    ("MinInstanceCount was not met", Cause.CAPACITY),
    ("taints are not supported with deep health checks", Cause.UNKNOWN),
    ("ValidationException: 1 validation error detected", Cause.UNKNOWN),
    ("Somebody deleted the cluster: it is being taken down.", Cause.STOPPED),
]

# How a step, or the execution itself, ended.
ERRORS = [
    ("DeadlinePassed", "run-1 had until 14:00 UTC", Cause.DEADLINE),
    ("NameInUse", "$.Cluster.ClusterName: arn has this name", Cause.NAME_IN_USE),
    ("EgressOtherAddress", "worker, i-1: https://a: 203.0.113.9", Cause.EGRESS_OTHER_ADDRESS),
    ("EgressBlocked", "worker, i-1: https://a: timed out", Cause.EGRESS_BLOCKED),
    ("ExecutionAborted", "Somebody stopped the execution.", Cause.STOPPED),
    ("AccessDenied", "This function may not call s3:ListBucket. Add it", Cause.IAM),  # no lifecycle bucket of anybody's
    ("AccessDenied", "This function may not call sagemaker:CreateCluster. (no iam:PassRole)", Cause.IAM),
    ("AwsRefused", "sagemaker:CreateCluster: ResourceLimitExceeded: 0 Instances", Cause.QUOTA),
    ("AwsRefused", "sagemaker:CreateCluster: ValidationException: wrong", Cause.UNKNOWN),
    ("AwsUnavailable", "sagemaker:CreateCluster: ReadTimeoutError: late", Cause.UNKNOWN),
    ("AwsUnavailable", "sagemaker:CreateCluster: ResourceInUse: vision", Cause.NAME_IN_USE),  # but never to be seen
    ("States.Timeout", "", Cause.UNKNOWN),  # one step hung: that is not the run's deadline
    ("KeyError", "'worker'", Cause.UNKNOWN),  # a bug of ours is no lifecycle script
]


def explained(text: str, run: Run | None = None) -> Explanation:
    return explain(CLUSTER_FAILED, [text], [], run or a_run(cluster_arn=ARN))


@pytest.mark.parametrize(("text", "cause"), KNOWN)
def test_a_known_text_has_its_cause_and_a_remedy_of_its_own(text: str, cause: Cause) -> None:
    told = explained(text)
    assert (told.cause, told.cause_detail.splitlines()[0]) == (cause, text)
    assert told.remedy != explained("zork").remedy


@pytest.mark.parametrize(("error", "message", "cause"), ERRORS)
def test_an_error_of_a_step_is_explained_by_its_name_and_message(error: str, message: str, cause: Cause) -> None:
    caught = Failure(
        error=error, cause=json.dumps({"errorType": error, "errorMessage": message, "stackTrace": ["secret line"]})
    )
    told = explain(caught, [], [], a_run())
    assert told.cause is cause
    assert message in told.cause_detail
    assert "secret line" not in told.cause_detail


def test_a_text_nobody_has_seen_is_passed_on_as_it_is() -> None:
    told = explained("The flux capacitor is misaligned.")
    assert told.cause is Cause.UNKNOWN
    assert told.cause_detail.startswith("The flux capacitor is misaligned.")
    assert "/aws/sagemaker/Clusters/vision/abcdefabcdef" in told.remedy


@pytest.mark.parametrize(
    "failure",
    [
        Failure(),
        Failure(cause="{}"),
        Failure(cause='"text"'),
        Failure(cause="[1]"),
        Failure(cause="{"),
        Failure(error="Odd"),
    ],
    ids=["nothing", "empty JSON", "JSON text", "a list", "half of JSON", "a name only"],
)
def test_an_explanation_is_never_blank(failure: Failure) -> None:
    told = explain(failure, ["", "  "], [], a_run())
    assert told.cause is Cause.UNKNOWN
    assert told.cause_detail.strip()
    assert told.remedy.strip()


def test_what_hyperpod_says_beats_the_error_that_ended_the_wait() -> None:
    told = explain(
        Failure(error="DeadlinePassed", cause="had until 14:00"),
        ["worker: do not have sufficient capacity to launch new ml."],
        [],
        a_run(),
    )
    assert told.cause is Cause.CAPACITY
    assert "had until 14:00" in told.cause_detail


def test_the_telling_text_comes_first_and_is_told_once() -> None:
    told = explain(
        Failure(error="ClusterFailed", cause="The cluster is Failed. Lifecycle scripts did not run successfully."),
        ["The controller and login nodes did not become ready", "Lifecycle scripts did not run successfully."],
        ["sagemaker:ListClusterEvents: denied"],
        a_run(),
    )
    assert told.cause_detail.splitlines() == [
        "Lifecycle scripts did not run successfully.",
        "Could not read: sagemaker:ListClusterEvents: denied",
        "The controller and login nodes did not become ready",
    ]


@pytest.mark.parametrize(
    "text", ["EFA health checks did not run successfully", "Request to service failed. If failure persists", "zork"]
)
def test_a_text_that_misleads_stands_beside_what_we_saw_ourselves(text: str) -> None:
    clean, marred = explained(text), explained(text, a_run(cluster_arn=ARN, findings=(SG_FINDING,)))
    assert "Our own check of the account had found nothing against it." in clean.cause_detail
    assert "Our own check had found SG-001 on sg-1: no rule to itself" in marred.cause_detail


def test_a_plain_text_stands_alone() -> None:
    assert explained("ResourceLimitExceeded", a_run(findings=(SG_FINDING,))).cause_detail.startswith(
        "ResourceLimitExceeded\nClusterFailed"
    )


def test_a_long_text_is_cut() -> None:
    assert len(explained("x" * 9000).cause_detail) == DETAIL_CHARACTERS


def test_every_row_is_the_first_for_some_text() -> None:
    texts = [text for text, _ in KNOWN] + [f"{error}: {message}" for error, message, _ in ERRORS]
    met = {next((row.words for row in CLUES if re.search(row.words, text, re.IGNORECASE)), None) for text in texts}
    assert {row.words for row in CLUES} - met == set()


@pytest.mark.parametrize("row", [*CLUES, NO_CLUE, NO_CLUE_AND_NO_CLUSTER], ids=lambda row: row.words)
def test_every_row_has_a_remedy_that_reads_well_and_a_source(row: Clue) -> None:
    assert row.source.startswith("https://")
    assert re.fullmatch(r"[A-Z][^{}]+\.", row.remedy.format(cluster="vision", log_group="/logs", phase="CreateCluster"))
