"""IPv4 blocks as plain numbers: a path through a VPC compares thousands of them."""

from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Network
from typing import NamedTuple

# Not on the internet: https://www.iana.org/assignments/iana-ipv4-special-registry/
# The three documentation blocks are left out: nothing is lost, and laboratories use them as their internet.
NOT_INTERNET = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip


class Block(NamedTuple):
    """A CIDR block by its first and its last address."""

    first: int
    last: int

    @classmethod
    @cache
    def of(cls, cidr: str) -> "Block":
        """
        >>> Block.of("10.0.0.0/30")
        Block(first=167772160, last=167772163)
        """
        network = IPv4Network(cidr, strict=False)
        return cls(int(network.network_address), int(network.broadcast_address))

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def covers(self, other: "Block") -> bool:
        return self.first <= other.first and other.last <= self.last


ANYWHERE = Block.of("0.0.0.0/0")


def pieces(whole: Block, cuts: Iterable[Block]) -> dict[Block, int]:
    """Cut a block so that all addresses of one piece lie in exactly the same of `cuts`.

    CIDR blocks nest or are apart. So a piece is a block without the smaller ones inside it, and that block names it:
    whatever covers the name covers the piece, and whatever does not touches none of it.

    Returns:
        How many addresses each piece holds, 1 or more.

    >>> pieces(Block.of("10.0.0.0/30"), [Block.of("10.0.0.0/31")])
    {Block(first=167772160, last=167772163): 2, Block(first=167772160, last=167772161): 2}
    """
    blocks = {whole, *(cut for cut in cuts if whole.covers(cut))}
    sizes: dict[Block, int] = {}
    around: list[Block] = []
    for block in sorted(blocks, key=lambda block: (block.first, -block.last)):
        while around and not around[-1].covers(block):
            around.pop()
        if around:
            sizes[around[-1]] -= block.size
        sizes[block] = block.size
        around.append(block)
    return {block: size for block, size in sizes.items() if size}


def internet(cuts: Iterable[Block], inside: Iterable[Block]) -> dict[Block, int]:
    """The pieces of the internet, see `pieces`; `inside`: the VPC's own blocks, which may be public ones."""
    elsewhere = [*map(Block.of, NOT_INTERNET), *inside]
    return {
        piece: size
        for piece, size in pieces(ANYWHERE, [*cuts, *elsewhere]).items()
        if not any(block.covers(piece) for block in elsewhere)
    }
