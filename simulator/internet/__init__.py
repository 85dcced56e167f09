"""The world outside the VPCs, and the way there: one TLS server that is every host, seen from where a packet leaves."""

import os
import tempfile
from pathlib import Path

from simulator.context import Context
from simulator.internet.certificates import Authority
from simulator.internet.curl import write_curl
from simulator.internet.outside import Outside, Slack
from simulator.internet.server import Server
from simulator.internet.way_out import way_out

__all__ = ["Internet", "start", "way_out"]


class Internet:
    """The world outside, until closed. `outside` is where hosts are blocked or made to lie."""

    def __init__(self, context: Context, slack: Slack) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="internet-")
        folder = Path(self._folder.name)
        authority = Authority(folder)
        self.outside = Outside(context, slack)
        self._server = Server(authority, self.outside)
        self.port, self.ca_file = self._server.port, authority.ca_file
        self._tools = folder / "bin"
        self._tools.mkdir()
        write_curl(self._tools, self.port, self.ca_file)

    def environment(self, sender_id: str) -> dict[str, str]:
        """What a process needs in order to live on an instance (or interface) of the world."""
        return {"PATH": f"{self._tools}{os.pathsep}{os.defpath}", "SIMULATOR_SENDER": sender_id}

    def close(self) -> None:
        self._server.close()
        self._folder.cleanup()


def start(context: Context, slack: Slack) -> Internet:
    """Open the world outside. `slack` answers for hooks.slack.com: path and body to a reply or None."""
    return Internet(context, slack)
