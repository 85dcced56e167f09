"""A simulator with the smallest plane that shows the engine's truths."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.app import Simulator
from simulator.awslambda.runtime import Outcome
from simulator.world import Plan

TINY = Path(__file__).parent / "fixtures/plane/template.yaml"


def tiny(**options: Any) -> Simulator:
    return Simulator.start(Plan(TINY, network=None), **options)


def at_peace(sim: Simulator) -> Iterator[Simulator]:
    """For a fixture: no fault of another test is in force, and none is left behind."""
    sim.faults.clear()
    sim.settle()
    yield sim
    sim.faults.clear()


def answer(outcome: Outcome) -> Any:
    assert not outcome.error, outcome.payload
    return json.loads(outcome.payload)


def told(outcome: Outcome) -> dict[str, Any]:
    """What went wrong."""
    assert outcome.error == "Unhandled"
    error: dict[str, Any] = json.loads(outcome.payload)
    return error


def messages(sim: Simulator, url: str) -> list[dict[str, Any]]:
    """Take all messages off a queue."""
    sqs, found = sim.client("sqs"), []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
        "Messages"
    ):
        found += batch
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def put(sim: Simulator, detail_type: str, detail: dict[str, Any]) -> None:
    entry = {"EventBusName": "tiny", "Source": "test", "DetailType": detail_type, "Detail": json.dumps(detail)}
    assert sim.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    sim.settle()
