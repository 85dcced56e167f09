"""Where an interface's or an instance's connection to a host leaves, in the network as it is now."""

from typing import Any

from moto.ec2.models import ec2_backends

from simulator.context import Context
from simulator.internet.hosts import address_of
from simulator.internet.packet_path import HTTPS, Way, follow, interface
from simulator.internet.view import describe_vpc


def way_out(context: Context, sender_id: str, host: str, port: int = HTTPS) -> Way:
    """Follow a connection from an interface (``eni-…``) or an instance's primary one (``i-…``)."""
    found = _interface(context, sender_id)
    if found is None:
        return Way((sender_id,), dropped=f"{sender_id} is not there")
    interface_id, vpc_id = found
    describes = describe_vpc(vpc_id, context.region)
    return follow(describes, interface(describes, interface_id), address_of(describes, host, context.region), port)


def _interface(context: Context, sender_id: str) -> tuple[str, str] | None:
    """The sender's interface id and VPC id."""
    interfaces: dict[str, Any] = ec2_backends[context.account][context.region].enis
    found = interfaces.get(sender_id)
    if sender_id.startswith("i-"):
        attached = [it for it in [*interfaces.values()] if it.instance and it.instance.id == sender_id]
        found = min(attached, key=lambda it: it.device_index or 0, default=None)
    return (found.id, found.subnet.vpc_id) if found else None
