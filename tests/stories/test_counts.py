"""What a run costs, counted exactly. The numbers stand in docs/architecture.md."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stories.stage import Ending, Stage

LOOPS = {
    *("Wait for probes", "Ask probes", "Have the probes answered?"),
    *("Wait for cluster", "Read cluster", "Is the cluster in service?"),
}
DOCUMENTED = Path(__file__).parents[2] / "docs/architecture.md"


def documented(what: str) -> int:
    """A number from the table of counts: "| <what> | <number> |"."""
    found = re.search(rf"^\| {re.escape(what)} \| (\d+) \|$", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"docs/architecture.md has no count of: {what}"
    return int(found[1])


def calls_of(stage: Stage, work: Callable[[], Ending]) -> tuple[Ending, Counter[tuple[str, str]]]:
    """What a piece of work comes to, and how often each function made each call meanwhile."""
    before = len(stage.sim.calls())
    ending = work()
    return ending, Counter((it.call.caller, it.call.name) for it in stage.sim.calls()[before:])


def states_of(stage: Stage, ending: Ending) -> Counter[str]:
    pages = stage.sim.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=ending.run["ExecutionArn"]) for event in page["events"]]
    return Counter(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)


def describes(calls: Counter[tuple[str, str]]) -> int:
    ours = {key: times for key, times in calls.items() if key[0] == "CheckAccountFunction"}
    return sum(times for (_, call), times in ours.items() if call.startswith("ec2:Describe"))


def test_a_run_passes_as_many_states_as_documented_and_reads_the_cluster_once_a_poll(stage: Stage) -> None:
    ending, calls = calls_of(stage, lambda: stage.run(stage.request()))
    states = states_of(stage, ending)

    assert sum(times for name, times in states.items() if name not in LOOPS) == documented(
        "States of a provisioned run outside its two loops"
    )
    assert calls["ReadClusterFunction", "sagemaker:DescribeCluster"] == states["Read cluster"]
    assert calls["CreateClusterFunction", "sagemaker:CreateCluster"] == 1


@pytest.mark.parametrize("groups", [1, 20])
def test_the_account_is_read_in_as_many_calls_for_20_groups_as_for_one(stage: Stage, groups: int) -> None:
    many = [stage.group(f"group-{number}") for number in range(groups)]
    refused: dict[str, Any] = {"ExpectedPublicIps": ["203.0.113.99"]}
    ending, calls = calls_of(stage, lambda: stage.run(stage.request(*many, Egress=refused)))

    assert ending.run["State"] == "Refused"
    assert describes(calls) == documented("EC2 Describe calls of the account check, for 1 group or for 20")


def test_slack_costs_one_secret_a_container_and_accepting_one_transaction(stage: Stage) -> None:
    _, calls = calls_of(stage, lambda: stage.run(stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]})))

    assert calls["NotifySlackFunction", "secretsmanager:GetSecretValue"] <= 1
    assert calls["AcceptRequestFunction", "dynamodb:TransactWriteItems"] == 1
    assert calls["AcceptRequestFunction", "stepfunctions:StartExecution"] == 1
