"""What calls to SageMaker, IAM, EventBridge and Step Functions need."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.iam.calls import Asked, arn, keys, on, passing, tag_keys
from simulator.iam.policies import Ask
from simulator.iam.resources import Resources

# ---------------------------------------------------------------- SageMaker


@on("sagemaker:DescribeCluster", "sagemaker:DeleteCluster", "sagemaker:ListClusterNodes",
     "sagemaker:DescribeClusterNode", "sagemaker:ListClusterEvents", "sagemaker:DescribeClusterEvent")  # fmt: skip
def _on_cluster(asked: Asked, resources: Resources) -> Iterator[Ask]:
    found, tags = resources.cluster(asked.json["ClusterName"])
    yield Ask(asked.action, found, keys(tag_keys("aws:ResourceTag", tags)))


@on("sagemaker:ListTags", "sagemaker:AddTags", "sagemaker:DeleteTags")
def _tags(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """Of its own, not as part of another call: without a sagemaker:TaggingAction."""
    found, tags = resources.cluster(asked.json["ResourceArn"])
    wanted = tag_keys("aws:RequestTag", _said(asked.json.get("Tags", [])))
    yield Ask(asked.action, found, keys(tag_keys("aws:ResourceTag", tags) | wanted))


@on("sagemaker:CreateCluster")
def _create_cluster(asked: Asked, _: Resources) -> Iterator[Ask]:
    """What it asks of EKS is listed, not judged: the pages do not say on which resources.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites-iam.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-eks-autoscaling-iam.html
    """
    wanted, groups = asked.json, asked.json.get("InstanceGroups", []) + asked.json.get("RestrictedInstanceGroups", [])
    given, new = tag_keys("aws:RequestTag", _said(wanted.get("Tags", []))), arn("sagemaker", "cluster/new")
    for resource in {new, *(group["TrainingPlanArn"] for group in groups if "TrainingPlanArn" in group)}:
        yield Ask(asked.action, resource, keys(given))
    if given:
        yield Ask("sagemaker:AddTags", new, keys(given | {"sagemaker:TaggingAction": (asked.call.operation,)}))
    for role in {group["ExecutionRole"] for group in groups}:
        yield passing(role, "sagemaker.amazonaws.com")
    if "ClusterRole" in wanted:
        yield passing(wanted["ClusterRole"], "hyperpod.sagemaker.amazonaws.com")


def _said(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


# ---------------------------------------------------------------- the others


@on("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")
def _role(asked: Asked, resources: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, resources.arn_of_role(asked.form["RoleName"]))


@on("events:PutEvents")
def _put_events(asked: Asked, _: Resources) -> Iterator[Ask]:
    for bus in {entry.get("EventBusName", "default") for entry in asked.json["Entries"]}:
        yield Ask(asked.action, bus if bus.startswith("arn:") else arn("events", f"event-bus/{bus}"))


@on("stepfunctions:StartExecution")
def _start(asked: Asked, _: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, asked.json["stateMachineArn"])


@on("stepfunctions:DescribeExecution", "stepfunctions:StopExecution")
def _on_execution(asked: Asked, _: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, asked.json["executionArn"])
