"""Whoever dies, for good: the run ends, and a person sees it in Slack, or in the queue that the alarm watches."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from simulator.faults import SlackFault
from tests.stories.stage import Stage
from tests.stories.test_causes import UNPROBED

REFUSED: dict[str, Any] = {"Egress": {"ExpectedPublicIps": ["203.0.113.99"]}}  # the shortest run there is
LONG_PAST = 3 * 3600.0  # virtual seconds: the deadline, the sweeper's grace, and every retry of everybody


def letters_about(stage: Stage, word: str) -> list[str]:
    return [letter for letter in stage.dead_letters() if word in letter]


def executions_of(stage: Stage, run_id: str) -> list[str]:
    arn = stage.sim.world["StateMachines"]["ProvisionCluster"]
    pages = stage.sim.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=arn)
    return sorted(it["name"] for page in pages for it in page["executions"] if it["name"].startswith(run_id))


# ---------------------------------------------------------------- the functions that end a run


def test_an_outcome_that_cannot_be_recorded_for_minutes_is_recorded_by_the_same_execution(stage: Stage) -> None:
    stage.sim.fail("dynamodb:TransactWriteItems", "InternalServerError", status=500, caller="RecordOutcomeFunction")
    stage.sim.clock.at(stage.sim.clock.now() + timedelta(minutes=2), stage.sim.faults.clear)
    ending = stage.run(stage.request(**REFUSED))

    assert (ending.run["State"], ending.ends, len(ending.slack)) == ("Refused", ["HyperPod Cluster Refused"], 1)
    assert executions_of(stage, ending.run["RunId"]) == [ending.run["RunId"]]


def test_an_outcome_that_can_never_be_recorded_is_recorded_by_the_sweeper_with_its_cause(stage: Stage) -> None:
    stage.sim.fail("dynamodb:TransactWriteItems", "InternalServerError", status=500, caller="RecordOutcomeFunction")
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    ending = stage.run(stage.request(**UNPROBED), patience=LONG_PAST)

    assert (ending.run["State"], ending.run["Cause"]) == ("Failed", "Capacity")
    assert (ending.ends, len(ending.slack)) == (["HyperPod Cluster Failed"], 2)
    assert len(executions_of(stage, ending.run["RunId"])) == 4  # its own, and three that tried to end it


def test_a_refusal_that_can_never_be_recorded_still_ends_and_is_told(stage: Stage) -> None:
    stage.sim.fail("dynamodb:TransactWriteItems", "AccessDeniedException", status=403, caller="RecordOutcomeFunction")
    ending = stage.run(stage.request(**REFUSED), patience=LONG_PAST)

    assert ending.run["State"] == "Failed"
    assert "EGRESS-001" in ending.rules
    assert (ending.ends, len(ending.slack), ending.clusters) == (["HyperPod Cluster Failed"], 1, 0)


def test_a_run_of_which_every_step_is_dead_is_ended_by_the_sweeper(stage: Stage) -> None:
    for step in ("CheckAccount", "ExplainFailure", "RecordOutcome", "Announce"):
        stage.sim.fail("dynamodb:GetItem", "AccessDeniedException", status=403, caller=f"{step}Function")
        stage.sim.fail("dynamodb:Query", "AccessDeniedException", status=403, caller=f"{step}Function")
    ending = stage.run(stage.request(**UNPROBED), patience=LONG_PAST)

    assert (ending.run["State"], ending.run["Cause"]) == ("Failed", "Unknown")
    assert ending.run["ExecutionArn"] in ending.run["Remedy"]
    assert (ending.ends, len(ending.slack), ending.clusters) == (["HyperPod Cluster Failed"], 1, 0)


def test_an_end_that_the_announcer_may_not_tell_is_told_by_the_sweeper(stage: Stage) -> None:
    stage.sim.fail("events:PutEvents", "AccessDeniedException", status=403, caller="AnnounceFunction")
    ending = stage.run(stage.request(**REFUSED), patience=600)

    assert (ending.ends, len(ending.slack)) == (["HyperPod Cluster Refused"], 1)


# ---------------------------------------------------------------- the last net, and the way out


def bus_is_gone(stage: Stage) -> None:
    stage.sim.fail("events:PutEvents", "ResourceNotFoundException", caller="AnnounceFunction")
    stage.sim.fail("events:PutEvents", "ResourceNotFoundException", caller="SweepRunsFunction")


def sweeper_may_not_look(stage: Stage) -> None:
    stage.sim.fail("dynamodb:Query", "AccessDeniedException", status=403, caller="SweepRunsFunction")


@pytest.mark.parametrize("breaks", [bus_is_gone, sweeper_may_not_look], ids=lambda breaks: breaks.__name__)
def test_a_sweeper_that_cannot_do_its_work_ends_in_the_dead_letter_queue(
    stage: Stage, breaks: Callable[[Stage], None]
) -> None:
    breaks(stage)
    ending = stage.run(stage.request(**REFUSED), patience=900)

    assert ending.run["State"] == "Refused"
    assert letters_about(stage, "SweepRunsFunction")


def test_what_a_missing_bus_kept_back_is_told_when_it_is_there_again(stage: Stage) -> None:
    bus_is_gone(stage)
    silent = stage.run(stage.request(**REFUSED), patience=900)
    stage.sim.faults.clear()
    stage.sim.clock.sleep(300)
    stage.sim.settle()
    told = stage.ending(silent.run["RunId"])

    assert (silent.ends, silent.slack) == ([], [])
    assert (told.ends, len(told.slack)) == (["HyperPod Cluster Refused"], 1)


# ---------------------------------------------------------------- Slack


def secret_is_gone(stage: Stage) -> None:
    stage.sim.fail("secretsmanager:GetSecretValue", "ResourceNotFoundException", caller="NotifySlackFunction")
    stage.sim.clock.sleep(61)  # it is read once a minute at most


def webhook_is_revoked(stage: Stage) -> None:
    stage.sim.inject(SlackFault(404, nth=0))


def slack_asks_to_come_later(stage: Stage) -> None:
    stage.sim.inject(SlackFault(429, nth=0, retry_after=3600))


def notifier_may_not_claim(stage: Stage) -> None:
    stage.sim.fail("dynamodb:UpdateItem", "AccessDeniedException", status=403, caller="NotifySlackFunction")


@pytest.mark.parametrize(
    "breaks",
    [secret_is_gone, webhook_is_revoked, slack_asks_to_come_later, notifier_may_not_claim],
    ids=lambda breaks: breaks.__name__,
)
def test_a_message_that_slack_does_not_get_is_a_dead_letter_and_the_event_is_out_all_the_same(
    stage: Stage, breaks: Callable[[Stage], None]
) -> None:
    breaks(stage)
    ending = stage.run(stage.request(**REFUSED))

    assert (ending.run["State"], ending.ends, ending.slack) == ("Refused", ["HyperPod Cluster Refused"], [])
    [letter] = letters_about(stage, ending.run["RunId"])
    assert json.loads(letter)["requestPayload"]["detail-type"] == "HyperPod Cluster Refused"


# ---------------------------------------------------------------- and then, as docs/runbook.md says


def send_again(stage: Stage, letter: str) -> None:
    """Have the function that gave a dead letter's event up take it once more."""
    told = json.loads(letter)
    function = told["requestContext"]["functionArn"].split(":function:")[1].removesuffix(":$LATEST")
    assert not stage.sim.invoke(function, told["requestPayload"]).error
    stage.sim.settle()


def test_a_request_that_cannot_be_taken_in_is_a_dead_letter_that_can_be_sent_again(stage: Stage) -> None:
    stage.sim.fail("dynamodb:TransactWriteItems", "AccessDeniedException", status=403, caller="AcceptRequestFunction")
    request = stage.request(**REFUSED)
    stage.sim.put_request(request)
    stage.sim.settle()
    run_id = stage.sim.run_id(request["RequestId"])
    [letter] = letters_about(stage, request["RequestId"])
    stage.sim.faults.clear()

    assert stage.sim.api("GET", f"/runs/{run_id}").status == 404
    for _ in range(2):
        send_again(stage, letter)
    assert (stage.ending(run_id).ends, len(stage.ending(run_id).slack)) == (["HyperPod Cluster Refused"], 1)


def test_a_message_that_was_kept_back_is_told_when_its_letter_is_sent_again(stage: Stage) -> None:
    webhook_is_revoked(stage)
    run_id = stage.run(stage.request(**REFUSED)).run["RunId"]
    [letter] = letters_about(stage, run_id)
    stage.sim.faults.clear()
    stage.sim.clock.sleep(61)  # the last try's claim is over
    for _ in range(2):
        send_again(stage, letter)

    assert len(stage.ending(run_id).slack) == 1
