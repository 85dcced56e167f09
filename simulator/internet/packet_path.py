"""Follow one packet, hop by hop, from a network interface to where it leaves. Pure: AWS-shaped answers in, a `Way` out.

It knows nothing of the control plane's own path walk, on purpose: it is what that walk is checked against.

`describes` holds one VPC as boto3's describe calls return it, by the name of the answer's list:
    Subnets, RouteTables, NatGateways, InternetGateways, NetworkInterfaces, SecurityGroups, NetworkAcls, VpcEndpoints;
    PrefixLists  [{"PrefixListId", "Cidrs"}] as DescribePrefixLists has them, customer-managed ones in the same shape;
    FarEnds      [{"Target", "PublicIp"}] ours: what a network behind a transit gateway, peering or the like answers as.
A list that is left out is empty. IPv4 and TCP only; VPC Block Public Access and DNS are not modelled.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_network

from simulator.internet.filters import Describes, Shape, acl_lets_in, acl_lets_out, groups_let_in, groups_let_out
from simulator.internet.routes import best_route, one, table_of, target_of

HTTPS = 443
# The ports an answer comes back to: Linux's own range, and a NAT gateway's.
# https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
LINUX_PORTS = range(32768, 61000)
NAT_PORTS = range(1024, 65536)
ATTACHED = frozenset({"available", "attached"})


@dataclass(frozen=True)
class Sender:
    """An address a packet may come from, and the public one an internet gateway would turn it into."""

    private_ip: str
    public_ip: str | None = None


@dataclass(frozen=True)
class Source:
    """The interface a connection starts at; it need not exist yet."""

    subnet_id: str
    group_ids: tuple[str, ...]
    sender: Sender


@dataclass(frozen=True)
class Way:
    """How far a packet got.

    `addresses`: what the far side may see, one of them per connection; empty: nothing comes back, `dropped` says why.
    `hops`: subnets, tables and targets in order; the last one is where it left, or was lost.
    """

    hops: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    dropped: str | None = None


@dataclass(frozen=True)
class _Packet:
    """A connection's first packet where it is now; `subnet_id` is None inside a regional NAT gateway."""

    describes: Describes
    destination: str
    port: int
    senders: tuple[Sender, ...]
    answers: range
    subnet_id: str | None
    hops: tuple[str, ...] = ()

    def via(self, hop: str) -> "_Packet":
        return replace(self, hops=(*self.hops, hop))

    def lost(self, why: str) -> Way:
        return Way(self.hops, dropped=why)

    def kept_in(self) -> bool:
        return self.subnet_id is not None and not acl_lets_out(
            self.describes, self.subnet_id, self.destination, self.port, self.answers
        )

    def kept_out_of(self, subnet_id: str) -> bool:
        return not all(
            acl_lets_in(self.describes, subnet_id, sender.private_ip, self.port, self.answers)
            for sender in self.senders
        )


def interface(describes: Describes, interface_id: str) -> Source:
    """The source that an existing network interface is. KeyError: not described."""
    found = one(describes, "NetworkInterfaces", "NetworkInterfaceId", interface_id)
    if found is None:
        raise KeyError(interface_id)
    sender = Sender(found["PrivateIpAddress"], found.get("Association", {}).get("PublicIp"))
    return Source(found["SubnetId"], tuple(group["GroupId"] for group in found["Groups"]), sender)


def future_interface(describes: Describes, subnet_id: str, group_ids: tuple[str, ...]) -> Source:
    """The source that a private interface in this subnet would be, at the first address that AWS leaves free."""
    subnet = one(describes, "Subnets", "SubnetId", subnet_id)
    if subnet is None:
        raise KeyError(subnet_id)
    return Source(subnet_id, group_ids, Sender(str(ip_network(subnet["CidrBlock"])[4])))


def follow(describes: Describes, source: Source, destination: str, port: int = HTTPS) -> Way:
    """Where a connection from `source` to an IPv4 address leaves, and as whom."""
    packet = _Packet(describes, destination, port, (source.sender,), LINUX_PORTS, source.subnet_id)
    if not groups_let_out(describes, source.group_ids, destination, port):
        return packet.via(source.subnet_id).lost(f"no security group of {source.subnet_id}'s interface lets it out")
    return _in_subnet(packet, source.subnet_id)


def _in_subnet(packet: _Packet, subnet_id: str) -> Way:
    packet, table = packet.via(subnet_id), table_of(packet.describes, subnet_id)
    return _at_table(packet, table) if table else packet.lost(f"{subnet_id} has no route table")


def _at_table(packet: _Packet, table: Shape) -> Way:
    packet = packet.via(table["RouteTableId"])
    route = best_route(packet.describes, table, packet.destination)
    if route is None:
        return packet.lost(f"{table['RouteTableId']} has no route to {packet.destination}")
    target = target_of(route)
    if route.get("State", "active") != "active":
        return packet.via(target).lost(f"the route to {target} is a {route['State']}")
    next_hop = NEXT_HOPS.get(target.partition("-")[0], _far_end)
    return next_hop(packet, target, table)


def _nat_gateway(packet: _Packet, target: str, _: Shape) -> Way:
    nat = one(packet.describes, "NatGateways", "NatGatewayId", target)
    if target in packet.hops:
        return packet.via(target).lost(f"the packet goes round in circles at {target}")
    packet = packet.via(target)
    if nat is None or nat["State"] != "available":
        return packet.lost(f"{target} is {nat['State'] if nat else 'not there'}")
    home = nat.get("SubnetId")
    if home != packet.subnet_id and packet.kept_in():
        return packet.lost(f"the network ACL of {packet.subnet_id} stops it")
    if home and home != packet.subnet_id and packet.kept_out_of(home):
        return packet.lost(f"the network ACL of {home} stops it")
    return _translated(packet, nat)


def _translated(packet: _Packet, nat: Shape) -> Way:
    """Go on from the gateway under one of its own addresses."""
    senders = _senders(packet, nat)
    if not senders:
        return packet.lost(f"{nat['NatGatewayId']} has no address in use")
    packet = replace(packet, senders=senders, answers=NAT_PORTS, subnet_id=nat.get("SubnetId"))
    if packet.subnet_id is not None:
        return _in_subnet(packet, packet.subnet_id)
    table = one(packet.describes, "RouteTables", "RouteTableId", nat.get("RouteTableId", ""))
    return _at_table(packet, table) if table else packet.lost(f"{nat['NatGatewayId']} has no route table")


def _senders(packet: _Packet, nat: Shape) -> tuple[Sender, ...]:
    """The gateway's working addresses; a regional one serves a zone by that zone's, if it has any there."""
    working = [item for item in nat["NatGatewayAddresses"] if item.get("Status", "succeeded") == "succeeded"]
    subnet = one(packet.describes, "Subnets", "SubnetId", packet.subnet_id or "") or {}
    zone = subnet.get("AvailabilityZone")
    nearest = [item for item in working if item.get("AvailabilityZone") == zone] if "SubnetId" not in nat else []
    return tuple(Sender(item.get("PrivateIp", ""), item.get("PublicIp")) for item in nearest or working)


def _internet_gateway(packet: _Packet, target: str, table: Shape) -> Way:
    """It passes only what has a public address of its own, and turns the private one into it."""
    packet = packet.via(target)
    gateway = one(packet.describes, "InternetGateways", "InternetGatewayId", target) or {}
    if not any(
        item["VpcId"] == table["VpcId"] and item["State"] in ATTACHED for item in gateway.get("Attachments", ())
    ):
        return packet.lost(f"{target} is not attached to {table['VpcId']}")
    if packet.kept_in():
        return packet.lost(f"the network ACL of {packet.subnet_id} stops it")
    seen_as = tuple(sender.public_ip for sender in packet.senders if sender.public_ip)
    return Way(packet.hops, seen_as) if seen_as else packet.lost(f"the sender has no public address, {target} drops it")


def _gateway_endpoint(packet: _Packet, target: str, table: Shape) -> Way:
    """S3 and DynamoDB are reached from inside, under the private address; behind other endpoints lies a far end."""
    endpoint = one(packet.describes, "VpcEndpoints", "VpcEndpointId", target) or {}
    if endpoint.get("VpcEndpointType") != "Gateway":
        return _far_end(packet, target, table)
    packet = packet.via(target)
    if packet.kept_in():
        return packet.lost(f"the network ACL of {packet.subnet_id} stops it")
    return Way(packet.hops, tuple(sender.private_ip for sender in packet.senders))


def _local(packet: _Packet, _: str, __: Shape) -> Way:
    """Another interface of the same VPC, such as an interface endpoint's."""
    found = one(packet.describes, "NetworkInterfaces", "PrivateIpAddress", packet.destination)
    if found is None:
        return packet.via("local").lost(f"nobody in the VPC has {packet.destination}")
    packet, home = packet.via(found["NetworkInterfaceId"]), found["SubnetId"]
    if home != packet.subnet_id and (packet.kept_in() or packet.kept_out_of(home)):
        return packet.lost(f"a network ACL between {packet.subnet_id} and {home} stops it")
    group_ids = [group["GroupId"] for group in found["Groups"]]
    if not all(groups_let_in(packet.describes, group_ids, sender.private_ip, packet.port) for sender in packet.senders):
        return packet.lost(f"no security group of {found['NetworkInterfaceId']} lets it in")
    return Way(packet.hops, tuple(sender.private_ip for sender in packet.senders))


def _far_end(packet: _Packet, target: str, _: Shape) -> Way:
    """A network that is not ours: nothing comes back unless the world has put somebody there."""
    packet = packet.via(target)
    if packet.kept_in():
        return packet.lost(f"the network ACL of {packet.subnet_id} stops it")
    beyond = one(packet.describes, "FarEnds", "Target", target)
    return Way(packet.hops, (beyond["PublicIp"],)) if beyond else packet.lost(f"nothing comes back from {target}")


NEXT_HOPS: dict[str, Callable[[_Packet, str, Shape], Way]] = {
    "nat": _nat_gateway,
    "igw": _internet_gateway,
    "vpce": _gateway_endpoint,
    "local": _local,
}
