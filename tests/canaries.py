"""Secrets that must be found nowhere: looked for in all that a simulated AWS keeps, before it closes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from moto.s3.models import FakeKey, s3_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from simulator import slack_inbox
from simulator.app import Simulator
from simulator.awslambda import runtime
from simulator.context import ACCOUNT, REGION
from simulator.ssm import sessions

CANARIES = {
    "the webhook's token": slack_inbox.HOOK.rpartition("/")[2],
    "a function's secret access key": runtime.KEY,
    "a function's session token": runtime.TOKEN,
    "a data channel's token": sessions.TOKEN,
}


@contextmanager
def unseen(opening: AbstractContextManager[Simulator]) -> Iterator[Simulator]:
    """A simulator in which, when all is done, no canary is seen anywhere."""
    with opening as simulator:
        yield simulator
        assert leaks(simulator) == []


def leaks(simulator: Simulator) -> list[str]:
    """Which canary is where."""
    return [f"{canary} is in {place}" for place, text in told(simulator) for canary in seen_in(text)]


def seen_in(text: str) -> list[str]:
    """The names of the canaries in a text."""
    return [canary for canary, secret in CANARIES.items() if secret in text]


def told(simulator: Simulator) -> Iterator[tuple[str, str]]:
    """All that can be read by somebody who may not read the secrets themselves."""
    simulator.faults.clear()
    simulator.settle()
    yield from _logs(simulator)
    yield from _items(simulator)
    yield from _objects()
    yield from _executions()
    yield from _letters(simulator)
    yield from (("an event", str(event)) for event in simulator.events())
    yield from (("a message in Slack", str(message)) for message in simulator.slack())
    yield from (("the record of calls", str(call)) for call in simulator.calls())


def _pages(simulator: Simulator, service: str, operation: str, **asked: Any) -> Iterator[dict[str, Any]]:
    yield from simulator.client(service).get_paginator(operation).paginate(**asked)


def _logs(simulator: Simulator) -> Iterator[tuple[str, str]]:
    for page in _pages(simulator, "lambda", "list_functions"):
        for function in page["Functions"]:
            name = function["FunctionName"]
            yield f"the log of {name}", "\n".join(simulator.logs(name))


def _items(simulator: Simulator) -> Iterator[tuple[str, str]]:
    for page in _pages(simulator, "dynamodb", "list_tables"):
        for table in page["TableNames"]:
            for items in _pages(simulator, "dynamodb", "scan", TableName=table):
                yield from ((f"an item of {table}", str(item)) for item in items["Items"])


def _objects() -> Iterator[tuple[str, str]]:
    """All versions, without a request for each: there are thousands."""
    for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
        for key, versions in bucket.keys.lists():
            kept = [version for version in versions if isinstance(version, FakeKey)]  # the rest are delete markers
            yield from ((f"s3://{bucket.name}/{key}", version.value.decode()) for version in kept)


def _executions() -> Iterator[tuple[str, str]]:
    backend = stepfunctions_parser_backends[ACCOUNT][REGION]
    for machine in backend.state_machines:
        for execution in machine.executions:
            arn = execution.execution_arn
            yield f"the history of {arn}", str(backend.get_execution_history(arn))


def _letters(simulator: Simulator) -> Iterator[tuple[str, str]]:
    sqs = simulator.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            yield from ((f"a message of {url}", str(message)) for message in messages)
