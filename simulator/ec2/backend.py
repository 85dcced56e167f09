"""EC2's state: moto's, with the truths that moto lacks. What CloudFormation makes comes through here too."""

import types
from fnmatch import fnmatchcase
from typing import Any

import moto.ec2.urls
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Reservation
from moto.ec2.models.vpcs import VPCEndPoint

from simulator.ec2.addresses import first_free, lies_in
from simulator.ec2.nat_backend import NatGatewayBackend
from simulator.ec2.nat_gateway import IN_USE

PUBLIC_ADDRESS = "association.public-ip"


class WorldBackend(NatGatewayBackend):
    @property
    def _url_module(self) -> types.ModuleType:
        return moto.ec2.urls  # moto would look beside this module

    def create_network_interface(
        self,
        subnet: Any,
        private_ip_address: Any,
        private_ip_addresses: list[dict[str, Any]] | None = None,
        group_ids: list[str] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> NetworkInterface:
        """As moto's, with an address that is the subnet's and free, and with groups that exist in its VPC."""
        subnet = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        for group_id in group_ids or []:
            self._must_fit(group_id, subnet)
        with self.world.lock:
            wanted = private_ip_address if isinstance(private_ip_address, str) else None
            if not private_ip_addresses and not lies_in(subnet, wanted):
                wanted = first_free(subnet, list(self.enis.values()))
            return super().create_network_interface(
                subnet, wanted or "", private_ip_addresses, group_ids, *args, **kwargs
            )

    def get_all_network_interfaces(
        self, eni_ids: list[str] | None = None, filters: Any = None
    ) -> list[NetworkInterface]:
        """As moto's, also by public address."""
        others = {name: values for name, values in (filters or {}).items() if name != PUBLIC_ADDRESS}
        found = super().get_all_network_interfaces(eni_ids, others)
        if not (patterns := (filters or {}).get(PUBLIC_ADDRESS)):
            return found
        return [eni for eni in found if any(eni.public_ip and fnmatchcase(eni.public_ip, one) for one in patterns)]

    def create_vpc_endpoint(self, *args: Any, **kwargs: Any) -> VPCEndPoint:
        """As moto's, with the endpoint's groups on its interfaces."""
        endpoint = super().create_vpc_endpoint(*args, **kwargs)
        for interface_id in endpoint.network_interface_ids if endpoint.security_group_ids else []:
            self.modify_network_interface_attribute(interface_id, endpoint.security_group_ids)
        return endpoint

    def run_instances(self, *args: Any, **kwargs: Any) -> Reservation:
        """As moto's, and a launch that fails leaves no empty reservation behind."""
        try:
            return super().run_instances(*args, **kwargs)
        finally:
            for reservation in [item for item in self.reservations.values() if not item.instances]:
                del self.reservations[reservation.id]

    def _must_fit(self, group_id: str, subnet: Any) -> None:
        group = self.get_security_group_from_id(group_id)
        if group is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if group.vpc_id != subnet.vpc_id:
            message = f"Security group {group_id} and subnet {subnet.id} belong to different networks."
            raise EC2ClientError("InvalidParameter", message)


def route_state(route: Any) -> str:
    """``blackhole`` once a route's target is gone or detached; the route itself stays.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-concepts.html
    """
    backend, vpc_id = route.route_table.ec2_backend, route.route_table.vpc_id
    alive = [
        not route.nat_gateway or route.nat_gateway.state in IN_USE,
        not route.gateway_id or not route.gateway_id.startswith("igw-") or _attached(route.gateway, vpc_id),
        not route.interface or route.interface.id in backend.enis,
        not route.instance or route.instance.state in ("pending", "running"),
    ]
    return "active" if all(alive) else "blackhole"


def _attached(gateway: Any, vpc_id: str) -> bool:
    return bool(gateway.vpc and gateway.vpc.id == vpc_id)


def free_address_for(subnet: Any, instance: Any) -> str:  # noqa: ARG001 (moto hands over the instance)
    """The address of a new instance: moto keeps its own count, and so would give one away twice."""
    return first_free(subnet, list(subnet.ec2_backend.enis.values()))
