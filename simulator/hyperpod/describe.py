"""Clusters, nodes and events as the API shows them.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html and its neighbours.
"""

from simulator.hyperpod.cluster import Cluster, Event, Group, Node, Shape

ECHOED = ("VpcConfig", "Orchestrator", "TieredStorageConfig", "NodeRecovery", "NodeProvisioningMode", "ClusterRole")
NOT_ECHOED = {
    "InstanceCount",
    "MinInstanceCount",
    "InstanceRequirements",
    "KubernetesConfig",
    "ImageId",
    "AutoPatchConfig",
}
OF_A_NODE = ("LifeCycleConfig", "OverrideVpcConfig", "ThreadsPerCore", "InstanceStorageConfigs", "NetworkInterface")


def cluster(it: Cluster) -> Shape:
    shown = {
        "ClusterArn": it.arn,
        "ClusterName": it.name,
        "ClusterStatus": it.status,
        "CreationTime": it.created,
        "FailureMessage": it.failure_message,
        "InstanceGroups": [_group(it, group) for group in it.groups if not group.restricted],
    }
    restricted = [_group(it, group) for group in it.groups if group.restricted]
    scaling = {"AutoScaling": it.spec["AutoScaling"] | {"Status": "InService"}} if "AutoScaling" in it.spec else {}
    echoed = {key: it.spec[key] for key in ECHOED if key in it.spec}
    return shown | echoed | scaling | ({"RestrictedInstanceGroups": restricted} if restricted else {})


def summary(it: Cluster) -> Shape:
    plans = [group.spec["TrainingPlanArn"] for group in it.groups if "TrainingPlanArn" in group.spec]
    return {
        "ClusterArn": it.arn,
        "ClusterName": it.name,
        "CreationTime": it.created,
        "ClusterStatus": it.status,
        "TrainingPlanArns": plans,
    }


def node_summary(group: Group, node: Node) -> Shape:
    return {
        "InstanceGroupName": group.name,
        "InstanceId": node.instance_id,
        "NodeLogicalId": node.logical_id,
        "InstanceType": node.instance_type,
        "LaunchTime": node.launched,
        "InstanceStatus": {"Status": node.status, "Message": node.message},
        "PrivateDnsHostname": _host_name(node),
    }


def node_details(group: Group, node: Node) -> Shape:
    echoed = {key: group.spec[key] for key in OF_A_NODE if key in group.spec}
    return (
        node_summary(group, node)
        | {
            "PrivatePrimaryIp": node.private_ip,
            "Placement": {"AvailabilityZone": node.zone, "AvailabilityZoneId": node.zone_id},
            "CapacityType": "Spot" if "Spot" in group.spec.get("CapacityRequirements", {}) else "OnDemand",
        }
        | echoed
    )


def event_summary(it: Cluster, event: Event) -> Shape:
    return {
        "EventId": event.id,
        "ClusterArn": it.arn,
        "ClusterName": it.name,
        "InstanceGroupName": event.group,
        "InstanceId": event.instance_id,
        "ResourceType": event.resource_type,
        "EventTime": event.time,
        "Description": event.description,
        "EventLevel": event.level,
    }


def event_details(it: Cluster, event: Event) -> Shape:
    """With the one member of EventMetadata that the event fills; an event that fills none has no details."""
    return event_summary(it, event) | ({"EventDetails": {"EventMetadata": event.metadata}} if event.metadata else {})


def _group(it: Cluster, group: Group) -> Shape:
    spec = group.spec
    shown = {key: value for key, value in spec.items() if key not in NOT_ECHOED} | {
        "InstanceType": group.instance_type,
        "CurrentCount": group.running,
        "TargetCount": group.target,
        "Status": group.status,
        "TrainingPlanStatus": "NotApplicable" if "TrainingPlanArn" not in spec else "Applied",
    }
    return shown | _translated(spec) | _scaling(it, group)


def _translated(spec: Shape) -> Shape:
    """What the API takes in one form and shows in another."""
    shown: Shape = {}
    if "MinInstanceCount" in spec:
        shown["MinCount"] = spec["MinInstanceCount"]
    if "ImageId" in spec:
        shown |= {"CurrentImageId": spec["ImageId"], "DesiredImageId": spec["ImageId"]}
    if "InstanceRequirements" in spec:
        types = spec["InstanceRequirements"]["InstanceTypes"]
        shown["InstanceRequirements"] = {"CurrentInstanceTypes": types, "DesiredInstanceTypes": types}
    if "KubernetesConfig" in spec:
        names = [
            (f"{when}{key}", value)
            for key, value in spec["KubernetesConfig"].items()
            for when in ("Current", "Desired")
        ]
        shown["KubernetesConfig"] = dict(names)
    return shown


def _scaling(it: Cluster, group: Group) -> Shape:
    return {"ActiveOperations": {"Scaling": 1}} if it.continuous and group.running != group.target else {}


def _host_name(node: Node) -> str:
    region = (node.zone or "")[:-1]
    return f"ip-{node.private_ip.replace('.', '-')}.{region}.compute.internal"
