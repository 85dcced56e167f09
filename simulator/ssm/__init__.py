"""Systems Manager as instances live it: agents that come online if they may and can, and scripts that really run."""

from moto.ssm import urls

from simulator.context import Context
from simulator.internet import Internet
from simulator.patching import Patches
from simulator.ssm.agents import Agents
from simulator.ssm.commands import Commands
from simulator.ssm.responses import WorldResponse

__all__ = ["Agents", "install"]


def install(context: Context, internet: Internet, patches: Patches) -> Agents:
    """Put Run Command in place of moto's. Call it before the first request."""
    its_agents = Agents(context)

    class Response(WorldResponse):
        agents = its_agents
        commands = Commands(context, internet.environment, its_agents.online)

    patches.put(urls.url_paths, "{0}/$", Response.dispatch)
    return its_agents
