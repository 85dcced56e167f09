"""What starting a function costs, as a multiple of `import boto3`: both above the bare interpreter, in one run."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
LAMBDA = "3.13"
OWN_PYTHON = HOME / ".build/lambda-python"  # an environment with what the vendor layer has, and nothing else
GOAL = 1.6
GOALS = {
    "api": 2.2,  # routes and the door
    "check_drift": 1.7,  # all that EC2 tells, the rules, the comparison and the books
}
BEST_OF = 9


@dataclass(frozen=True)
class Meter:
    """Counts a process's instructions, or, without valgrind, takes its CPU seconds."""

    python: str
    compiled: str  # where bytecode is kept: nothing is compiled twice, and nothing is left in the tree

    def measure(self, code: str, folder: Path = HOME) -> float:
        self._run([], code, folder)  # compiles
        if shutil.which("valgrind"):
            return self._instructions(code, folder)
        return min(self._cpu_seconds(code, folder) for _ in range(BEST_OF))

    def _instructions(self, code: str, folder: Path) -> float:
        told = self._run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], code, folder)
        return float(re.findall(r"Collected : (\d+)", told)[-1])

    def _cpu_seconds(self, code: str, folder: Path) -> float:
        before = os.times()
        self._run([], code, folder)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    def _run(self, under: list[str], code: str, folder: Path) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(HOME / "layers/core"),
            "PYTHONPYCACHEPREFIX": self.compiled,
        }
        command = [*under, self.python, "-c", code]
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 # nosec B603 # our own command and arguments
        return ran.stderr


def starts() -> Iterator[str]:
    python, what = _lambda_python()
    yield f"starts: importing a handler / `import boto3`, {what}"
    if not shutil.which("valgrind"):
        yield "  NO VALGRIND: CPU seconds, which differ by some per cent from run to run, stand in for instructions."
    with tempfile.TemporaryDirectory() as compiled:
        meter = Meter(python, compiled)
        bare = meter.measure("pass")
        boto3 = meter.measure("import boto3") - bare
        for handler in sorted((HOME / "functions").glob("*/handler.py")):
            ratio = (meter.measure("import handler", handler.parent) - bare) / boto3
            goal = GOALS.get(handler.parent.name, GOAL)
            yield f"  {ratio:10.2f} {handler.parent.name}; goal {goal}{'' if round(ratio, 2) <= goal else '  MISSED'}"


def _lambda_python() -> tuple[str, str]:
    """Lambda's Python with the vendor layer's packages, and its name; the one that runs this where there is none."""
    if sys.version.startswith(f"{LAMBDA}."):
        return sys.executable, f"on Python {LAMBDA}"
    found = _ran(f"{HOME}/scripts/find_python.sh", "--exact", LAMBDA)
    if not found:
        return sys.executable, f"NOT ON LAMBDA'S PYTHON {LAMBDA}, which was not found"
    own = OWN_PYTHON / "bin/python"
    if not own.exists():
        _ran(found, "-m", "venv", f"{OWN_PYTHON}")
        vendor = f"{HOME}/layers/vendor/requirements.txt"
        _ran(f"{own}", "-m", "pip", "install", "-qq", "--no-deps", "--require-hashes", "-r", vendor)
    return str(own), f"on Python {LAMBDA}"


def _ran(*command: str) -> str:
    """What a command of ours prints; nothing if it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 # nosec B603 # our own command and arguments
