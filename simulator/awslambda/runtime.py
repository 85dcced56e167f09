"""Invoke deployed functions, on warm workers or cold ones, and say in Lambda's words what goes wrong."""

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.moto_api._internal import mock_random

from simulator.awslambda.processes import Worker, WorkerDied, Zygote
from simulator.awslambda.sandboxes import Ears, Invocation, Sandboxes
from simulator.context import Context
from simulator.faults import Faults, FunctionFault, FunctionKind

# A worker that says nothing for so long hangs. Generous: it is real time, on a machine that may be busy.
REAL_SECONDS = 120.0
# Lambda tells of a process that ran out of memory as of any that was killed:
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
DEAD_AT_START = (FunctionKind.KILL_AT_START, FunctionKind.OUT_OF_MEMORY)
# A sandbox's credentials: the simulator takes any, and whoever finds these anywhere has found a leak.
KEY, TOKEN = "simulated-key-of-a-sandbox", "simulated-token-of-a-sandbox"


def secret_of(token: str) -> str | None:
    """The secret key of the sandbox with this session token; None: it is no sandbox's."""
    return KEY if token.startswith(TOKEN) else None


@dataclass(frozen=True)
class Sources:
    """Where functions' code comes from, and what lies beyond the loopback for them."""

    root: Path  # what CodeUri and ContentUri are relative to
    scratch: Path  # for logs
    ca_file: str = ""  # the simulated internet's certificate authority, PEM
    https_port: int = 0  # where every https host is; 0: there is no internet


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: `payload` is JSON; `error` is as in the X-Amz-Function-Error header, or empty."""

    request_id: str
    payload: str
    error: str = ""


class Throttled(Exception):
    """There is no room for another: all the function's reserved concurrency is in use, or all of the account's."""


class Runtime:
    """All functions' sandboxes."""

    def __init__(self, context: Context, sources: Sources, faults: Faults, ears: Ears) -> None:
        self._context = context
        self._faults = faults
        self._sources = sources
        self._zygote = Zygote()
        self.sandboxes = Sandboxes(context.clock, ears)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._idle: dict[str, list[Worker]] = {}
        self._busy: dict[str, list[Worker]] = {}
        self._closed = False
        self.skew: Callable[[str], float] = lambda _name: 0.0  # seconds that a function's own clock is ahead

    def function(self, name: str) -> LambdaFunction:
        """Find a function by name or ARN.

        Raises:
            moto's UnknownFunctionException
        """
        backend = lambda_backends[self._context.account][self._context.region]
        return backend.get_function(name.rpartition(":function:")[2])

    def invoke(self, name: str, payload: str) -> Outcome:
        """Run a function to its end, in virtual time.

        Raises:
            Throttled: its reserved concurrency is used up.
        """
        function = self.function(name)
        fault = self._faults.for_function(function.function_name)
        if fault and fault.kind is FunctionKind.THROTTLED:
            raise Throttled(name)
        with self._context.clock.working(f"function {function.function_name}"):
            worker = self._take(function)
            outcome, reusable = self._under(fault, worker, function, payload)
            self.sandboxes.pump()
            self._give_back(function.function_name, worker, reusable=reusable)
        return outcome

    def log(self, name: str) -> list[str]:
        """All lines the function has written to its standard output and error."""
        path = self._log_path(self.function(name))
        text = path.read_bytes().decode(errors="replace") if path.exists() else ""
        return text.removesuffix("\n").split("\n") if text else []  # no other character ends a line of a log

    def workers(self, name: str) -> list[int]:
        """Process ids of the sandboxes that run the function now."""
        with self._lock:
            return [worker.pid for worker in self._busy.get(name, [])]

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for workers in (*self._idle.values(), *self._busy.values()):
                for worker in workers:
                    worker.close()
        self._zygote.close()

    def _take(self, function: LambdaFunction) -> Worker:
        name = function.function_name
        with self._lock:
            busy = self._busy.setdefault(name, [])
            if function.reserved_concurrency is not None and len(busy) >= int(function.reserved_concurrency):
                raise Throttled(name)
            worker = self._idle[name].pop() if self._idle.get(name) else self._zygote.spawn(self._setup(function))
            busy.append(worker)
        return worker

    def _give_back(self, name: str, worker: Worker, *, reusable: bool) -> None:
        with self._lock:
            self._busy[name].remove(worker)
            keep = reusable and not self._closed
            if keep:
                self._idle.setdefault(name, []).append(worker)
        if reusable and not keep:
            worker.close()

    def _under(
        self, fault: FunctionFault | None, worker: Worker, function: LambdaFunction, payload: str
    ) -> tuple[Outcome, bool]:
        """Run it, unless a fault has other plans."""
        if self._faults.plane_is_dead or (fault and fault.kind in DEAD_AT_START):
            worker.kill()
            return _died(str(mock_random.uuid4()), "signal: killed"), False
        began = self._context.clock.now()
        outcome, reusable = self._run(worker, function, payload)
        if fault is None or not reusable:
            return outcome, reusable
        worker.kill()
        if fault.kind is FunctionKind.KILL_AT_END:
            return _died(outcome.request_id, "signal: killed"), False
        hung = began + timedelta(seconds=float(function.timeout)) - self._context.clock.now()
        self._context.clock.sleep(hung.total_seconds())
        return _timed_out(outcome.request_id, function), False

    def _run(self, worker: Worker, function: LambdaFunction, payload: str) -> tuple[Outcome, bool]:
        """The outcome, and whether the worker can be used again."""
        clock, request_id = self._context.clock, str(mock_random.uuid4())
        skew = self.skew(function.function_name)
        deadline = clock.now() + timedelta(seconds=float(function.timeout))

        def wait(asked: dict[str, float]) -> dict[str, Any]:
            heard = self.sandboxes.let_go(worker.token, asked)
            return {"now": clock.now().timestamp() + skew, "heard": heard}

        invoke = {
            "payload": payload,
            "request_id": request_id,
            "arn": function.function_arn,
            "now": clock.now().timestamp() + skew,
            "deadline": deadline.timestamp() + skew,
        }
        invocation = Invocation(worker.pid, clock.work(), deadline)
        try:
            with self.sandboxes.running(worker.token, invocation):
                if self._faults.plane_is_dead:  # it died after this worker was chosen, and before it could be found
                    worker.kill()
                answer = worker.talk(invoke, wait, REAL_SECONDS)
        except TimeoutError:
            worker.kill()
            return _timed_out(request_id, function), False
        except WorkerDied as death:
            outcome = _timed_out(request_id, function) if invocation.overran else _died(request_id, str(death))
            return outcome, False
        if "error" in answer:
            return Outcome(request_id, json.dumps(answer["error"]), "Unhandled"), True
        return Outcome(request_id, answer["answer"]), True

    def _setup(self, function: LambdaFunction) -> dict[str, Any]:
        return {
            "handler": function.handler,
            "paths": [str(self._sources.root / key) for key in self._code_keys(function)],
            "environment": self._environment(function),
            "log": str(self._log_path(function)),
            "https_port": self._sources.https_port,
        }

    def _code_keys(self, function: LambdaFunction) -> list[str]:
        """Object keys of code and layers, which `deploy` makes the folders' paths."""
        backend = lambda_backends[self._context.account][self._context.region]
        layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
        return [function.code["S3Key"], *(layer.content["S3Key"] for layer in layers if layer)]

    def _environment(self, function: LambdaFunction) -> dict[str, str]:
        """The deployed variables and Lambda's own.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        The access key is the function's name: by it the door knows who calls.
        """
        name, region = function.function_name, self._context.region
        lambdas = {
            "_HANDLER": function.handler,
            "AWS_ACCESS_KEY_ID": name,
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_SESSION_TOKEN": f"{TOKEN}-{next(self._numbers)}",
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "simulated",
            "AWS_REGION": region,
            "LAMBDA_TASK_ROOT": str(self._sources.root / function.code["S3Key"]),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
        }
        ours = {"AWS_ENDPOINT_URL": self._context.aws_url, "AWS_EC2_METADATA_DISABLED": "true"}
        if self._sources.ca_file:
            ours["SSL_CERT_FILE"] = self._sources.ca_file
        return lambdas | {key: str(value) for key, value in function.environment_vars.items()} | ours

    def _log_path(self, function: LambdaFunction) -> Path:
        return self._sources.scratch / f"{function.function_name}.log"


def _died(request_id: str, how: str) -> Outcome:
    return _failed(request_id, "Runtime.ExitError", f"Runtime exited with error: {how}")


def _timed_out(request_id: str, function: LambdaFunction) -> Outcome:
    return _failed(request_id, "Sandbox.Timedout", f"Task timed out after {float(function.timeout):.2f} seconds")


def _failed(request_id: str, kind: str, what: str) -> Outcome:
    told = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {what}"}
    return Outcome(request_id, json.dumps(told), "Unhandled")
