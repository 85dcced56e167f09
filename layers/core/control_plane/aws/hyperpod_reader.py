"""What HyperPod says of a cluster, and whose cluster it is."""

from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.parsers import ResponseParserError

from control_plane.aws.calls import calling
from control_plane.domain.cluster.seen import Cluster, ClusterEvent, Node
from control_plane.domain.run import Run
from control_plane.domain.tags import marks
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

DESCRIBES = frozenset({"sagemaker:DescribeCluster"})
LOOKS = DESCRIBES | {"sagemaker:ListTags"}
POLLS = frozenset({"sagemaker:DescribeCluster", "sagemaker:ListClusterNodes"})
SEATS = frozenset({"sagemaker:ListClusterNodes", "sagemaker:DescribeClusterNode"})
EVENTS = frozenset({"sagemaker:ListClusterEvents", "sagemaker:DescribeClusterEvent"})
ACTIONS = LOOKS | POLLS | SEATS | EVENTS

# What CreateCluster was told, of what DescribeCluster tells.
MADE_OF = (
    "AutoScaling",
    "ClusterName",
    "ClusterRole",
    "InstanceGroups",
    "NodeProvisioningMode",
    "NodeRecovery",
    "Orchestrator",
    "RestrictedInstanceGroups",
    "RestrictedInstanceGroupsConfig",
    "TieredStorageConfig",
    "VpcConfig",
)

_TAGS_WERE_READ = object()


@dataclass(frozen=True)
class OurCluster:
    """A cluster that carries the tags of this run and this stack. Only `HyperPodReader.look` makes one."""

    cluster: Cluster
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _TAGS_WERE_READ:
            raise TypeError("Only a look at its tags tells that a cluster is ours.")


class Stranger(NamedTuple):
    """A cluster whose tags do not say that this run made it."""

    cluster: Cluster
    tags: Mapping[str, str]


class HyperPodReader:
    """Takes names and ARNs alike; after creation an ARN is better, because a name can be used again."""

    def __init__(self, sagemaker: "SageMakerClient", stack: str) -> None:
        self._sagemaker, self._stack = sagemaker, stack

    def cluster(self, name: str) -> Cluster | None:
        """Describe a cluster; None where there is none, or none yet: what was made a moment ago can be missing."""
        found = self.described(name)
        return found[0] if found else None

    def described(self, name: str) -> tuple[Cluster, dict[str, Any]] | None:
        """A cluster, and in CreateCluster's names what it is made of; whoever made it."""
        try:
            with calling("sagemaker:DescribeCluster"):
                answer = self._sagemaker.describe_cluster(ClusterName=name)
        except AwsRefused as error:
            if is_not_found(error):
                return None
            raise
        return Cluster.model_validate(answer), {key: answer[key] for key in MADE_OF if key in answer}  # type: ignore[literal-required]

    def look(self, run: Run) -> OurCluster | Stranger | None:
        """Find the cluster of the run's name, and tell by its tags whether the run made it."""
        cluster = self.cluster(str(run.cluster_name))  # every accepted run has a name
        if cluster is None:
            return None
        try:
            tags = self._tags(cluster.cluster_arn)
        except AwsRefused as error:
            if is_not_found(error):  # the description was a stale one: it has just gone, or is not quite there yet
                return None
            raise
        if marks(run.run_id, self._stack).items() <= tags.items():
            return OurCluster(cluster, _TAGS_WERE_READ)
        return Stranger(cluster, tags)

    def nodes(self, name: str) -> Iterator[Node]:
        """List all nodes that have an instance, page by page; none where there is no cluster, or none yet."""
        try:
            with calling("sagemaker:ListClusterNodes"):
                for page in self._sagemaker.get_paginator("list_cluster_nodes").paginate(
                    ClusterName=name, PaginationConfig={"PageSize": 100}
                ):
                    yield from map(Node.model_validate, page["ClusterNodeSummaries"])
        except AwsRefused as error:
            if not is_not_found(error):
                raise

    def address_of(self, name: str, instance_id: str) -> str | None:
        """A node's private address; None where it has gone, or shows none."""
        try:
            with calling("sagemaker:DescribeClusterNode"):
                answer = self._sagemaker.describe_cluster_node(ClusterName=name, NodeId=instance_id)
        except AwsRefused as error:
            if is_not_found(error):
                return None
            raise
        return answer["NodeDetails"].get("PrivatePrimaryIp")

    def error_events(self, name: str) -> Iterator[ClusterEvent]:
        """List the error events, newest first. Only Continuous clusters have any; for others AWS refuses to look.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListClusterEvents.html
        """
        with calling("sagemaker:ListClusterEvents"):
            for page in self._sagemaker.get_paginator("list_cluster_events").paginate(
                ClusterName=name, PaginationConfig={"PageSize": 100}
            ):
                events = map(ClusterEvent.model_validate, page.get("Events", []))
                yield from (event for event in events if event.is_error)

    def event_failures(self, name: str, event_id: str) -> list[str]:
        """Read the failure text that only an event's details hold, whichever resource it is about.

        Raises:
            AwsRefused: also for metadata without any member, which botocore does not let through.
        """
        try:
            with calling("sagemaker:DescribeClusterEvent"):
                answer = self._sagemaker.describe_cluster_event(ClusterName=name, EventId=event_id)
        except ResponseParserError as error:
            raise AwsRefused("sagemaker:DescribeClusterEvent", "ResponseParserError", str(error)) from error
        metadata = answer["EventDetails"].get("EventDetails", {}).get("EventMetadata", {})
        parts = [part for part in metadata.values() if isinstance(part, dict)]
        return [str(part["FailureMessage"]) for part in parts if part.get("FailureMessage")]

    def _tags(self, arn: str) -> dict[str, str]:
        with calling("sagemaker:ListTags"):
            pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
            return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def is_not_found(error: AwsRefused) -> bool:
    # "ResourceNotFound" in the service model, "ResourceNotFoundException" in field notes.
    return error.code.startswith("ResourceNotFound")
