"""The search for a Python: a shim that does not answer is passed over, and the message says what was looked for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/find_python.sh"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH of its own, with the few tools that the script needs."""
    for tool in ("sh", "ls", "sort", "sed"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def shim(path: Path, name: str, body: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{body}\n")
    (path / name).chmod(0o755)


def find(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), "HOME": str(path)}
    return subprocess.run([SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_a_shim_that_does_not_answer_is_passed_over(path: Path) -> None:
    shim(path, "python3.13", "echo 'command not found' >&2; exit 127")
    shim(path, "python3", f'exec {sys.executable} "$@"')
    assert find(path, "3.11").stdout.strip() == str(path / "python3")


def test_a_version_manager_s_versions_are_looked_into(path: Path) -> None:
    versions = path / ".pyenv/versions/3.12.1/bin"
    versions.mkdir(parents=True)
    shim(versions, "python3.12", f'exec {sys.executable} "$@"')
    assert find(path, "3.11").stdout.strip() == str(versions / "python3.12")


def test_without_any_the_message_says_what_was_wanted_and_looked_for(path: Path) -> None:
    shim(path, "python3", "exit 127")
    answer = find(path, "--explain", "3.11")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "No Python 3.11 or newer answers here" in answer.stderr
    assert str(path / "python3") in answer.stderr
    assert "make PYTHON=" in answer.stderr


def test_another_version_than_exactly_the_wanted_one_will_not_do(path: Path) -> None:
    shim(path, "python3", f'exec {sys.executable} "$@"')
    assert find(path, "--exact", "3.99").returncode == 1
