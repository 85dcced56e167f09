"""Session Manager's own ends of a data channel: the gateway on loopback, and the agents that really run the command.

Nobody but AWS knows the gateway; this one does what its two open peers expect of it:
https://github.com/aws/session-manager-plugin and https://github.com/aws/amazon-ssm-agent. It shares no line with the
client in control_plane.session, so that each is a check of the other.
Not modelled: resuming a session, idle and maximum durations, encryption, signals to the command, separator prefixes.
"""

from simulator.sessions.gateway import Gateway
from simulator.sessions.session import Session

__all__ = ["Gateway", "Session"]
