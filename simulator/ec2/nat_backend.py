"""NAT gateways as AWS makes them, in place of moto's."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.utils import random_nat_gateway_id

from simulator.ec2 import changes
from simulator.ec2.addresses import first_free
from simulator.ec2.nat_gateway import PENDING, Address, Failure, NatGateway
from simulator.ec2.world import Ec2

AT_ONCE = timedelta(0)
NAT_INTERFACE = "nat_gateway"


class NatGatewayBackend(EC2Backend):
    """`world` is set by whoever installs it."""

    world: Ec2

    def create_nat_gateway(  # type: ignore[override]  # moto's knows less
        self,
        subnet_id: str,
        allocation_id: str | None,
        tags: dict[str, str] | None = None,
        connectivity_type: str | None = "public",
        *,
        private_ip: str | None = None,
        secondary_allocation_ids: Sequence[str] = (),
        pending: timedelta = PENDING,
    ) -> NatGateway:
        """Make a gateway that becomes available after `pending`, or fails then.

        Raises:
            EC2ClientError: a subnet or allocation that is not there, an address that is taken.
        """
        subnet, private = self.get_subnet(subnet_id), connectivity_type == "private"
        if not private and not allocation_id:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter AllocationId.")
        allocations = [] if private else [str(allocation_id), *secondary_allocation_ids]
        self._must_be_free(allocations)
        now, nat_id = self.world.now(), random_nat_gateway_id()
        nat = NatGateway(self, nat_id, subnet.vpc_id, self.world.now, now, now + pending, subnet_id=subnet_id)
        nat.connectivity = connectivity_type or "public"
        nat.failure = self.world.nat_failure() or self._why_it_must_fail(subnet, private=private)
        if not nat.failure:
            self._furnish(nat, subnet, allocations, private_ip)
        nat.add_tags(tags or {})
        self.nat_gateways[nat.id] = nat  # type: ignore[assignment]  # ours stands in for moto's
        changes.note()
        return nat

    def delete_nat_gateway(self, nat_gateway_id: str) -> NatGateway:  # type: ignore[override]
        nat = self.get_nat_gateway(nat_gateway_id)
        if not nat.deleted:
            nat.deleted = self.world.now()
            self._strip(nat)
        return nat

    def get_nat_gateway(self, nat_gateway_id: str) -> NatGateway:
        nat: Any = self.nat_gateways.get(nat_gateway_id)
        if nat is None or not nat.listed:
            raise EC2ClientError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
        return nat  # type: ignore[no-any-return]

    def add_nat_addresses(self, nat_gateway_id: str, allocation_ids: list[str]) -> NatGateway:
        """Give a zonal public gateway more addresses, each with a private one of its own.

        Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateNatGatewayAddress.html
        """
        nat = self.get_nat_gateway(nat_gateway_id)
        if nat.state != "available" or nat.connectivity != "public" or not nat.subnet_id:
            raise EC2ClientError("InvalidParameter", f"NatGateway {nat.id} takes no more addresses while {nat.state}.")
        self._must_be_free(allocation_ids)
        interface = self.get_network_interface(nat.addresses[0].interface_id)
        nat.addresses += [self._another(interface, allocation_id) for allocation_id in allocation_ids]
        return nat

    def remove_nat_addresses(self, nat_gateway_id: str, association_ids: list[str]) -> NatGateway:
        nat = self.get_nat_gateway(nat_gateway_id)
        going = [address for address in nat.addresses if address.association_id in association_ids]
        if len(going) != len(association_ids) or any(address.primary for address in going):
            raise EC2ClientError("InvalidParameter", "Only a secondary address of this gateway can be disassociated.")
        for address in going:
            address.going, address.since = True, self.world.now()
            self._let_go(address)
            self.unassign_private_ip_addresses(address.interface_id, [address.private_ip])
        return nat

    def disassociate_address(self, address: str | None = None, association_id: str | None = None) -> None:
        """As moto's, but an address in use by a gateway can be taken from it by the gateway's own operations only."""
        for eip in self.addresses:
            of_a_gateway = eip.eni and eip.eni.interface_type == NAT_INTERFACE
            if of_a_gateway and (address == eip.public_ip or association_id == eip.association_id):
                raise EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
        super().disassociate_address(address, association_id)

    def release_address(self, address: str | None = None, allocation_id: str | None = None) -> None:
        """As moto's, but an address in use stays: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html"""
        for eip in self.addresses:
            if eip.association_id and (address == eip.public_ip or allocation_id == eip.allocation_id):
                raise EC2ClientError("InvalidIPAddress.InUse", f"Address {eip.public_ip} is in use.")
        super().release_address(address, allocation_id)

    def _must_be_free(self, allocation_ids: Sequence[str]) -> None:
        for eip in self.address_by_allocation(list(allocation_ids)) if allocation_ids else []:
            if eip.association_id:
                message = f"Elastic IP address [{eip.allocation_id}] is already associated"
                raise EC2ClientError("Resource.AlreadyAssociated", message)

    def _why_it_must_fail(self, subnet: Any, *, private: bool) -> Failure | None:
        attached = any(igw.vpc and igw.vpc.id == subnet.vpc_id for igw in self.internet_gateways.values())
        if not private and not attached:
            return Failure("Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached")
        try:
            first_free(subnet, list(self.enis.values()))
        except EC2ClientError as full:
            return Failure(full.code, "Subnet has insufficient free addresses to create this NAT gateway")
        return None

    def _furnish(self, nat: NatGateway, subnet: Any, allocations: list[str], private_ip: str | None) -> None:
        interface = self.create_network_interface(
            subnet, private_ip or "", description=f"Interface for NAT Gateway {nat.id}"
        )
        interface.interface_type, interface.requester_managed = NAT_INTERFACE, True
        interface.status, interface._group_set = "in-use", []
        primary = self._address(interface, str(interface.private_ip_address), next(iter(allocations), None))
        primary.primary = True
        nat.addresses = [primary, *(self._another(interface, allocation_id) for allocation_id in allocations[1:])]
        for address in nat.addresses:
            address.since = nat.ready - PENDING  # they come with the gateway

    def _another(self, interface: Any, allocation_id: str) -> Address:
        private_ip = first_free(interface.subnet, list(self.enis.values()))
        interface.private_ip_addresses.append({"Primary": False, "PrivateIpAddress": private_ip})
        return self._address(interface, private_ip, allocation_id)

    def _address(self, interface: Any, private_ip: str, allocation_id: str | None) -> Address:
        address = Address(interface.id, private_ip, self.world.now(), allocation_id)
        if allocation_id:
            shown = interface.public_ip  # an interface shows its first address only
            eip = self.associate_address(eni=interface, allocation_id=allocation_id)
            interface.public_ip = shown or eip.public_ip
            address.public_ip, address.association_id = eip.public_ip, eip.association_id
        return address

    def _strip(self, nat: NatGateway) -> None:
        for address in nat.addresses:
            self._let_go(address)
        for interface_id in {address.interface_id for address in nat.addresses}:
            self.delete_network_interface(interface_id)

    def _let_go(self, address: Address) -> None:
        eip = next((eip for eip in self.addresses if eip.association_id == address.association_id), None)
        if eip and address.association_id:
            eip.eni = eip.instance = eip.association_id = None
