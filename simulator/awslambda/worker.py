"""A function's sandbox: imports its handler, answers invocations one after the other, lives in virtual time.

It runs in a forked process and speaks JSON lines with the simulator on one socket:
``{"invoke": {...}}`` in, ``{"answer": "<JSON>"}`` or ``{"error": {...}}`` out; in between, because waiting moves the
world's clock, ``{"sleep": seconds}`` or ``{"listen": seconds}`` out and ``{"now": epoch, "heard": bool}`` in.
"""

import contextlib
import importlib
import json
import math
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import time_machine

from simulator.awslambda import logs

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DELIVERED = 0.02  # real seconds within which what has been sent to us can be read: it is in the kernel by then


def serve(connection: socket.socket, setup: dict[str, Any]) -> None:
    """Answer invocations until the simulator closes the connection; then exit, whatever threads there are."""
    status = 1
    try:
        _move_in(setup)
        _Sandbox(connection, setup).run()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 (nobody above us; Lambda too writes it to the log and ends the process)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _move_in(setup: dict[str, Any]) -> None:
    """Take over the function's own log, environment, import path and network."""
    log = os.open(setup["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, descriptor)
    sys.stdout = open(1, "w", buffering=1, closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False, encoding="utf-8")  # noqa: SIM115
    logs.install()
    os.environ.clear()
    os.environ.update(setup["environment"])
    os.chdir(setup["paths"][0])
    sys.path[:] = setup["paths"] + [path for path in sys.path if path not in ("", setup["simulator"])]
    for name in [name for name in sys.modules if name.partition(".")[0] == "simulator"]:
        del sys.modules[name]  # a function that needs us must fail here as it would on AWS
    socket.getaddrinfo = _only_this_world(socket.getaddrinfo, setup["https_port"])


def _only_this_world(real: Callable[..., Any], https_port: int) -> Callable[..., Any]:
    """Every https host is the simulated internet's TLS port; there is nothing else outside."""

    def getaddrinfo(host: str | bytes | None, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host in LOOPBACK:
            return real(host, port, *args, **kwargs)
        if port in (443, "443", "https") and https_port:
            return real("127.0.0.1", https_port, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, f"The simulated internet has no {host!r} on port {port!r}.")

    return getaddrinfo


class _Sandbox:
    def __init__(self, connection: socket.socket, setup: dict[str, Any]) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._setup = setup
        self._handler: Callable[[Any, Any], Any] | None = None
        self._asking = threading.Lock()
        self._travel: Any = None
        self._select_now = select.select
        time.sleep = self._sleep  # type: ignore[assignment]  # any number of seconds will do
        select.select = self._select  # type: ignore[assignment]  # whatever can be waited for
        signal.signal(signal.SIGUSR1, lambda *_: self._sleep(0))  # time has passed while it waited for a reply

    def run(self) -> None:
        while line := self._lines.readline():
            invoke = json.loads(line)["invoke"]
            self._set_time(invoke["now"])
            self._send(self._outcome(invoke))

    def _outcome(self, invoke: dict[str, Any]) -> dict[str, Any]:
        request_id = invoke["request_id"]
        try:
            handler = self._handler = self._handler or self._load()
        except Exception as error:  # noqa: BLE001 (as Lambda: the caller is told, whatever it is)
            kind = "Runtime.ImportModuleError" if isinstance(error, ImportError) else type(error).__name__
            return _told(error, request_id, kind)
        try:
            answer = handler(json.loads(invoke["payload"]), Context(invoke, self._setup["environment"]))
        except Exception as error:  # noqa: BLE001 (as Lambda: the caller is told, whatever it is)
            return _told(error, request_id, type(error).__name__)
        try:
            return {"answer": json.dumps(answer)}
        except (TypeError, ValueError) as error:
            return _told(error, request_id, "Runtime.MarshalError")

    def _load(self) -> Callable[[Any, Any], Any]:
        module, _, name = self._setup["handler"].rpartition(".")
        handler: Callable[[Any, Any], Any] = getattr(importlib.import_module(module.replace("/", ".")), name)
        return handler

    def _sleep(self, seconds: float) -> None:
        self._wait({"sleep": seconds})

    def _select(self, read: Any, write: Any, exceptional: Any, timeout: float | None = None) -> tuple[list[Any], ...]:
        """Wait in virtual time. Each look comes after the answers to all that this process has sent before."""
        ends = math.inf if timeout is None else time.time() + timeout
        self._wait({"listen": 0.0})
        ready = self._select_now(read, write, exceptional, 0)
        while not any(ready) and self._wait({"listen": ends - time.time()}):
            ready = self._select_now(read, write, exceptional, DELIVERED)
        return ready

    def _wait(self, how: dict[str, float]) -> bool:
        """Let the world go on; whether something has been sent to us."""
        with self._asking:
            self._send(how)
            line = self._lines.readline()
        if not line:
            os._exit(1)  # the world is gone
        answer = json.loads(line)
        self._set_time(answer["now"])
        return bool(answer["heard"])

    def _send(self, message: dict[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def _set_time(self, now: float) -> None:
        if self._travel is None:
            self._travel = time_machine.travel(now, tick=False).start()
        self._travel.move_to(now)


def _told(error: BaseException, request_id: str, kind: str) -> dict[str, Any]:
    """Lambda's form of an error: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    told = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": frames}
    with contextlib.suppress(ValueError):  # a function may close its own output
        logs.write_error(told)
    return {"error": told}


class Context:
    """What Lambda gives a Python handler: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, invoke: dict[str, Any], environment: dict[str, str]) -> None:
        self._deadline: float = invoke["deadline"]
        self.aws_request_id: str = invoke["request_id"]
        self.invoked_function_arn: str = invoke["arn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self._deadline - time.time()) * 1000))
