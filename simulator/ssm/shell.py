"""Run a document's script for real: by the machine's own shell, in a folder of its own, with a world by environment."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0  # real seconds; no script of ours is at it for longer


@dataclass(frozen=True)
class Outcome:
    """How a script ended; `code` is None when it had to be killed."""

    code: int | None
    stdout: str
    stderr: str


def run(text: str, environment: Mapping[str, str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="instance-") as folder:
        script = Path(folder) / "_script.sh"
        script.write_text(text)
        home = {"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
        process = subprocess.Popen(  # noqa: S603 # nosec B603 # the deployed document's own script
            ["/bin/sh", script],
            cwd=folder,
            env={**home, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        return _outcome(process)


def _outcome(process: subprocess.Popen[str]) -> Outcome:
    try:
        stdout, stderr = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its children too: it leads a session of its own
        stdout, stderr = process.communicate()
        return Outcome(None, stdout, stderr)
    return Outcome(process.returncode, stdout, stderr)
