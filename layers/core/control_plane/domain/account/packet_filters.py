"""Whether security groups and network ACLs let a TCP connection through."""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, auto
from typing import NamedTuple

from control_plane.domain.account.blocks import Block, pieces
from control_plane.domain.account.network import IpPermission, NetworkAcl, NetworkAclEntry, SecurityGroup

ALL_PROTOCOLS = "-1"
TCP = frozenset({ALL_PROTOCOLS, "tcp", "6"})


class Ports(NamedTuple):
    first: int
    last: int


HTTPS = Ports(443, 443)
# What a Linux node sends from: https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range)
NODE_PORTS = Ports(32768, 60999)
# What a NAT gateway sends from: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
NAT_PORTS = Ports(1024, 65535)


class Passage(Enum):
    ALL = auto()
    SOME = auto()  # some ports or addresses get through and others do not
    NONE = auto()


def groups_permit(groups: Iterable[SecurityGroup], to: Block, port: int, lists: Mapping[str, Collection[str]]) -> bool:
    """Whether any of an interface's groups lets it open connections to a block; answers always come back.

    Groups add up: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    permissions = (permission for group in groups for permission in group.ip_permissions_egress)
    return any(block.covers(to) for one in permissions if _opens(one, port) for block in _blocks(one, lists))


def group_cuts(groups: Iterable[SecurityGroup], lists: Mapping[str, Collection[str]]) -> set[Block]:
    """Every block that a rule of these groups treats apart."""
    return {block for group in groups for one in group.ip_permissions_egress for block in _blocks(one, lists)}


def _blocks(permission: IpPermission, lists: Mapping[str, Collection[str]]) -> list[Block]:
    """The IPv4 blocks that a permission names, directly or by a prefix list."""
    listed = (cidr for one in permission.prefix_list_ids for cidr in lists[one.prefix_list_id] if ":" not in cidr)
    return [Block.of(cidr) for cidr in (*(one.cidr_ip for one in permission.ip_ranges), *listed)]


def _opens(permission: IpPermission, port: int) -> bool:
    if permission.ip_protocol == ALL_PROTOCOLS:
        return True
    first, last = permission.from_port, permission.to_port
    return permission.ip_protocol in TCP and first is not None and last is not None and first <= port <= last


def acl_passage(acl: NetworkAcl, *, egress: bool, remote: Block, ports: Ports) -> Passage:
    """How much of the TCP traffic to (egress) or from a block an ACL lets through.

    The entry with the lowest number that matches decides; none: denied.
    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
    """
    entries = sorted((one for one in acl.entries if _concerns(one, egress=egress)), key=lambda one: one.rule_number)
    answers = {
        _allows(entries, piece, port)
        for piece in pieces(remote, (Block.of(one.cidr_block) for one in entries if one.cidr_block))
        for port in _changes(entries, ports)
    }
    return Passage.SOME if len(answers) > 1 else Passage.ALL if True in answers else Passage.NONE


def _concerns(entry: NetworkAclEntry, *, egress: bool) -> bool:
    return entry.egress == egress and entry.cidr_block is not None and entry.protocol in TCP


def _changes(entries: Iterable[NetworkAclEntry], ports: Ports) -> set[int]:
    """The first port of each stretch of ports that all entries treat alike."""
    ranges = [one.port_range for one in entries if one.port_range]
    starts = {ports.first, *(one.first for one in ranges), *(one.last + 1 for one in ranges)}
    return {port for port in starts if ports.first <= port <= ports.last}


def _allows(entries: Iterable[NetworkAclEntry], remote: Block, port: int) -> bool:
    for entry in entries:
        of_port = entry.port_range is None or entry.port_range.first <= port <= entry.port_range.last
        if of_port and entry.cidr_block and Block.of(entry.cidr_block).covers(remote):
            return entry.rule_action == "allow"
    return False
