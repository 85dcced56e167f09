"""What CreateCluster and UpdateCluster refuse at once."""

from collections import Counter
from collections.abc import Iterator

from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from simulator.context import Context
from simulator.ec2.inside import client
from simulator.hyperpod.cluster import Shape
from simulator.hyperpod.errors import Refused, invalid
from simulator.ssm.permissions import trusts

SAGEMAKER = "sagemaker.amazonaws.com"
CONTINUOUS_ONLY = ("MinInstanceCount", "InstanceRequirements", "CapacityRequirements")
# What a group keeps for as long as it lives, as the cluster's CloudFormation type says of them ("create only").
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-cluster.html
FIXED = ("InstanceType", "ExecutionRole", "ThreadsPerCore", "OverrideVpcConfig", "CapacityRequirements")


def check(context: Context, spec: Shape, *, taken: bool) -> None:
    """
    Raises:
        Refused: ResourceInUse, or ValidationException.
    """
    if taken:
        raise Refused("ResourceInUse", f"Cluster {spec['ClusterName']} already exists.")
    groups = groups_of(spec)
    _check_groups(spec, groups)
    for role in {group["ExecutionRole"] for group in groups}:
        _must_be_assumable(context, role)
    for vpc_config in _vpc_configs(spec, groups):
        _must_be_one_vpc(context, vpc_config)


def check_change(context: Context, before: Shape, after: Shape) -> None:
    """What a cluster is to become has to be one that could be created, with the groups that stay as they are.

    Raises:
        Refused: ValidationException.
    """
    known = {group["InstanceGroupName"]: group for group in groups_of(before)}
    for group in groups_of(after):
        old = known.get(group["InstanceGroupName"], group)
        if fixed := [key for key in FIXED if group.get(key) != old.get(key)]:
            raise invalid(f"{', '.join(fixed)} of {group['InstanceGroupName']} cannot be changed.")
    check(context, after, taken=False)


def groups_of(spec: Shape) -> list[Shape]:
    return [*spec.get("InstanceGroups", []), *spec.get("RestrictedInstanceGroups", [])]


def _check_groups(spec: Shape, groups: list[Shape]) -> None:
    twice = [name for name, count in Counter(group["InstanceGroupName"] for group in groups).items() if count > 1]
    if twice or not groups:
        raise invalid(f"Instance groups need names of their own: {twice}." if twice else "A cluster needs a group.")
    known = get_service_model("sagemaker").shape_for("ClusterInstanceType").metadata["enum"]
    for group in groups:
        if "InstanceType" in group and group["InstanceType"] not in known:
            raise invalid(f"Value '{group['InstanceType']}' at 'instanceType' failed to satisfy constraint: enum.")
        if ("InstanceType" in group) == ("InstanceRequirements" in group):
            raise invalid(f"{group['InstanceGroupName']} needs either InstanceType or InstanceRequirements.")
        early = [key for key in CONTINUOUS_ONLY if key in group]
        if early and spec.get("NodeProvisioningMode") != "Continuous":
            raise invalid(f"{', '.join(early)} needs NodeProvisioningMode Continuous.")


def _vpc_configs(spec: Shape, groups: list[Shape]) -> Iterator[Shape]:
    overrides = [group["OverrideVpcConfig"] for group in groups if "OverrideVpcConfig" in group]
    if "VpcConfig" not in spec and spec.get("Orchestrator"):
        raise invalid("An orchestrated cluster needs a VpcConfig of its own, beside any OverrideVpcConfig.")
    yield from ([spec["VpcConfig"]] if "VpcConfig" in spec else [])
    yield from overrides


def _must_be_one_vpc(context: Context, vpc_config: Shape) -> None:
    ec2 = client("ec2", context.region)
    try:
        subnets = ec2.describe_subnets(SubnetIds=vpc_config["Subnets"])["Subnets"]
        groups = ec2.describe_security_groups(GroupIds=vpc_config["SecurityGroupIds"])["SecurityGroups"]
    except ClientError as missing:
        raise invalid(missing.response["Error"]["Message"]) from missing
    if len({found["VpcId"] for found in [*subnets, *groups]}) > 1:
        raise invalid("The security groups and subnets of a VpcConfig belong to different networks.")


def _must_be_assumable(context: Context, role_arn: str) -> None:
    try:
        role = client("iam", context.region).get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    except ClientError:
        role = None
    if not role or not trusts(role, SAGEMAKER):
        raise invalid(f"Could not assume role {role_arn}. It has to exist and to trust {SAGEMAKER}.")
