"""Nothing of a lab is left, whoever dies in the middle of it, and nothing of it was ever seen outside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGKILL, default_int_handler, signal
from typing import NamedTuple, TypeVar

import pytest

from lab.namespaces import ENVIRONMENT, ROOT
from tests.lab.test_verdicts import CASES

ASK = "import sys; from lab.namespaces import *; ask(Network(blackholed=True), Path(sys.argv[1]), sys.argv[2:])"
ARGUMENTS = CASES["the way to the NAT is a blackhole"].question.parameters().values()
PROC = Path("/proc")
T = TypeVar("T")
PATIENCE = 10  # seconds; the script alone would take 15


class Lab(NamedTuple):
    asker: int
    keeper: int  # unshare, which made the namespaces
    first: int  # process in them
    pid_namespace: str


@pytest.fixture
def _ctrl_c_is_heard() -> Iterator[None]:
    """A shell has what it starts in the background ignore it, and so would all that is started from there."""
    before = signal(SIGINT, default_int_handler)
    yield
    signal(SIGINT, before)


@pytest.fixture
def lab(pem: Path, _ctrl_c_is_heard: None) -> Iterator[Lab]:
    """A lab, asked by a process of its own, in which curl waits for an answer that never comes."""
    command = [sys.executable, "-c", ASK, str(pem), *ARGUMENTS]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as asker:
        keeper = _wait_for(lambda: _child(asker.pid))
        first = _wait_for(lambda: _child(keeper))
        lab = Lab(asker.pid, keeper, first, str((PROC / f"{first}/ns/pid").readlink()))
        _wait_for(lambda: "curl" in inhabitants(lab))
        yield lab
        with suppress(ProcessLookupError):
            os.killpg(asker.pid, SIGKILL)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda lab: os.kill(lab.asker, SIGKILL), id="its asker is killed"),
        pytest.param(lambda lab: os.kill(lab.keeper, SIGKILL), id="unshare is killed"),
        pytest.param(lambda lab: os.kill(lab.first, SIGKILL), id="its first process is killed"),
        pytest.param(lambda lab: os.killpg(lab.asker, SIGINT), id="somebody presses Ctrl-C"),
    ],
)
def test_nothing_is_left_of_a_lab_when(end: Callable[[Lab], None], lab: Lab) -> None:
    """A namespace that no process, mount or descriptor holds is gone: https://man7.org/linux/man-pages/man7/namespaces.7.html

    All that hold those of the node and the NAT are mounts in a namespace that only the lab's processes hold.
    """
    end(lab)
    _wait_for(lambda: not inhabitants(lab))


def test_nothing_of_a_lab_is_seen_outside(lab: Lab) -> None:
    during = outside()
    os.kill(lab.asker, SIGKILL)
    _wait_for(lambda: not inhabitants(lab))
    assert during == outside()
    assert "10.0.1.7" not in str(during)


def inhabitants(lab: Lab) -> list[str]:
    """The names of the processes in a lab."""
    return [*_inhabitants(lab.pid_namespace)]


def _inhabitants(pid_namespace: str) -> Iterator[str]:
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if str((process / "ns/pid").readlink()) == pid_namespace:
                yield (process / "comm").read_text().strip()


def outside() -> list[str]:
    """The machine's own network, firewall and mounts."""
    commands = ("ip addr", "ip route show table all", "ip -6 route show table all", "ip netns list", "nft list ruleset")
    return [
        *map(_said, commands),
        (PROC / "self/mountinfo").read_text(),
        (PROC / "sys/net/ipv4/ip_forward").read_text(),
    ]


def _said(command: str) -> str:
    """What it says, or why it will not."""
    return subprocess.run(
        command.split(), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    ).stdout


def _child(pid: int) -> int:
    """The only child of a process; 0 while it has none."""
    return int((PROC / f"{pid}/task/{pid}/children").read_text() or 0)


def _wait_for(look: Callable[[], T]) -> T:
    """Look until there is something to see, and say what."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return seen
