"""Keys of other tools that are pasted into requests, and what CreateCluster says instead."""

from dataclasses import dataclass

from control_plane.domain.door.near_names import squeezed
from control_plane.domain.request import Request

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html
DESCRIBE = "DescribeCluster's answer"
# The CloudFormation templates behind the console's cluster set-up, and the `hyp` command that fills them in:
# https://github.com/aws/sagemaker-hyperpod-cluster-setup
SETUP = "the HyperPod cluster set-up templates and the hyp command"


@dataclass(frozen=True)
class Foreign:
    """A key that another tool knows and CreateCluster does not."""

    whose: str
    remedy: str


_REPORTED = Foreign(DESCRIBE, "Leave it out: AWS reports it, nobody sets it.")
_FOREIGN = {
    "TargetAvailabilityZoneId": Foreign(
        SETUP, "Leave it out: a group's zone is its subnet's. Name a subnet of that zone in OverrideVpcConfig.Subnets."
    ),
    "InstanceGroupType": Foreign(SETUP, "Say it as SlurmConfig.NodeType: Controller, Login or Compute."),
    "InstanceGroupSettings": Foreign(SETUP, "Write the groups under InstanceGroups."),
    "RigSettings": Foreign(SETUP, "Write the groups under RestrictedInstanceGroups."),
    "HyperPodClusterName": Foreign(SETUP, "Write it as ClusterName."),
    "EksClusterArn": Foreign(SETUP, "Write it as Orchestrator.Eks.ClusterArn."),
    "CurrentCount": Foreign(DESCRIBE, "Say how many you want as InstanceCount."),
    "TargetCount": Foreign(DESCRIBE, "Say how many you want as InstanceCount."),
    "MinCount": Foreign(DESCRIBE, "Write it as MinInstanceCount."),
    "CurrentImageId": Foreign(DESCRIBE, "Write it as ImageId."),
    "DesiredImageId": Foreign(DESCRIBE, "Write it as ImageId."),
    "ClusterArn": _REPORTED,
    "ClusterStatus": _REPORTED,
    "CreationTime": _REPORTED,
    "FailureMessage": _REPORTED,
    "Status": _REPORTED,
    "TrainingPlanStatus": _REPORTED,
    "RoleArn": Foreign("other AWS APIs", "Write it as ExecutionRole."),
    "Properties": Foreign("CloudFormation", "Send what stands under Properties; the names in it are the same."),
} | {
    field.alias: Foreign("ours", "Write it at the top, beside Cluster.")
    for name, field in Request.model_fields.items()
    if field.alias and name != "cluster"
}
_BY_SQUEEZED = {squeezed(key): foreign for key, foreign in _FOREIGN.items()}


def foreign(key: str) -> Foreign | None:
    """Whose key this is, however it is cased: `target_availability_zone_id` is a Terraform module's way to write it."""
    return _BY_SQUEEZED.get(squeezed(key))
