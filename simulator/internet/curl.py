"""A curl that lives in the world: it goes first on a script's PATH, and the script is none the wiser."""

import shlex
import shutil
import sys
from pathlib import Path

from simulator.internet.server import SENDER

CURL_MISSING = "curl is not installed; the simulator runs the real probe script, and that needs it."


def write_curl(folder: Path, port: int, ca_file: Path) -> None:
    """Put a wrapper round the machine's own curl into `folder`.

    Every name leads to the world's server, whose authority it trusts; the sender's id is in ``SIMULATOR_SENDER``. A
    proxy is told it before there is any TLS, so that a packet can get lost where packets do. The options come last,
    because ``-q`` counts only where it is first.
    """
    real = shutil.which("curl")
    if real is None:
        sys.exit(CURL_MISSING)
    world = f"--noproxy '' --proxy http://127.0.0.1:{port} --proxytunnel --cacert {shlex.quote(str(ca_file))}"
    path = folder / "curl"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(real)} "$@" {world} --proxy-header "{SENDER}: $SIMULATOR_SENDER"\n')
    path.chmod(0o755)
