"""What EC2 tells about a VPC, as far as the way out of it depends on it.

Shapes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Types.html
"""

from enum import StrEnum
from typing import ClassVar, NamedTuple

from pydantic import Field

from control_plane.domain.wire import AwsShape


class Ipv6CidrBlockState(AwsShape):
    aws: ClassVar = "ec2.SubnetCidrBlockState"
    state: str | None = None


class Ipv6CidrBlockAssociation(AwsShape):
    aws: ClassVar = "ec2.SubnetIpv6CidrBlockAssociation"
    ipv6_cidr_block: str | None = None
    ipv6_cidr_block_state: Ipv6CidrBlockState = Field(default_factory=Ipv6CidrBlockState)


class Subnet(AwsShape):
    aws: ClassVar = "ec2.Subnet"
    subnet_id: str
    vpc_id: str
    state: str
    availability_zone: str | None = None
    available_ip_address_count: int = 0
    cidr_block: str | None = None  # absent in an IPv6-only subnet
    ipv6_cidr_block_association_set: tuple[Ipv6CidrBlockAssociation, ...] = ()

    @property
    def dual_stack(self) -> bool:
        return any(block.ipv6_cidr_block_state.state == "associated" for block in self.ipv6_cidr_block_association_set)


class Kind(StrEnum):
    """What a route can lead to, in the words we tell it with."""

    NAT_GATEWAY = "NAT gateway"
    INTERNET_GATEWAY = "internet gateway"
    ENDPOINT = "VPC endpoint"
    TRANSIT_GATEWAY = "transit gateway"
    PEERING = "VPC peering connection"
    PRIVATE_GATEWAY = "virtual private gateway"
    EGRESS_ONLY_GATEWAY = "egress-only internet gateway"
    INSTANCE = "instance"
    INTERFACE = "network interface"
    CARRIER_GATEWAY = "carrier gateway"
    LOCAL_GATEWAY = "local gateway"
    CORE_NETWORK = "core network"
    ODB_NETWORK = "ODB network"
    NEXT_HOP = "next hop of a route server"
    LOCAL = "the VPC itself"
    OTHER = "target of a kind we do not know"


class Target(NamedTuple):
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


_GATEWAYS = {"igw": Kind.INTERNET_GATEWAY, "vgw": Kind.PRIVATE_GATEWAY, "vpce": Kind.ENDPOINT, "local": Kind.LOCAL}
_TARGETS = {  # an instance's route names its interface too: the instance says more, so it stands first
    "nat_gateway_id": Kind.NAT_GATEWAY,
    "transit_gateway_id": Kind.TRANSIT_GATEWAY,
    "vpc_peering_connection_id": Kind.PEERING,
    "egress_only_internet_gateway_id": Kind.EGRESS_ONLY_GATEWAY,
    "instance_id": Kind.INSTANCE,
    "network_interface_id": Kind.INTERFACE,
    "carrier_gateway_id": Kind.CARRIER_GATEWAY,
    "local_gateway_id": Kind.LOCAL_GATEWAY,
    "core_network_arn": Kind.CORE_NETWORK,
    "odb_network_arn": Kind.ODB_NETWORK,
    "ip_address": Kind.NEXT_HOP,
}


class Route(AwsShape):
    aws: ClassVar = "ec2.Route"
    destination_cidr_block: str | None = None
    destination_ipv6_cidr_block: str | None = None
    destination_prefix_list_id: str | None = None
    gateway_id: str | None = None
    nat_gateway_id: str | None = None
    transit_gateway_id: str | None = None
    vpc_peering_connection_id: str | None = None
    egress_only_internet_gateway_id: str | None = None
    instance_id: str | None = None
    network_interface_id: str | None = None
    carrier_gateway_id: str | None = None
    local_gateway_id: str | None = None
    core_network_arn: str | None = None
    odb_network_arn: str | None = None
    ip_address: str | None = None
    state: str = "active"  # or blackhole; or filtered: not installed
    origin: str | None = None

    @property
    def target(self) -> Target:
        if self.gateway_id:
            return Target(_GATEWAYS.get(self.gateway_id.split("-")[0], Kind.OTHER), self.gateway_id)
        named = ((kind, getattr(self, field)) for field, kind in _TARGETS.items())
        return next((Target(kind, target) for kind, target in named if target), Target(Kind.OTHER, "none"))

    @property
    def destination(self) -> str:
        return (
            self.destination_cidr_block or self.destination_ipv6_cidr_block or self.destination_prefix_list_id or "none"
        )

    @property
    def preference(self) -> int:
        """Lower wins among routes to the same block: static, then prefix list, then propagated.

        https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
        """
        if self.origin == "EnableVgwRoutePropagation":
            return 2
        return 1 if self.destination_prefix_list_id else 0


class AssociationState(AwsShape):
    aws: ClassVar = "ec2.RouteTableAssociationState"
    state: str = "associated"


class RouteTableAssociation(AwsShape):
    aws: ClassVar = "ec2.RouteTableAssociation"
    route_table_association_id: str | None = None  # all that some calls name
    main: bool = False
    subnet_id: str | None = None  # absent for the main table's association, and for a gateway's
    association_state: AssociationState = Field(default_factory=AssociationState)

    @property
    def holds(self) -> bool:
        return self.association_state.state == "associated"


class RouteTable(AwsShape):
    aws: ClassVar = "ec2.RouteTable"
    route_table_id: str
    vpc_id: str
    associations: tuple[RouteTableAssociation, ...] = ()
    routes: tuple[Route, ...] = ()


class NatGatewayAddress(AwsShape):
    aws: ClassVar = "ec2.NatGatewayAddress"
    public_ip: str | None = None
    private_ip: str | None = None
    status: str = "succeeded"


class NatGateway(AwsShape):
    """Zonal ones stand in a subnet; regional ones in none, and have a route table of their own.

    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
    """

    aws: ClassVar = "ec2.NatGateway"
    nat_gateway_id: str
    vpc_id: str
    subnet_id: str | None = None
    state: str
    connectivity_type: str = "public"
    availability_mode: str = "zonal"
    route_table_id: str | None = None
    auto_scaling_ips: str | None = None
    auto_provision_zones: str | None = None
    nat_gateway_addresses: tuple[NatGatewayAddress, ...] = ()
    failure_message: str | None = None

    @property
    def public(self) -> bool:
        return self.connectivity_type == "public"

    @property
    def condition(self) -> str:
        return f"NAT gateway {self.nat_gateway_id} is {self.state}" + (
            f": {self.failure_message}" if self.failure_message else ""
        )

    @property
    def self_scaling(self) -> bool:
        """AWS adds and removes its addresses by itself."""
        return "enabled" in (self.auto_scaling_ips, self.auto_provision_zones)

    @property
    def working(self) -> tuple[NatGatewayAddress, ...]:
        """The addresses it sends from; which one a connection gets cannot be chosen."""
        return tuple(one for one in self.nat_gateway_addresses if one.status == "succeeded")

    @property
    def public_ips(self) -> frozenset[str]:
        return frozenset(one.public_ip for one in self.working if one.public_ip)


class InternetGatewayAttachment(AwsShape):
    aws: ClassVar = "ec2.InternetGatewayAttachment"
    vpc_id: str | None = None
    state: str | None = None  # "available" when attached, says the model


class InternetGateway(AwsShape):
    aws: ClassVar = "ec2.InternetGateway"
    internet_gateway_id: str
    attachments: tuple[InternetGatewayAttachment, ...] = ()

    def attached_to(self, vpc_id: str) -> bool:
        return any(one.vpc_id == vpc_id and one.state in ("available", "attached") for one in self.attachments)


class IpRange(AwsShape):
    aws: ClassVar = "ec2.IpRange"
    cidr_ip: str


class UserIdGroupPair(AwsShape):
    aws: ClassVar = "ec2.UserIdGroupPair"
    group_id: str | None = None


class PrefixListId(AwsShape):
    aws: ClassVar = "ec2.PrefixListId"
    prefix_list_id: str


class IpPermission(AwsShape):
    """AWS folds all rules of one protocol and port range into one of these."""

    aws: ClassVar = "ec2.IpPermission"
    ip_protocol: str  # "-1": every protocol
    from_port: int | None = None
    to_port: int | None = None
    ip_ranges: tuple[IpRange, ...] = ()
    user_id_group_pairs: tuple[UserIdGroupPair, ...] = ()
    prefix_list_ids: tuple[PrefixListId, ...] = ()


class SecurityGroup(AwsShape):
    aws: ClassVar = "ec2.SecurityGroup"
    group_id: str
    vpc_id: str
    ip_permissions: tuple[IpPermission, ...] = ()
    ip_permissions_egress: tuple[IpPermission, ...] = ()


class PortRange(AwsShape):
    aws: ClassVar = "ec2.PortRange"
    first: int = Field(alias="From")
    last: int = Field(alias="To")


class NetworkAclEntry(AwsShape):
    aws: ClassVar = "ec2.NetworkAclEntry"
    rule_number: int
    protocol: str  # a number; "-1": every protocol
    rule_action: str  # allow or deny
    egress: bool
    cidr_block: str | None = None  # absent in an IPv6 entry
    port_range: PortRange | None = None  # absent: every port


class NetworkAclAssociation(AwsShape):
    aws: ClassVar = "ec2.NetworkAclAssociation"
    network_acl_association_id: str | None = None
    subnet_id: str


class NetworkAcl(AwsShape):
    aws: ClassVar = "ec2.NetworkAcl"
    network_acl_id: str
    associations: tuple[NetworkAclAssociation, ...] = ()  # every subnet is in exactly one
    entries: tuple[NetworkAclEntry, ...] = ()


class VpcEndpoint(AwsShape):
    aws: ClassVar = "ec2.VpcEndpoint"
    vpc_endpoint_id: str
    vpc_id: str
    vpc_endpoint_type: str = "Gateway"  # what CreateVpcEndpoint makes where nothing else is said
    service_name: str
    state: str
    route_table_ids: tuple[str, ...] = ()
    subnet_ids: tuple[str, ...] = ()

    @property
    def gone(self) -> bool:
        """It may be listed for a while: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html"""
        return self.state.lower() in ("deleting", "deleted", "failed", "rejected", "expired")


class NetworkInterfaceAssociation(AwsShape):
    aws: ClassVar = "ec2.NetworkInterfaceAssociation"
    public_ip: str | None = None


class GroupIdentifier(AwsShape):
    aws: ClassVar = "ec2.GroupIdentifier"
    group_id: str


class NetworkInterface(AwsShape):
    aws: ClassVar = "ec2.NetworkInterface"
    network_interface_id: str
    subnet_id: str
    private_ip_address: str | None = None
    groups: tuple[GroupIdentifier, ...] = ()
    association: NetworkInterfaceAssociation | None = None  # absent where it has no public address

    @property
    def public_ip(self) -> str | None:
        return self.association.public_ip if self.association else None

    @property
    def group_ids(self) -> frozenset[str]:
        return frozenset(one.group_id for one in self.groups)
