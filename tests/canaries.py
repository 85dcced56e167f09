"""Secrets that must be found nowhere: looked for in all that a simulated AWS keeps, before it closes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from simulator import slack_inbox
from simulator.app import Simulator
from simulator.awslambda import runtime
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
    yield from _objects(simulator)
    yield from _executions(simulator)
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


def _objects(simulator: Simulator) -> Iterator[tuple[str, str]]:
    s3 = simulator.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in _pages(simulator, "s3", "list_object_versions", Bucket=bucket["Name"]):
            for found in page.get("Versions", []):
                where = {"Bucket": bucket["Name"], "Key": found["Key"], "VersionId": found["VersionId"]}
                yield f"s3://{where['Bucket']}/{where['Key']}", s3.get_object(**where)["Body"].read().decode()


def _executions(simulator: Simulator) -> Iterator[tuple[str, str]]:
    for machines in _pages(simulator, "stepfunctions", "list_state_machines"):
        for machine in machines["stateMachines"]:
            for page in _pages(
                simulator, "stepfunctions", "list_executions", stateMachineArn=machine["stateMachineArn"]
            ):
                for arn in (execution["executionArn"] for execution in page["executions"]):
                    for history in _pages(simulator, "stepfunctions", "get_execution_history", executionArn=arn):
                        yield f"the history of {arn}", str(history["events"])


def _letters(simulator: Simulator) -> Iterator[tuple[str, str]]:
    sqs = simulator.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            yield from ((f"a message of {url}", str(message)) for message in messages)
