"""Retries live in one place, are alike, and are few: how often a call is made at the most is worked out here.

Retries that multiply turn one throttled call into dozens. A call is made by a client, which tries again; by a function,
which a state invokes again, or Lambda's own queue does where an event invoked it.
"""

import re
from typing import Any

import pytest

from control_plane import errors
from control_plane.aws.clients import CONFIG
from control_plane.aws.slack import PAUSES
from control_plane.aws.watch_table import Overtaken
from control_plane.steps.request import PATIENCE
from tests.contracts.deployed import (
    ROOT,
    RUN,
    WATCH,
    all_tasks,
    functions,
    logical_id,
    machines,
    named,
    of_type,
    rules_of,
    step_of,
    tasks,
)

# Names that Step Functions and Lambda give to what went wrong:
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
PLATFORM_ERRORS = {
    "States.ALL",
    "States.Timeout",
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
}
LAMBDA_IS_BUSY = {name for name in PLATFORM_ERRORS if name.startswith("Lambda.") and name != "Lambda.Unknown"}

TASKS = list(all_tasks())
each_task = pytest.mark.parametrize(
    "task", [pytest.param(task, id=f"{machine}: {name}") for machine, name, task in TASKS]
)

# Of the watch's own errors: who was overtaken at a cluster's book reads it again, and judges by what it then says.
READ_AGAIN = {Overtaken.__name__}
# Nothing is looked at without its list: the execution ends under the error's own name, and rings.
NEEDED_BY_ALL = "List watched"


def _ours() -> dict[str, type]:
    classes = {name: each for name, each in vars(errors).items() if isinstance(each, type)}
    return {name: each for name, each in classes.items() if issubclass(each, errors.ControlPlaneError)}


def _retried(task: dict[str, Any]) -> set[str]:
    return {name for retrier in task["Retry"] for name in retrier["ErrorEquals"]}


@each_task
def test_a_task_ends_in_time_and_its_function_before_it(task: dict[str, Any]) -> None:
    """So a slow function says itself what it was at, instead of being given up on."""
    assert functions()[step_of(task)]["Timeout"] < task["TimeoutSeconds"] <= 900


@each_task
def test_a_task_is_retried_with_jitter_within_bounds(task: dict[str, Any]) -> None:
    for retrier in task["Retry"]:
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["MaxDelaySeconds"] <= 120
        assert 1 <= retrier["MaxAttempts"] <= 40
    assert LAMBDA_IS_BUSY | {"AwsUnavailable"} <= _retried(task)


@each_task
def test_of_our_own_errors_only_a_passing_one_is_retried(task: dict[str, Any]) -> None:
    passing = {name for name, each in _ours().items() if issubclass(each, errors.AwsUnavailable)}
    assert _retried(task) & {*_ours(), *READ_AGAIN} <= passing | (
        READ_AGAIN if step_of(task) == "check_drift" else set()
    )


def test_a_step_that_can_do_with_less_gives_in_before_the_state_machine_gives_up() -> None:
    patient = {name: task for _, name, task in TASKS if "Retried" in task["Arguments"]["Payload"]}
    assert set(patient) == {"Explain failure", "Record outcome"}
    for task in patient.values():
        [busy] = [retrier for retrier in task["Retry"] if "AwsUnavailable" in retrier["ErrorEquals"]]
        assert busy["MaxAttempts"] >= PATIENCE


@pytest.mark.parametrize(
    "task", [pytest.param(task, id=f"{machine}: {name}") for machine, name, task in TASKS if name != NEEDED_BY_ALL]
)
def test_whatever_a_task_raises_is_caught(task: dict[str, Any]) -> None:
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_the_one_that_is_not_caught_stands_in_no_map_where_it_would_end_what_goes_well_beside_it() -> None:
    assert [(machine, name) for machine, name, task in TASKS if "Catch" not in task] == [(WATCH, NEEDED_BY_ALL)]
    assert machines()[WATCH]["States"][NEEDED_BY_ALL] == tasks(WATCH)[NEEDED_BY_ALL]


def test_every_error_that_is_matched_can_be_raised() -> None:
    retriers = [each for _, _, task in TASKS for each in [*task["Retry"], *task.get("Catch", [])]]
    assert {name for each in retriers for name in each["ErrorEquals"]} <= PLATFORM_ERRORS | set(_ours()) | READ_AGAIN


RECORDING = "Record outcome"
CREATING = "Create cluster"  # it waits longer for a create that nobody answered: the cluster may be there
BUSY: dict[str, Any] = {
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 5,
    "MaxDelaySeconds": 30,
    "JitterStrategy": "FULL",
}
DIED: dict[str, Any] = {
    "IntervalSeconds": 5,
    "BackoffRate": 2,
    "MaxAttempts": 2,
    "MaxDelaySeconds": 30,
    "JitterStrategy": "FULL",
}
RECORDED = BUSY | {"IntervalSeconds": 5, "MaxAttempts": 12, "MaxDelaySeconds": 120}  # without it nothing has ended
FUNCTION_DIED = {"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"}
CLIENT: dict[str, Any] = vars(CONFIG)  # its stubs name none of what it was made with
TRIES = int(CLIENT["retries"]["total_max_attempts"])
HANGS = TRIES * (CLIENT["connect_timeout"] + CLIENT["read_timeout"])  # seconds, at the most


OVERTAKEN = DIED | {"MaxAttempts": 3}


def test_all_tasks_retry_alike_but_for_the_one_that_ends_the_run() -> None:
    for _, name, task in TASKS:
        busy, died, *others = task["Retry"]
        assert _pace(busy) == (RECORDED if name == RECORDING else BUSY)
        assert set(busy["ErrorEquals"]) == LAMBDA_IS_BUSY | {"AwsUnavailable"}
        assert _pace(died) == DIED
        assert set(died["ErrorEquals"]) == FUNCTION_DIED
        if step_of(task) == "check_drift":
            assert others == [OVERTAKEN | {"ErrorEquals": [*READ_AGAIN]}]
        else:
            assert [retrier["ErrorEquals"] for retrier in others] in ([], [["NotYet"]])


def _pace(retrier: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in retrier.items() if name != "ErrorEquals"}


def test_what_must_not_be_lost_is_tried_for_minutes() -> None:
    """With full jitter a wait is half its bound on average."""
    waits = [
        min(RECORDED["IntervalSeconds"] * 2**n, RECORDED["MaxDelaySeconds"]) for n in range(RECORDED["MaxAttempts"])
    ]
    assert 8 * 60 <= sum(waits) / 2 <= 10 * 60


def test_a_call_that_hangs_is_given_up_while_its_function_still_has_time_to_say_so() -> None:
    assert {step_of(task) for _, _, task in TASKS if functions()[step_of(task)]["Timeout"] <= HANGS} == set()


# ---------------------------------------------------------------- how often a call is made, at the most


def invoked_by_a_state(task: dict[str, Any], *only: str) -> int:
    """How often a state invokes its function when these errors come of it; without any, all that it retries."""
    retriers = [each for each in task["Retry"] if not only or set(only) & set(each["ErrorEquals"])]
    return 1 + sum(int(retrier["MaxAttempts"]) for retrier in retriers)


def invoked_by_an_event(step: str) -> int:
    """Once, and as often as Lambda's queue tries again; EventBridge tries again only what Lambda did not take in."""
    configs = of_type("AWS::Lambda::EventInvokeConfig").values()
    [config] = [each for each in configs if named(each["FunctionName"]) == logical_id(step)]
    return 1 + int(config["MaximumRetryAttempts"])


def attempts() -> dict[str, tuple[int, int]]:
    """By who calls: attempts at one call that is always throttled, and at one to which everything there is happens."""
    named_once = {name: task for machine in (WATCH, RUN) for name, task in tasks(machine).items()}
    throttled = {name: "NotYet" if name == CREATING else "AwsUnavailable" for name in named_once}
    of_events = {step: TRIES * invoked_by_an_event(step) for step in functions() if list(rules_of(step))}
    of_events |= {"api": TRIES, "A post to Slack": (1 + len(PAUSES)) * invoked_by_an_event("notify_slack")}
    return {
        name: (TRIES * invoked_by_a_state(task, throttled[name]), TRIES * invoked_by_a_state(task))
        for name, task in named_once.items()
    } | {name: (times, times) for name, times in of_events.items()}


def documented() -> dict[str, tuple[int, int]]:
    """Rows of docs/architecture.md, "| Check account | 12 | 16 |"."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `?([A-Za-z_ ]+?)`? \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return {name: (int(throttled), int(worst)) for name, throttled, worst in found}


def test_a_call_is_attempted_at_most_as_often_as_documented() -> None:
    assert documented() == attempts()


def test_retries_do_not_multiply() -> None:
    throttled = {name: times for name, (times, _) in attempts().items()}
    assert {throttled.pop(name) for name in (RECORDING, CREATING)} == {26}
    assert max(throttled.values()) == 12
    assert max(worst for _, worst in attempts().values()) == 96  # of a delete, for as long as another change goes on
