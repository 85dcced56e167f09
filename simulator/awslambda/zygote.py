"""The process that all function workers are forked from; it has imported what all of them need, once.

Run in a clean process with one thread: forking the simulator itself, with its threads, would not be safe.
It speaks JSON lines on its standard input, a socket: ``{"spawn": {...}}`` with the worker's own socket as ancillary
data → ``{"pid": n}``; ``{"wait": pid}`` → ``{"status": "signal: killed"}``. It ends, and its workers with it, when
the simulator goes away.
"""

import contextlib
import gc
import json
import os
import signal
import socket
from functools import cache
from typing import Any

from simulator.awslambda import worker
from simulator.heads import read_quickly
from simulator.patching import Patches

SERVICES = ("dynamodb", "ec2", "events", "iam", "s3", "sagemaker", "secretsmanager", "ssm", "stepfunctions")


def main() -> None:
    _warm_up()
    control = socket.socket(fileno=os.dup(0))
    children: set[int] = set()
    with control:
        while request := _receive(control):
            message, descriptors = request
            control.sendall(json.dumps(_obey(control, message, descriptors, children)).encode() + b"\n")
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _warm_up() -> None:
    """Import what nearly every function imports, and read the models of the services it calls.

    Every later session finds the models in this one's loader; environment and credentials each worker reads itself.
    """
    import aws_lambda_powertools  # noqa: F401, PLC0415
    import botocore.loaders  # noqa: PLC0415
    import botocore.session  # noqa: PLC0415
    import pydantic  # noqa: F401, PLC0415

    read_quickly(Patches())
    botocore.session.create_loader = cache(botocore.loaders.create_loader)
    session = botocore.session.get_session()
    for service in SERVICES:
        session.create_client(
            service,
            region_name="none",
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 # nosec B106 # the simulator takes any key
        )
    gc.freeze()  # or each worker goes through all of this, page by page, and has its own copy then


def _receive(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    data, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 1)
    if not data:
        return None
    while not data.endswith(b"\n"):
        data += control.recv(1 << 20)
    return json.loads(data), descriptors


def _obey(
    control: socket.socket, message: dict[str, Any], descriptors: list[int], children: set[int]
) -> dict[str, Any]:
    if "wait" in message:
        _, status = os.waitpid(message["wait"], 0)
        children.discard(message["wait"])
        return {"status": _in_lambdas_words(status)}
    pid = os.fork()
    if pid == 0:
        control.close()
        worker.serve(socket.socket(fileno=descriptors[0]), message["spawn"])
    os.close(descriptors[0])
    children.add(pid)
    return {"pid": pid}


def _in_lambdas_words(status: int) -> str:
    if os.WIFSIGNALED(status):
        names = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated", signal.SIGSEGV: "segmentation fault"}
        number = signal.Signals(os.WTERMSIG(status))
        return f"signal: {names.get(number, number.name)}"
    return f"exit status {os.WEXITSTATUS(status)}"


if __name__ == "__main__":
    main()
