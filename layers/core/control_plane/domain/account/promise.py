"""What a subnet and its security groups promise: the addresses that traffic leaves from, or why there are none."""

from collections import Counter
from typing import NamedTuple

from control_plane.domain.account.blocks import Block, internet
from control_plane.domain.account.facts import Network
from control_plane.domain.account.network import Kind, SecurityGroup, Subnet
from control_plane.domain.account.packet_filters import HTTPS, group_cuts, groups_permit
from control_plane.domain.account.path_walk import End, Way, walk

# The internet is handed out in /8 blocks: fewer addresses are a detour to somebody, not the internet at large.
AT_LARGE = 2**24
SHOWN_WAYS = 4


class Promise(NamedTuple):
    """Every way to the internet from one subnet with one set of groups, the one to most addresses first."""

    main: tuple[Way, ...]  # to the internet at large; more than one where halves of it are routed apart
    detours: tuple[Way, ...]  # to some of it, another way than any main one

    @property
    def ways(self) -> tuple[Way, ...]:
        return self.main + self.detours

    @property
    def public_ips(self) -> frozenset[str]:
        return frozenset().union(*(way.public_ips for way in self.ways))

    def __str__(self) -> str:
        more = len(self.ways) - SHOWN_WAYS
        return "; ".join(map(str, self.ways[:SHOWN_WAYS])) + (f"; and {more} more" if more > 0 else "")


class Promises:
    """The promises of one network. A hundred groups share a few subnets and groups: each is worked out once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._inside = _inside(network)
        self._pieces = internet(_network_cuts(network), self._inside)
        self._walks: dict[tuple[str, Block], Way] = {}
        self._open: dict[tuple[str, ...], dict[Block, int]] = {}
        self._promises: dict[tuple[str, tuple[str, ...]], Promise] = {}

    def of(self, subnet: Subnet, group_ids: tuple[str, ...]) -> Promise:
        key = subnet.subnet_id, group_ids
        if key not in self._promises:
            self._promises[key] = self._work_out(subnet, group_ids)
        return self._promises[key]

    def _work_out(self, subnet: Subnet, group_ids: tuple[str, ...]) -> Promise:
        opened = self._opened(group_ids)
        sizes: Counter[Way] = Counter()
        for piece, size in self._pieces.items():
            sizes[self._way(subnet, piece)] += opened[piece]
            sizes[_closed(subnet, group_ids)] += size - opened[piece]
        ways = [way for way, size in sizes.most_common() if size]
        return Promise(
            main=tuple(way for way in ways if sizes[way] >= AT_LARGE),
            detours=tuple(way for way in ways if sizes[way] < AT_LARGE),
        )

    def _way(self, subnet: Subnet, piece: Block) -> Way:
        key = subnet.subnet_id, piece
        if key not in self._walks:
            self._walks[key] = walk(self._network, subnet, piece)
        return self._walks[key]

    def _opened(self, group_ids: tuple[str, ...]) -> dict[Block, int]:
        """How many addresses of each piece the groups let HTTPS out to; all, where none of the groups is known."""
        if group_ids not in self._open:
            known = self._network.security_group
            groups = [known[one] for one in group_ids if one in known]
            self._open[group_ids] = self._let_out(groups) if groups else self._pieces
        return self._open[group_ids]

    def _let_out(self, groups: list[SecurityGroup]) -> dict[Block, int]:
        lists, opened = self._network.prefix_lists, dict.fromkeys(self._pieces, 0)
        for part, size in internet([*self._pieces, *group_cuts(groups, lists)], self._inside).items():
            if groups_permit(groups, part, HTTPS.first, lists):
                opened[min((one for one in self._pieces if one.covers(part)), key=lambda one: one.size)] += size
        return opened


def _closed(subnet: Subnet, group_ids: tuple[str, ...]) -> Way:
    names = ", ".join(group_ids)
    seen = f"no rule of {names} lets HTTPS out"
    return Way(End.CLOSED_BY_GROUPS, (subnet.subnet_id, seen), names, seen)


def _network_cuts(network: Network) -> set[Block]:
    """Every block that a route or an ACL entry treats apart."""
    entries = (entry for acl in network.network_acls for entry in acl.entries)
    routed = {block for table in network.routes.values() for block, _ in table}
    return routed | {Block.of(one.cidr_block) for one in entries if one.cidr_block}


def _inside(network: Network) -> set[Block]:
    tables = network.routes.values()
    return {block for table in tables for block, route in table if route.target.kind is Kind.LOCAL}
