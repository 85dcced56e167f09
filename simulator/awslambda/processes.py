"""Our end of the function workers: the zygote that forks them, and the talk with each of them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2]


class Zygote:
    """Forks workers; whoever asks first is served first."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._control = ours
        self._lines = ours.makefile("rb")
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(HOME)}
        with theirs:
            self._process = subprocess.Popen(  # nosec B603 # this interpreter, with a module of ours
                [sys.executable, "-m", "simulator.awslambda.zygote"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
            )

    def spawn(self, setup: dict[str, Any]) -> "Worker":
        ours, theirs = socket.socketpair()
        with theirs:
            answer = self._ask({"spawn": setup | {"simulator": str(HOME)}}, [theirs.fileno()])
        return Worker(answer["pid"], setup["environment"]["AWS_SESSION_TOKEN"], ours, self)

    def status_of(self, pid: int) -> str:
        """How a worker that is dead, or about to be, ended: "signal: killed", "exit status 1"."""
        return str(self._ask({"wait": pid})["status"])

    def close(self) -> None:
        with self._lock:
            self._lines.close()
            self._control.close()
        self._process.wait()

    def _ask(self, message: dict[str, Any], descriptors: list[int] | None = None) -> dict[str, Any]:
        with self._lock:
            socket.send_fds(self._control, [json.dumps(message).encode() + b"\n"], descriptors or [])
            line = self._lines.readline()
        if not line:
            raise RuntimeError("The process that forks function workers is gone; its last words are on stderr.")
        answer: dict[str, Any] = json.loads(line)
        return answer


class WorkerDied(Exception):
    """The process ended in the middle of an invocation; the message says how, in Lambda's words."""


class Worker:
    """One sandbox; takes one invocation at a time."""

    def __init__(self, pid: int, token: str, connection: socket.socket, zygote: Zygote) -> None:
        self.pid, self.token = pid, token
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._zygote = zygote

    def talk(
        self, invoke: dict[str, Any], wait: Callable[[dict[str, Any]], Any], real_seconds: float
    ) -> dict[str, Any]:
        """Have one invocation done; `wait` lets time go on as the worker asks, and answers the time it is then.

        Raises:
            WorkerDied: the process is gone; so is this worker.
            TimeoutError: it did not say a word for so many real seconds.
        """
        self._connection.settimeout(real_seconds)
        message: dict[str, Any] = {"invoke": invoke}
        while True:
            message = self._exchange(message)
            if message.keys().isdisjoint({"sleep", "listen"}):
                return message
            message = wait(message)

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        line = b""
        with contextlib.suppress(ConnectionError):
            self._connection.sendall(json.dumps(message).encode() + b"\n")
            line = self._lines.readline()
        if not line:
            status = self._zygote.status_of(self.pid)
            self.close()
            raise WorkerDied(status)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._zygote.status_of(self.pid)
        self.close()

    def close(self) -> None:
        """Hang up; a worker that waits for work then exits, and the zygote takes all others with it."""
        self._lines.close()
        self._connection.close()
