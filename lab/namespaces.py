"""Runs a lab in namespaces of its own: network, processes and mounts, none of them with a name outside.

So there is nothing to sweep up: cables, rules, mounts and processes are gone when the lab's first process is, and that
one ends with its asker, even by SIGKILL. The machine's own firewall, routes and /etc are never touched.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lab.network import Network

ROOT = Path(__file__).parents[1]
TOOLS = ("unshare", "mount", "nsenter", "ip", "nft", "curl")
PACKAGES = "apt-get install util-linux iproute2 nftables curl"
ENVIRONMENT = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}  # where Debian has ip and nft

# Without --map-root-user only root may; with it everybody, where the kernel is set up so.
_USER = [] if os.geteuid() == 0 else ["--map-root-user"]
OWN = ("unshare", *_USER, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def missing() -> str:
    """What keeps a lab from running here, and the way to get it; empty if nothing does."""
    absent = [tool for tool in TOOLS if not shutil.which(tool, path=ENVIRONMENT["PATH"])]
    if absent:
        return f"{', '.join(absent)} not found. On Debian or Ubuntu: {PACKAGES}"
    look = [*OWN, "nft", "list", "ruleset"]
    tried = subprocess.run(look, env=ENVIRONMENT, capture_output=True, text=True, check=False)  # noqa: S603 # nosec B603 # our own command
    if tried.returncode:
        return f"no namespaces with a firewall of their own can be made ({tried.stderr.strip()}). Run it as root."
    return ""


def ask(network: Network, pem: Path, arguments: Sequence[str]) -> str:
    """Build a network, run the probe script on its node, and say what it printed.

    Args:
        pem: a certificate for ``*.in.test`` that signs itself, with its key.
        arguments: the script's.
    """
    command = [*OWN, sys.executable, "-m", "lab.inside", json.dumps(asdict(network)), str(pem), *arguments]
    with subprocess.Popen(  # noqa: S603 # nosec B603 # our own command
        command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as lab:
        output = "".join(lab.stdout or ())
    if lab.returncode:
        raise subprocess.CalledProcessError(lab.returncode, command)
    return output
