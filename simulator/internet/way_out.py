"""Where an interface's or an instance's connection to a host leaves, in the network as it is now."""

from simulator.context import Context
from simulator.ec2.inside import client
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
    key = "attachment.instance-id" if sender_id.startswith("i-") else "network-interface-id"
    filters = [{"Name": key, "Values": [sender_id]}]
    found = client("ec2", context.region).describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    found.sort(key=lambda item: item.get("Attachment", {}).get("DeviceIndex", 0))
    return (found[0]["NetworkInterfaceId"], found[0]["VpcId"]) if found else None
