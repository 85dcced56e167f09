"""What really goes wrong with a group's nodes, in the words HyperPod has for it."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from simulator.context import Context
from simulator.ec2.inside import client
from simulator.hyperpod.cluster import Group, Node, Shape
from simulator.hyperpod.nodes import efa_interfaces
from simulator.internet import way_out

CAPACITY, EFA, LIFECYCLE = "Capacity", "Efa", "LifecycleScript"
KINDS = (CAPACITY, EFA, LIFECYCLE)  # in the order in which a node meets them


@dataclass(frozen=True)
class Wish:
    """A failure that somebody has asked for: one of `KINDS`, in HyperPod's words for it or in others."""

    kind: str
    words: str = ""


def text(kind: str, group: Group, node: Node | None, *, continuous: bool) -> str:
    """The message of a failure that was asked for."""
    if kind == CAPACITY and continuous:
        return f"We do not have sufficient capacity to launch new {group.instance_type} instances for {group.name}."
    if kind == CAPACITY:
        return (
            f"We do not have sufficient capacity for the requested instance type {group.instance_type} of {group.name}."
        )
    return _efa_text(node) if kind == EFA else _lifecycle_text(group, node)


def wrong_addresses(group: Group, code: str) -> str:
    return f"Cannot provision requested instances of {group.name} in {group.subnet_id}: {code}."


def wrong_efa(context: Context, group: Group, node: Node) -> str | None:
    """EFA needs all traffic to and from each of its own groups, by group id.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-start.html
    """
    if not group.subnet_id or not efa_interfaces(group.instance_type, context.region):
        return None
    found = client("ec2", context.region).describe_security_groups(GroupIds=list(group.group_ids))["SecurityGroups"]
    return None if all(_is_its_own_peer(shown) for shown in found) else _efa_text(node)


def wrong_lifecycle(context: Context, group: Group, node: Node) -> str | None:
    """A node needs a way to S3, and the script has to be there."""
    config = group.spec.get("LifeCycleConfig", {})
    script = config.get("OnCreate") or config.get("OnInitComplete")
    if not script or group.restricted:
        return None
    if (
        node.interface_ids
        and not way_out(context, node.interface_ids[0], f"s3.{context.region}.amazonaws.com").addresses
    ):
        return f"Lifecycle scripts execution timed out on {node.instance_id} of {group.name}."
    return None if _is_in_s3(context, config["SourceS3Uri"], script) else _lifecycle_text(group, node)


def _is_its_own_peer(shown: Shape) -> bool:
    return all(
        any(
            rule["IpProtocol"] == "-1" and any(pair["GroupId"] == shown["GroupId"] for pair in rule["UserIdGroupPairs"])
            for rule in shown[direction]
        )
        for direction in ("IpPermissions", "IpPermissionsEgress")
    )


def _is_in_s3(context: Context, uri: str, script: str) -> bool:
    bucket, _, prefix = uri.partition("://")[2].partition("/")
    key = f"{prefix.rstrip('/')}/{script}".lstrip("/")
    try:
        client("s3", context.region).head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def _efa_text(node: Node | None) -> str:
    return (
        f"EFA health checks did not run successfully on {node.instance_id if node else 'an instance'}. "
        "See whether the security groups allow all traffic to and from themselves."
    )


def _lifecycle_text(group: Group, node: Node | None) -> str:
    stream = f"LifecycleConfig/{group.name}/{node.instance_id if node else ''}"
    return f"Lifecycle scripts did not run successfully. Their output is in the log stream {stream}."
