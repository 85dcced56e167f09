"""The truths of EC2 that moto lacks: lives that take time, addresses, blackholes, launches that happen once."""

from moto.ec2 import urls
from moto.ec2.models import ec2_backends, elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.route_tables import Route
from moto.ec2.models.subnets import Subnet

from simulator.context import Context
from simulator.ec2 import changes
from simulator.ec2.backend import WorldBackend, free_address_for, route_state
from simulator.ec2.launch import Launches
from simulator.ec2.responses import WorldResponse
from simulator.ec2.world import Ec2
from simulator.patching import Patches

__all__ = ["Ec2", "install"]


def install(context: Context, patches: Patches) -> Ec2:
    """Begin an empty EC2. Call it before the first request."""
    ec2 = Ec2(context)

    class Backend(WorldBackend):
        world = ec2

    class Response(WorldResponse):
        launches = Launches(ec2)

    patches.replace(ec2_backends, "backend", Backend)
    patches.put(urls.url_paths, "{0}/", Response.dispatch)
    patches.replace(Route, "state", property(route_state))
    patches.replace(Subnet, "get_available_subnet_ip", free_address_for)
    patches.replace(elastic_ip_addresses, "random_ip", ec2.public.take)
    patches.replace(elastic_network_interfaces, "random_public_ip", ec2.public.take)
    ec2_backends.clear()
    changes.note()
    return ec2
