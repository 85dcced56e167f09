"""A cluster as HyperPod shows it, and whose it is. Statuses stay plain text: AWS adds to them.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from control_plane.domain.wire import AwsShape
from control_plane.errors import RequestRejected


class GroupDetails(AwsShape):
    aws: ClassVar[str] = "sagemaker.ClusterInstanceGroupDetails"

    instance_group_name: str
    instance_type: str | None = None  # absent where several are allowed
    current_count: int = 0
    target_count: int = 0
    status: str = ""


class RestrictedGroupDetails(GroupDetails):
    aws: ClassVar[str] = "sagemaker.ClusterRestrictedInstanceGroupDetails"


class Cluster(AwsShape):
    aws: ClassVar[str] = "sagemaker.DescribeClusterResponse"

    cluster_arn: str
    cluster_name: str
    cluster_status: str
    creation_time: datetime | None = None
    failure_message: str = ""  # empty is AWS's own way to say that nothing failed
    instance_groups: tuple[GroupDetails, ...] = ()
    restricted_instance_groups: tuple[RestrictedGroupDetails, ...] = ()
    node_provisioning_mode: str | None = None

    @property
    def continuous(self) -> bool:
        return self.node_provisioning_mode == "Continuous"

    @property
    def groups(self) -> dict[str, GroupDetails]:
        return {group.instance_group_name: group for group in (*self.instance_groups, *self.restricted_instance_groups)}


class InstanceStatus(AwsShape):
    aws: ClassVar[str] = "sagemaker.ClusterInstanceStatusDetails"

    status: str  # a broken node is "Failure", whatever prose calls it
    message: str = ""  # stays behind when the status has moved on


class Node(AwsShape):
    aws: ClassVar[str] = "sagemaker.ClusterNodeSummary"

    instance_group_name: str
    instance_id: str = ""
    instance_status: InstanceStatus

    @property
    def running(self) -> bool:
        return self.instance_status.status == "Running"


class ClusterEvent(AwsShape):
    aws: ClassVar[str] = "sagemaker.ClusterEventSummary"

    event_id: str
    description: str = ""
    event_level: str | None = None  # older records have none

    @property
    def is_error(self) -> bool:
        return self.event_level == "Error" or (self.event_level is None and "fail" in self.description.lower())


def marked(cluster: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, Any]:
    """A CreateCluster body with our tags beside the caller's.

    Raises:
        RequestRejected: the caller uses one of our keys; a cluster that we cannot mark is a cluster that we cannot own.

    >>> marked({"ClusterName": "c", "Tags": [{"Key": "team", "Value": "a"}]}, {"by": "us"})["Tags"]
    [{'Key': 'team', 'Value': 'a'}, {'Key': 'by', 'Value': 'us'}]
    """
    theirs = cluster.get("Tags", [])
    if taken := sorted(marks.keys() & {tag["Key"] for tag in theirs}):
        raise RequestRejected(
            f"$.Cluster.Tags: {', '.join(taken)} are this product's own. Send the request without them."
        )
    return {**cluster, "Tags": [*theirs, *({"Key": key, "Value": value} for key, value in marks.items())]}
