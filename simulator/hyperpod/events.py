"""HyperPod's own events. They go to the default bus and nowhere else.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from datetime import datetime
from typing import Any

from moto.moto_api._internal import mock_random

from simulator.context import Context
from simulator.hyperpod import describe
from simulator.hyperpod.cluster import Cluster, Event, Group, Node, Shape

SOURCE = "aws.sagemaker"
STATE_CHANGE = "SageMaker HyperPod Cluster State Change"
CLUSTER_EVENT = "SageMaker HyperPod Cluster Event"
NODE_HEALTH = "SageMaker HyperPod Cluster Node Health Event"

# All that a captured event carries beside what DescribeCluster shows, and carries as null.
NULLS = ("RestrictedInstanceGroups", "Orchestrator", "ResilienceConfig", "NodeRecovery", "VpcConfig")
GROUP_NULLS = (
    "OverrideVpcConfig",
    "OnStartDeepHealthChecks",
    "TrainingPlanArn",
    "ScheduledUpdateConfig",
    "CustomMetadata",
)
METADATA = ("Cluster", "Instance", "InstanceGroup", "InstanceGroupScaling", "InstanceMonitor", "InstanceHealth")


class Events:
    def __init__(self, context: Context) -> None:
        self._context = context

    def state_change(self, cluster: Cluster) -> None:
        """The whole cluster, as it is now; never says what it was before, nor how it provisions."""
        shown = describe.cluster(cluster)
        shown.pop("NodeProvisioningMode", None)
        groups = [dict.fromkeys(GROUP_NULLS) | group for group in shown["InstanceGroups"]]
        detail = dict.fromkeys(NULLS) | shown | {"CreationTime": _millis(cluster.created), "Tags": {}}
        self._emit(STATE_CHANGE, cluster, detail | {"InstanceGroups": groups})

    def record(
        self,
        cluster: Cluster,
        description: str,
        *,
        group: Group | None = None,
        node: Node | None = None,
        level: str = "Info",
        **metadata: Shape,
    ) -> None:
        """Keep an event for ListClusterEvents and send it; only Continuous clusters have such events.

        What EventBridge delivers has every member of EventMetadata null, seen in the field in mid-2026: the details are
        in DescribeClusterEvent only.
        """
        if not cluster.continuous:
            return
        kind = "Instance" if node else "InstanceGroup" if group else "Cluster"
        event = Event(
            id=str(mock_random.uuid4()),
            time=self._context.clock.now(),
            resource_type=kind,
            description=description,
            level=level,
            group=group.name if group else None,
            instance_id=node.instance_id if node else None,
            metadata=metadata,
        )
        cluster.events.append(event)
        details = describe.event_summary(cluster, event) | {"EventTime": _millis(event.time)}
        details["EventDetails"] = {"EventMetadata": dict.fromkeys(METADATA)}
        self._emit(CLUSTER_EVENT, cluster, {"EventDetails": details})

    def node_health(self, cluster: Cluster, node: Node, status: str, repair: str, recommendation: str) -> None:
        health = {
            "HealthStatus": status,
            "HealthStatusReason": None,
            "RepairAction": repair,
            "Recommendation": recommendation,
        }
        detail = {
            "ClusterName": cluster.name,
            "ClusterArn": cluster.arn,
            "InstanceId": node.instance_id,
            "HealthSummary": health,
            "EventTime": None,
            "Tags": {},
        }
        self._emit(NODE_HEALTH, cluster, detail)

    def _emit(self, detail_type: str, cluster: Cluster, detail: dict[str, Any]) -> None:
        self._context.emit(SOURCE, detail_type, detail, resources=[cluster.arn])


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
