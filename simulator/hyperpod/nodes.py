"""Nodes come and go with their network interfaces; all else of them is in an account of AWS's own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import InstanceState
from moto.ec2.utils import random_eni_attach_id, random_instance_id
from moto.moto_api._internal import mock_random

from simulator.context import Context
from simulator.ec2 import changes
from simulator.ec2.inside import client
from simulator.hyperpod.cluster import Cluster, Group, Node

SERVICE_ACCOUNT = "999999999999"  # where the instances themselves are
PLATFORM_IP = "172.16.0.10"  # of a node on AWS's own network


@dataclass
class _ServiceInstance:
    """What a node's interface is attached to, as far as the customer's account may see: an owner, no id."""

    owner_id: str = SERVICE_ACCOUNT
    id: str | None = None
    security_groups: list[Any] = field(default_factory=list)
    _state: InstanceState = field(default_factory=lambda: InstanceState("elsewhere"))  # gets no address by itself


@cache
def efa_interfaces(instance_type: str, region: str) -> int:
    """How many EFA interfaces a type has; 0 for one without, or one that EC2 does not know.

    >>> efa_interfaces("ml.p5.48xlarge", "ap-northeast-1")
    32
    """
    try:
        found = client("ec2", region).describe_instance_types(InstanceTypes=[instance_type.removeprefix("ml.")])
    except ClientError:
        return 0
    return int(found["InstanceTypes"][0]["NetworkInfo"].get("EfaInfo", {}).get("MaximumEfaInterfaces", 0))


class Nodes:
    def __init__(self, context: Context) -> None:
        self._context = context

    def make(self, cluster: Cluster, group: Group, now: datetime) -> Node:
        """Make one node of a group, in the place of one that is to be replaced if there is one.

        Raises:
            EC2ClientError: no free address in the subnet.
        """
        name = group.vacant.pop(0) if group.vacant else f"{group.name}-{mock_random.uuid4()}"
        node = Node(random_instance_id(), name, group.instance_type, now, [], PLATFORM_IP)
        if group.subnet_id:
            self._connect(cluster, group, node)
        group.nodes.append(node)
        return node

    def remove(self, group: Group, nodes: Iterable[Node]) -> None:
        for node in list(nodes):
            for interface_id in node.interface_ids:
                self._delete(interface_id)
            group.nodes.remove(node)

    def _connect(self, cluster: Cluster, group: Group, node: Node) -> None:
        """Give a node an interface, or one for each of its EFA devices that carries an address."""
        efa = efa_interfaces(group.instance_type, self._context.region)
        if group.spec.get("NetworkInterface", {}).get("InterfaceType") == "efa-only":
            efa = 0
        for number in range(max(1, efa)):
            interface = self._interface(cluster, group, node, number)
            interface.interface_type = "efa" if efa else "interface"
            if number == 0:
                node.private_ip = interface.private_ip_address
                node.zone, node.zone_id = interface.subnet.availability_zone, interface.subnet.availability_zone_id
        changes.note()

    def _interface(self, cluster: Cluster, group: Group, node: Node, number: int) -> Any:
        backend: Any = self._backend
        interface = backend.create_network_interface(
            group.subnet_id,
            "",
            group_ids=list(group.group_ids),
            description=f"{self._context.account}_{cluster.id}_{node.logical_id}",
        )
        node.interface_ids.append(interface.id)
        interface.instance, interface.device_index = _ServiceInstance(), number
        interface.attachment_id, interface.attach_time = random_eni_attach_id(), node.launched.replace(tzinfo=None)
        interface.status = "in-use"
        return interface

    def _delete(self, interface_id: str) -> None:
        if interface_id in self._backend.enis:
            for address in self._backend.addresses:
                if address.eni and address.eni.id == interface_id:
                    self._backend.disassociate_address(address=address.public_ip)
            self._backend.delete_network_interface(interface_id)
            changes.note()

    @property
    def _backend(self) -> Any:
        return ec2_backends[self._context.account][self._context.region]
