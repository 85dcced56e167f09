"""Systems Manager: agents that come online if they may and can, scripts that really run, sessions that nodes answer."""

from moto.ssm import urls

from simulator.context import Context
from simulator.internet import Internet
from simulator.patching import Patches
from simulator.ssm.agents import Agents
from simulator.ssm.commands import Commands
from simulator.ssm.responses import WorldResponse
from simulator.ssm.sessions import Sessions

__all__ = ["Agents", "Sessions", "install"]


def install(context: Context, internet: Internet, patches: Patches, its_sessions: Sessions | None = None) -> Agents:
    """Put Run Command, and Session Manager, in place of moto's. Call it before the first request."""
    its_agents = Agents(context)

    class Response(WorldResponse):
        agents = its_agents
        commands = Commands(context, internet.environment, its_agents.online)

    if its_sessions:
        Response.sessions = its_sessions
    patches.put(urls.url_paths, "{0}/$", Response.dispatch)
    return its_agents
