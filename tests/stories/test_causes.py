"""Whatever AWS says no to, and in whatever words: the run says where, why and what to do, and passes the words on."""

from typing import Any

import pytest

from tests.stories.stage import Ending, Stage

UNPROBED: dict[str, Any] = {"Egress": {"Prove": []}}  # what is told here has nothing to do with the probes
# Moto warns of a code that SageMaker's service model does not list, as any that all services share.
pytestmark = pytest.mark.filterwarnings("ignore:Exception.Refused. with code:UserWarning")


def assert_told(ending: Ending, phase: str, cause: str, detail: str, remedy: str) -> None:
    run = ending.run
    assert (run["State"], run["Phase"], run["Cause"]) == ("Failed", phase, cause), run["CauseDetail"]
    assert detail in run["CauseDetail"]
    assert remedy in run["Remedy"]
    assert (ending.ends, ending.probes) == (["HyperPod Cluster Failed"], 0)
    assert [text for text in ending.slack if f"{cause}" in text and remedy in text]


# The code and the text that CreateCluster answers with, the cause, and words that no other remedy has.
REFUSALS = [
    ("ResourceLimitExceeded", "The account-level service limit 'ml.p5.48xlarge for cluster usage' is 0 Instances.",
     "Quota", "Service Quotas"),
    ("ResourceLimitExceeded", "NetworkInterfaceLimitExceeded in this region.", "Quota", "L-DF5E4CA3"),
    ("ValidationException", "Could not assume role arn:aws:iam::123456789012:role/nodes.", "Iam",
     "assume the group's ExecutionRole"),
    ("AccessDeniedException", "Creator is not authorized to perform: iam:PassRole on role nodes.", "Iam",
     "ExecutionRoleArns"),
    ("AccessDeniedException", "Creator is not authorized to perform: iam:CreateServiceLinkedRole.", "Iam",
     "service-linked role once"),
    ("AccessDeniedException", "Creator is not authorized to perform: sagemaker:CreateCluster.", "Iam",
     "Allow this product's role the action"),
    ("ValidationException", "The authentication mode CONFIG_MAP of EKS cluster k is not supported.", "Iam",
     "API_AND_CONFIG_MAP"),
    ("ValidationException", "The VPC of the subnets and the VPC of EKS cluster k do not match.", "Network",
     "the VPC that the EKS cluster is in"),
    ("ValidationException", "Dependencies are missing: install the Helm chart.", "Unknown", "HyperPod's Helm chart"),
    ("ValidationException", "subnet-1 and sg-1 belong to different networks.", "Network", "one and the same VPC"),
    ("ValidationException", "2 Controller Groups found.", "Unknown", "exactly one group"),
    ("ValidationException", "A value is out of its bounds.", "Unknown", "Change what the text names"),
    ("TemporalParadox", "It failed before it was sent.", "Unknown", "The text is new to us"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "message", "cause", "remedy"),
    [pytest.param(*row, id=row[1]) for row in REFUSALS],
)
def test_a_create_that_is_refused_is_explained_and_makes_nothing(
    stage: Stage, code: str, message: str, cause: str, remedy: str
) -> None:
    stage.sim.hyperpod.refuse(stage.cluster, code, message)
    ending = stage.run(stage.request(**UNPROBED))

    assert_told(ending, "CreateCluster", cause, message, remedy)
    assert (ending.run["ClusterDisposition"], ending.clusters) == ("NotCreated", 0)


# What HyperPod says of a create that it had accepted, the cause, and words that no other remedy has.
FAILURES = [
    ("We do not have sufficient capacity for ml.p5.48xlarge.", "Capacity", "AWS has too few of these"),
    ("No subnets in the capacity AZ apne1-az4.", "Capacity", "zone of your training plan"),
    ("Cannot provision requested instances.", "Capacity", "addresses and network interfaces left"),
    ("Cannot provision instances: InsufficientFreeAddressesInSubnet.", "Network", "Free addresses in the subnet"),
    ("EFA health checks did not run successfully.", "Efa", "reach itself by its own id"),
    ("Lifecycle scripts did not run successfully.", "LifecycleScript", "No stream: the script was not found"),
    ("Lifecycle scripts execution timed out.", "LifecycleScript", "for what it waited for"),
    ("on_create.sh: bad interpreter: ^M", "LifecycleScript", "LF line ends"),
    ("Script failed: KeyError: 'worker'", "LifecycleScript", "provisioning_parameters.json"),
    ("AccessDenied when calling GetObject on the S3 bucket.", "Iam", "read the lifecycle bucket"),
    ("nodes is not authorized to perform: ec2:CreateNetworkInterface.", "Iam", "the EC2 statement that HyperPod needs"),
    ("nodes is not authorized to perform: fsx:DescribeFileSystems.", "Iam", "the role that the text names"),
    ("Connect timeout on endpoint URL: https://s3/", "Network", "a way to S3"),
    ("It failed likely because of customer network misconfiguration.", "Network", "the VPC's DNS"),
    ("Request to service failed. If failure persists, contact support.", "Unknown", "passing troubles too"),
    ("The flux capacitor of node i-1 is out of plutonium.", "Unknown", "The text is new to us"),
]


@pytest.mark.parametrize(("words", "cause", "remedy"), [pytest.param(*row, id=row[0]) for row in FAILURES])
def test_a_cluster_that_fails_is_explained_in_hyperpods_words_and_kept(
    stage: Stage, words: str, cause: str, remedy: str
) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", words=words)  # the earliest stage: the story ends soonest
    ending = stage.run(stage.request(**UNPROBED))

    assert_told(ending, "WaitForCluster", cause, words, remedy)
    assert (ending.run["ClusterDisposition"], ending.clusters) == ("Kept", 1)
