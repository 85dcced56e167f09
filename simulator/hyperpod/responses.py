"""HyperPod's operations, in place of moto's."""

from datetime import UTC
from typing import Any, TypeVar

from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse

from simulator.hyperpod import describe
from simulator.hyperpod.cluster import Cluster, Shape
from simulator.hyperpod.errors import invalid, not_found
from simulator.hyperpod.service import HyperPod

T = TypeVar("T")


class WorldResponse(SageMakerResponse):
    """`hyperpod` is set by whoever installs it."""

    hyperpod: HyperPod

    def create_cluster(self) -> ActionResult:
        return ActionResult({"ClusterArn": self.hyperpod.create(_plain(self.params)).arn})

    def describe_cluster(self) -> ActionResult:
        with self.hyperpod.lock:
            return ActionResult(describe.cluster(self._cluster()))

    def update_cluster(self) -> ActionResult:
        with self.hyperpod.lock:
            cluster = self._cluster()
            self.hyperpod.update(cluster, _plain(self.params))
            return ActionResult({"ClusterArn": cluster.arn})

    def delete_cluster(self) -> ActionResult:
        with self.hyperpod.lock:
            cluster = self._cluster()
            self.hyperpod.delete(cluster)
            return ActionResult({"ClusterArn": cluster.arn})

    def list_clusters(self) -> ActionResult:
        with self.hyperpod.lock:
            part = self._get_param("NameContains", "")
            found = [describe.summary(cluster) for cluster in self.hyperpod.all() if part in cluster.name]
            found = self._between(found, "CreationTime", "CreationTimeAfter", "CreationTimeBefore")
            return self._page(
                "ClusterSummaries",
                self._sorted(found, "CREATION_TIME", CREATION_TIME="CreationTime", NAME="ClusterName"),
            )

    def list_cluster_nodes(self) -> ActionResult:
        with self.hyperpod.lock:
            part, nodes = self._get_param("InstanceGroupNameContains", ""), self._cluster().nodes
            found = [describe.node_summary(group, node) for group, node in nodes if part in group.name]
            found = self._between(found, "LaunchTime", "CreationTimeAfter", "CreationTimeBefore")
            return self._page(
                "ClusterNodeSummaries",
                self._sorted(found, "CREATION_TIME", CREATION_TIME="LaunchTime", NAME="InstanceGroupName"),
            )

    def describe_cluster_node(self) -> ActionResult:
        node_id, logical_id = self._get_param("NodeId"), self._get_param("NodeLogicalId")
        if bool(node_id) == bool(logical_id):
            raise invalid("Give either NodeId or NodeLogicalId.")
        with self.hyperpod.lock:
            group, node = self.hyperpod.node(self._cluster(), node_id or logical_id)
            return ActionResult({"NodeDetails": describe.node_details(group, node)})

    def list_cluster_events(self) -> ActionResult:
        with self.hyperpod.lock:
            cluster = self._continuous()
            found = [describe.event_summary(cluster, event) for event in cluster.events]
            for key, parameter in (
                ("InstanceGroupName", "InstanceGroupName"),
                ("InstanceId", "NodeId"),
                ("ResourceType", "ResourceType"),
            ):
                wanted = self._get_param(parameter)
                found = [event for event in found if wanted in (None, event[key])]
            found = self._between(found, "EventTime", "EventTimeAfter", "EventTimeBefore")
            return self._page("Events", self._sorted(found, "EventTime", "Descending", EventTime="EventTime"))

    def describe_cluster_event(self) -> ActionResult:
        with self.hyperpod.lock:
            cluster, event_id = self._continuous(), self._get_param("EventId")
            event = next((event for event in cluster.events if event.id == event_id), None)
            if event is None:
                raise not_found(f"Event {event_id}")
            return ActionResult({"EventDetails": describe.event_details(cluster, event)})

    def list_tags(self) -> ActionResult:
        cluster = self._tagged()
        if cluster is None:
            return super().list_tags()
        return self._page("Tags", [{"Key": key, "Value": value} for key, value in cluster.tags.items()])

    def add_tags(self) -> ActionResult:
        cluster = self._tagged()
        if cluster is None:
            return super().add_tags()
        cluster.tags.update({tag["Key"]: tag["Value"] for tag in self._get_param("Tags")})
        return ActionResult({"Tags": [{"Key": key, "Value": value} for key, value in cluster.tags.items()]})

    def delete_tags(self) -> ActionResult:
        cluster = self._tagged()
        if cluster is None:
            return super().delete_tags()
        for key in self._get_param("TagKeys"):
            cluster.tags.pop(key, None)
        return ActionResult({})

    def _cluster(self) -> Cluster:
        return self.hyperpod.find(self._get_param("ClusterName"))

    def _continuous(self) -> Cluster:
        cluster = self._cluster()
        if not cluster.continuous:
            raise invalid("Cluster events need NodeProvisioningMode Continuous.")
        return cluster

    def _tagged(self) -> Cluster | None:
        """The cluster that is meant, or None where it is some other resource that moto keeps."""
        arn = self._get_param("ResourceArn")
        return self.hyperpod.find(arn) if ":cluster/" in arn else None

    def _between(self, found: list[Shape], key: str, after: str, before: str) -> list[Shape]:
        start, end = (moment and moment.replace(tzinfo=UTC) for moment in map(self._get_param, (after, before)))
        return [item for item in found if (not start or item[key] > start) and (not end or item[key] < end)]

    def _sorted(self, found: list[Shape], default: str, order: str = "Ascending", **keys: str) -> list[Shape]:
        key = keys[self._get_param("SortBy", default)]
        return sorted(found, key=lambda item: item[key], reverse=self._get_param("SortOrder", order) == "Descending")

    def _page(self, key: str, items: list[Shape]) -> ActionResult:
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or 100)
        more = {"NextToken": str(start + size)} if start + size < len(items) else {}
        return ActionResult({key: items[start : start + size]} | more)


def _plain(params: Any) -> Shape:
    """The request as a dict of its own: moto's parser leaves ``None`` for what was not given."""
    return {key: _stripped(value) for key, value in dict(params).items() if value is not None}


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    return [_stripped(item) for item in value] if isinstance(value, list) else value
