"""The first process of a lab: builds the network, is the internet, runs the probe on the node.

    <namespaces.OWN> python -m lab.inside NETWORK PEM ARGUMENTS-OF-THE-SCRIPT…

It ends when its standard input does: that is its asker's end of a pipe, and closes however the asker dies.
"""

import json
import os
import sys
from pathlib import Path
from threading import Thread

from lab.echo import serve
from lab.network import HOSTS, NAMESERVER, Network, build, inside, run

SCRIPT = Path(__file__).parents[1] / "probe/egress_probe.sh"


def main(network: Network, pem: Path, arguments: list[str]) -> None:
    if os.getpid() != 1:  # what follows would be done to the machine itself
        sys.exit("This is no process to start by hand: lab.namespaces.ask does, in namespaces of its own.")
    Thread(target=_end_with_the_asker, daemon=True).start()
    _furnish(network)
    build(network)
    serve(pem)
    environment = {"PATH": os.environ["PATH"], "CURL_CA_BUNDLE": str(pem), "https_proxy": "http://127.0.0.1:1"}
    run(inside("node", "sh", str(SCRIPT), *arguments), environment=environment)


def _end_with_the_asker() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)  # and with the first process of a PID namespace the kernel ends all others


def _furnish(network: Network) -> None:
    """Lay an empty /etc and /run over the machine's: its resolver daemons are found there, and would find names."""
    for place in ("/etc", "/run"):
        run(["mount", "-t", "tmpfs", "lab", place])
    etc = Path("/etc")
    (etc / "nsswitch.conf").write_text("hosts: files dns\n")
    (etc / "hosts").write_text(HOSTS if network.names else "")
    (etc / "host.conf").write_text("multi on\n")  # a name may have an address of each family, as in DNS
    (etc / "resolv.conf").write_text(f"nameserver {NAMESERVER}\n")


if __name__ == "__main__":
    main(Network(**json.loads(sys.argv[1])), Path(sys.argv[2]), sys.argv[3:])
