"""Addresses: public ones from the blocks kept for documentation, private ones from the subnet, in order."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any

from moto.ec2.exceptions import EC2ClientError

# RFC 5737. The last block's .254 stands for a client outside every VPC.
PUBLIC_BLOCKS = ("198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/25")


class PublicAddresses:
    """Each is given once: a released one does not come back, so that nobody mistakes a new address for the old one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: Iterator[str] = (str(host) for block in PUBLIC_BLOCKS for host in ip_network(block).hosts())

    def take(self) -> str:
        with self._lock:
            address = next(self._left, None)
        if address is None:
            raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return address


def first_free(subnet: Any, interfaces: list[Any]) -> str:
    """The subnet's lowest address that is neither AWS's own nor taken by one of `interfaces`.

    AWS keeps the first four and the last: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    taken = {
        item["PrivateIpAddress"]
        for one in interfaces
        if one.subnet.id == subnet.id
        for item in one.private_ip_addresses
    }
    for number in range(4, subnet.cidr.num_addresses - 1):
        if str(subnet.cidr[number]) not in taken:
            return str(subnet.cidr[number])
    raise EC2ClientError("InsufficientFreeAddressesInSubnet", f"Not enough free addresses in subnet {subnet.id}.")


def lies_in(subnet: Any, address: str | None) -> bool:
    return bool(address) and ip_address(str(address)) in subnet.cidr
