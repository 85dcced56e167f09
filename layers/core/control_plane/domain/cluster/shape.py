"""The parts of CreateCluster that we read; the whole body goes to AWS as it came.

Names and shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html
"""

from typing import Any

from control_plane.domain.wire import AwsShape


class VpcConfig(AwsShape):
    security_group_ids: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()


class LifeCycleConfig(AwsShape):
    source_s3_uri: str | None = None
    on_create: str | None = None
    on_init_complete: str | None = None


class InstanceGroup(AwsShape):
    """One entry of InstanceGroups or RestrictedInstanceGroups."""

    instance_group_name: str
    instance_type: str | None = None  # absent where InstanceRequirements lists several
    instance_count: int = 0
    min_instance_count: int | None = None
    execution_role: str
    life_cycle_config: LifeCycleConfig | None = None
    override_vpc_config: VpcConfig | None = None
    training_plan_arn: str | None = None


class ClusterShape(AwsShape):
    cluster_name: str
    vpc_config: VpcConfig | None = None
    instance_groups: tuple[InstanceGroup, ...] = ()
    restricted_instance_groups: tuple[InstanceGroup, ...] = ()
    orchestrator: dict[str, Any] | None = None
    node_provisioning_mode: str | None = None  # "Continuous", or absent: all nodes or none
    cluster_role: str | None = None

    @property
    def groups(self) -> tuple[InstanceGroup, ...]:
        return self.instance_groups + self.restricted_instance_groups

    def vpc_of(self, group: InstanceGroup) -> VpcConfig:
        """Where this group's interfaces go: its override replaces the cluster's VpcConfig, it does not add to it."""
        return group.override_vpc_config or self.vpc_config or VpcConfig()

    @property
    def continuous(self) -> bool:
        return self.node_provisioning_mode == "Continuous"
