"""A cluster, its groups and its nodes, as they stand."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Shape = dict[str, Any]


@dataclass(eq=False)
class Node:
    instance_id: str
    logical_id: str
    instance_type: str
    launched: datetime
    interface_ids: list[str]
    private_ip: str
    zone: str | None = None
    zone_id: str | None = None
    status: str = "Pending"
    message: str = ""


@dataclass(eq=False)
class Group:
    """An instance group. `spec` is what was asked for, as it was; without a subnet it is on AWS's own network.

    `vacant`: logical ids of nodes that are to be replaced, which outlive them.
    """

    spec: Shape
    restricted: bool
    subnet_id: str | None
    group_ids: tuple[str, ...]
    target: int
    status: str = "Creating"
    nodes: list[Node] = field(default_factory=list)
    vacant: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.spec["InstanceGroupName"])

    @property
    def instance_type(self) -> str:
        return str(self.spec.get("InstanceType") or self.spec["InstanceRequirements"]["InstanceTypes"][0])

    @property
    def running(self) -> int:
        return len(self.those("Running"))

    @property
    def staying(self) -> list[Node]:
        return [node for node in self.nodes if node.status != "ShuttingDown"]

    @property
    def missing(self) -> int:
        """How many nodes have yet to come."""
        return self.target - len(self.staying)

    def those(self, status: str) -> list[Node]:
        return [node for node in self.nodes if node.status == status]


@dataclass(frozen=True)
class Event:
    """One entry of ListClusterEvents. `metadata` is the member of EventMetadata that it fills."""

    id: str
    time: datetime
    resource_type: str  # Cluster, InstanceGroup or Instance
    description: str
    level: str = "Info"
    group: str | None = None
    instance_id: str | None = None
    metadata: Shape = field(default_factory=dict)


@dataclass(eq=False)
class Cluster:
    arn: str
    spec: Shape
    created: datetime
    groups: list[Group]
    tags: dict[str, str]
    status: str = "Creating"
    failure_message: str = ""
    events: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.spec["ClusterName"])

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def continuous(self) -> bool:
        return self.spec.get("NodeProvisioningMode") == "Continuous"

    @property
    def nodes(self) -> list[tuple[Group, Node]]:
        return [(group, node) for group in self.groups for node in group.nodes]

    def group(self, name: str) -> Group | None:
        return next((group for group in self.groups if group.name == name), None)
