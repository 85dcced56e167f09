"""Where a node's traffic would leave the VPC, worked out from what AWS says of it; no packet is sent.

One walk follows one destination: subnet → its route table → longest prefix → the target's own subnet → … → the end.
A promise puts together the walks to every part of the internet that the VPC treats differently.
"""

from enum import StrEnum
from typing import NamedTuple

from control_plane.domain.account.blocks import Block
from control_plane.domain.account.facts import Network
from control_plane.domain.account.network import Kind, NatGateway, Route, RouteTable, Subnet
from control_plane.domain.account.packet_filters import HTTPS, NAT_PORTS, NODE_PORTS, Passage, Ports, acl_passage

# What a walk cannot do without. ACLs, groups and endpoints it can: what is missing there changes no address.
READS = frozenset(
    {
        "ec2:DescribeSubnets",
        "ec2:DescribeRouteTables",
        "ec2:DescribeNatGateways",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeVpcEndpoints",  # a route to one is S3's own way, or leads through a firewall
        "ec2:GetManagedPrefixListEntries",
    }
)


class End(StrEnum):
    """How a walk ends."""

    LEAVES = "Leaves"  # through a public NAT gateway and an attached internet gateway
    ELSEWHERE = "Elsewhere"  # handed to something whose way out, if any, is not ours to see
    OUT_OF_SIGHT = "OutOfSight"  # it goes on, and we cannot see how
    NO_ROUTE = "NoRoute"
    BLACKHOLE = "Blackhole"
    DEAD_END = "DeadEnd"  # a target that carries no internet traffic, or a circle
    NO_PUBLIC_ADDRESS = "NoPublicAddress"  # an internet gateway at once; HyperPod gives nodes no public address
    NAT_NOT_AVAILABLE = "NatNotAvailable"
    NAT_WITHOUT_ADDRESS = "NatWithoutAddress"
    PRIVATE_NAT = "PrivateNat"  # translated to a private address, then an internet gateway, which drops it
    BEYOND_NAT = "BeyondNat"  # the NAT gateway's own subnet leads nowhere
    CLOSED_BY_GROUPS = "ClosedByGroups"
    CLOSED_BY_ACL = "ClosedByAcl"


# No internet through a peer: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
CARRY_NO_INTERNET = frozenset({Kind.PEERING, Kind.LOCAL, Kind.EGRESS_ONLY_GATEWAY})


class Way(NamedTuple):
    """One way through the network: the hops in words, how it ends, and at what."""

    end: End
    hops: tuple[str, ...]
    at: str  # the resource that decides the end
    seen: str  # the end in words
    public_ips: frozenset[str] = frozenset()
    nat_gateways: tuple[str, ...] = ()
    inspected_by: tuple[str, ...] = ()  # firewall or load balancer endpoints: what is behind may send it elsewhere
    half_open_acls: tuple[str, ...] = ()  # ACLs that let some of the ports through, and not others

    def __str__(self) -> str:
        return " → ".join(self.hops)


def walk(network: Network, subnet: Subnet, destination: Block) -> Way:
    """Follow TCP port 443 from a subnet to a destination that no route or ACL entry splits, see `pieces`."""
    trip = _Trip(network, subnet, destination)
    while (way := trip.next_hop()) is None:
        pass
    return way


class _Trip:
    def __init__(self, network: Network, subnet: Subnet, destination: Block) -> None:
        self.network, self.subnet, self.destination = network, subnet, destination
        self.place: str | None = subnet.subnet_id  # the subnet the traffic is in; None inside a regional NAT gateway
        self.table: RouteTable | None = network.table_of(subnet.subnet_id, subnet.vpc_id)
        # where answers go back to
        self.sources: tuple[Block, ...] = (Block.of(subnet.cidr_block),) if subnet.cidr_block else ()
        self.ports: Ports = NODE_PORTS
        self.hops = [subnet.subnet_id]
        self.passed: set[str] = set()
        self.nats: list[NatGateway] = []
        self.inspected_by: list[str] = []
        self.half_open: list[str] = []

    def next_hop(self) -> Way | None:
        if self.table is None:
            seen = f"the route table of {self.place} cannot be seen; in a shared VPC it is the owner's"
            return self.ends(End.OUT_OF_SIGHT, str(self.place), seen)
        table = self.table.route_table_id
        if table in self.passed:
            return self.ends(End.DEAD_END, table, f"the way leads in a circle through {table}")
        self.passed.add(table)
        route = next((route for block, route in self.network.routes[table] if block.covers(self.destination)), None)
        if route is None:
            return self.ends(End.NO_ROUTE, table, f"{table} has no route to the internet")
        return self.follow(table, route)

    def follow(self, table: str, route: Route) -> Way | None:
        if len(self.hops) == 1:
            self.hops.append(f"{table}: {route.destination}")
        if route.state == "blackhole":
            nat = self.network.nat_gateway.get(route.target.id)
            why = nat.condition if nat else f"{route.target} is gone"
            seen = f"the route {route.destination} of {table} is a blackhole: {why}"
            return self.ends(End.BLACKHOLE, table, seen, f"{route.target.id} (blackhole)")
        if shut := self.crosses(leaving=True):
            return shut
        return self.towards(table, route)

    def towards(self, table: str, route: Route) -> Way | None:
        kind, target = route.target
        if carrier := {
            Kind.NAT_GATEWAY: self.through_nat,
            Kind.INTERNET_GATEWAY: self.to_internet_gateway,
            Kind.ENDPOINT: self.through_endpoint,
        }.get(kind):
            return carrier(target)
        if kind is Kind.OTHER:
            return self.ends(End.OUT_OF_SIGHT, table, f"the route {route.destination} of {table} has a {route.target}")
        end = End.DEAD_END if kind in CARRY_NO_INTERNET else End.ELSEWHERE
        return self.ends(end, target, f"{route.target} takes the traffic", f"{target} ({kind})")

    def through_nat(self, nat_id: str) -> Way | None:
        nat = self.network.nat_gateway.get(nat_id)
        if nat is None:
            seen = f"NAT gateway {nat_id} cannot be seen; in a shared VPC it is the owner's"
            return self.ends(End.OUT_OF_SIGHT, nat_id, seen, nat_id)
        if nat.state != "available":
            return self.ends(End.NAT_NOT_AVAILABLE, nat_id, nat.condition, f"{nat_id} ({nat.state})")
        if nat.public and not nat.public_ips:
            seen = f"NAT gateway {nat_id} has no public address in use"
            return self.ends(End.NAT_WITHOUT_ADDRESS, nat_id, seen, nat_id)
        self.hops.append(f"{nat_id} ({', '.join(sorted(nat.public_ips)) or 'private'})")
        self.nats.append(nat)
        return self.out_of_regional(nat) if nat.subnet_id is None else self.out_of_zonal(nat, nat.subnet_id)

    def out_of_zonal(self, nat: NatGateway, subnet_id: str) -> Way | None:
        if shut := self.enters(subnet_id):
            return shut
        self.ports = NAT_PORTS
        self.sources = tuple(Block.of(one.private_ip) for one in nat.working if one.private_ip)
        return None

    def out_of_regional(self, nat: NatGateway) -> Way | None:
        """It stands in no subnet, so no ACL sees it, and AWS gives it a table with a route to the internet gateway."""
        self.place, self.table = None, self.network.route_table.get(nat.route_table_id or "")
        if self.table:
            return None
        attached = (one.internet_gateway_id for one in self.network.internet_gateways if one.attached_to(nat.vpc_id))
        return self.to_internet_gateway(next(attached, "none"))

    def to_internet_gateway(self, gateway_id: str) -> Way:
        if not self.nats:
            seen = f"{self.place} leads straight to {gateway_id}, and a HyperPod node has no public address"
            return self.ends(End.NO_PUBLIC_ADDRESS, str(self.place), seen, gateway_id)
        gateway = self.network.internet_gateway.get(gateway_id)
        if gateway is None or not gateway.attached_to(self.subnet.vpc_id):
            seen = f"internet gateway {gateway_id} is not attached to {self.subnet.vpc_id}"
            return self.ends(End.DEAD_END, gateway_id, seen)
        nat = self.nats[-1]
        if not nat.public:
            seen = f"{nat.nat_gateway_id} is a private NAT gateway"
            return self.ends(End.PRIVATE_NAT, nat.nat_gateway_id, seen, gateway_id)
        return self.ends(End.LEAVES, gateway_id, f"leaves by {', '.join(sorted(nat.public_ips))}", gateway_id)

    def through_endpoint(self, endpoint_id: str) -> Way | None:
        """A firewall or Gateway Load Balancer endpoint hands what it lets through to its own subnet's routes.

        https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-load-balancer-endpoints.html
        """
        endpoint = self.network.vpc_endpoint.get(endpoint_id)
        if endpoint is None or not endpoint.subnet_ids:
            return self.ends(End.OUT_OF_SIGHT, endpoint_id, f"VPC endpoint {endpoint_id} cannot be seen", endpoint_id)
        if endpoint.state.lower() != "available":
            seen = f"VPC endpoint {endpoint_id} is {endpoint.state}"
            return self.ends(End.DEAD_END, endpoint_id, seen, f"{endpoint_id} ({endpoint.state})")
        self.hops.append(f"{endpoint_id} (inspection)")
        self.inspected_by.append(endpoint_id)
        return self.enters(endpoint.subnet_ids[0])

    def enters(self, subnet_id: str) -> Way | None:
        self.place, self.table = subnet_id, self.network.table_of(subnet_id, self.subnet.vpc_id)
        return self.crosses(leaving=False)

    def crosses(self, *, leaving: bool) -> Way | None:
        """Pass the ACL of the subnet the traffic is in, out or in, and the answers the other way."""
        acl = self.network.acl_of_subnet.get(self.place or "")
        if acl is None:
            return None
        passages = {
            acl_passage(acl, egress=egress, remote=remote, ports=ports)
            for remote in ((self.destination,) if leaving else self.sources)
            for egress, ports in ((leaving, HTTPS), (not leaving, self.ports))
        }
        if Passage.NONE in passages:
            seen = f"network ACL {acl.network_acl_id} of {self.place} stops HTTPS or its answers"
            return self.ends(End.CLOSED_BY_ACL, acl.network_acl_id, seen)
        if Passage.SOME in passages and acl.network_acl_id not in self.half_open:
            self.half_open.append(acl.network_acl_id)
        return None

    def ends(self, end: End, at: str, seen: str, last_hop: str | None = None) -> Way:
        if self.nats and end in (End.NO_ROUTE, End.BLACKHOLE, End.DEAD_END):
            end, at = End.BEYOND_NAT, self.nats[-1].nat_gateway_id
            seen = f"behind NAT gateway {at}, {seen}"
        return Way(
            end=end,
            hops=(*self.hops, last_hop or seen),
            at=at,
            seen=seen,
            public_ips=self.nats[-1].public_ips if end is End.LEAVES else frozenset(),
            nat_gateways=tuple(one.nat_gateway_id for one in self.nats),
            inspected_by=tuple(self.inspected_by),
            half_open_acls=tuple(self.half_open),
        )
