"""The longest run that a request may ask for, and the largest: neither comes near a limit of Step Functions."""

from typing import Any

import pytest

from tests.races import TIMES
from tests.stories.stage import Stage
from tests.stories.test_causes import UNPROBED

HOURS = min(3 * TIMES, 24)  # `make chaos` waits the 24 that a request may ask for
EVENTS, BYTES = 2_500, 256 * 1024
LONG = 300_000  # characters


def history_of(stage: Stage, run_id: str) -> list[dict[str, Any]]:
    arn = stage.sim.get(f"/runs/{run_id}")["ExecutionArn"]
    pages = stage.sim.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def largest(history: list[dict[str, Any]]) -> int:
    """The longest text that any event holds: an input, an output, a variable, a cause."""
    return max(len(text) for event in history for text in texts(event))


def texts(node: object) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts(value)]
    return [str(node)]


@pytest.mark.long
def test_a_run_that_waits_for_long_takes_a_tenth_of_the_events_that_a_history_may_have(stage: Stage) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    request = stage.request(**UNPROBED, DeadlineMinutes=60 * HOURS)
    request["Cluster"] |= {"NodeProvisioningMode": "Continuous", "Orchestrator": {"Slurm": {}}}
    ending = stage.run(request)
    history = history_of(stage, ending.run["RunId"])

    assert (ending.run["State"], ending.run["Cause"], ending.ends) == (
        "Failed",
        "Capacity",
        ["HyperPod Cluster Failed"],
    )
    assert 500 < len(history) <= EVENTS
    assert largest(history) < BYTES / 10


@pytest.mark.parametrize("accepted", [True, False])
def test_the_largest_request_and_the_longest_text_stay_far_below_what_a_state_may_carry(
    stage: Stage, *, accepted: bool
) -> None:
    words = "The flux capacitor is out of plutonium. " * (LONG // 40)
    if accepted:
        stage.sim.hyperpod.fail(stage.cluster, "Capacity", words=words)
    else:
        stage.sim.hyperpod.refuse(stage.cluster, "ValidationException", words)
    groups = [stage.group(f"group-{number:02}-{'long' * 13}") for number in range(100)]
    ending = stage.run(stage.request(*groups, **UNPROBED))

    assert (ending.run["State"], ending.run["Cause"]) == ("Failed", "Unknown")
    assert ending.run["CauseDetail"].count("plutonium") > 10
    assert largest(history_of(stage, ending.run["RunId"])) < BYTES / 10
