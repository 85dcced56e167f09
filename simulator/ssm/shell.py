"""Run what a document says for real, in a folder of its own, with a world by environment."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0  # real seconds; no script of ours is at it for longer


@dataclass(frozen=True)
class Outcome:
    """How a script ended; `code` is None when it had to be killed."""

    code: int | None
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Output:
    """The same, before it is read as text."""

    code: int | None
    stdout: bytes
    stderr: bytes


def run(text: str, environment: Mapping[str, str]) -> Outcome:
    """Run a script by the machine's own shell."""
    with tempfile.TemporaryDirectory(prefix="instance-") as folder:
        script = Path(folder) / "_script.sh"
        script.write_text(text)
        output = _output(["/bin/sh", str(script)], folder, environment)
    return Outcome(output.code, output.stdout.decode(errors="replace"), output.stderr.decode(errors="replace"))


def run_words(argv: Sequence[str], environment: Mapping[str, str], *, merged: bool) -> Output:
    """Run a command without a shell; with `merged` it has one stream.

    Raises:
        OSError: it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="node-") as folder:
        return _output(argv, folder, environment, merged=merged)


def _output(argv: Sequence[str], folder: str, environment: Mapping[str, str], *, merged: bool = False) -> Output:
    process = subprocess.Popen(  # noqa: S603 # nosec B603 # the deployed document's own command
        argv,
        cwd=folder,
        env={"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its children too: it leads a session of its own
        stdout, stderr = process.communicate()
        return Output(None, stdout, stderr or b"")
    return Output(process.returncode, stdout, stderr or b"")
