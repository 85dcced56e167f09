"""The state machine, as deployed: every Task is bounded, retried where that helps, and caught."""

import re
from typing import Any

import pytest

from control_plane import errors
from control_plane.domain.request import Request
from scripts.lint_states import expressions, unparsable
from tests.contracts.deployed import (
    ROOT,
    functions,
    listed,
    logical_id,
    named,
    properties,
    state_machine,
    statements_for,
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

each_task = pytest.mark.parametrize("task", [pytest.param(task, id=name) for name, task in tasks().items()])


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
    assert _retried(task) & set(_ours()) <= passing


@each_task
def test_whatever_a_task_raises_is_caught(task: dict[str, Any]) -> None:
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_every_error_that_is_matched_can_be_raised() -> None:
    matched = {
        name for task in tasks().values() for each in [*task["Retry"], *task["Catch"]] for name in each["ErrorEquals"]
    }
    assert matched <= PLATFORM_ERRORS | set(_ours())


def test_every_arn_that_the_definition_wants_is_given_and_every_given_one_is_wanted() -> None:
    text = (ROOT / "statemachines/provision_cluster.asl.yaml").read_text()
    given: dict[str, Any] = properties("ProvisionClusterStateMachine")["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(given)
    assert {name: f"{named(arn)}Arn" for name, arn in given.items()} == {name: name for name in given}


def test_the_machine_may_invoke_the_functions_of_its_tasks_and_no_others() -> None:
    [statement] = statements_for("StateMachineRole", "lambda:InvokeFunction")
    wanted = {logical_id(step_of(task)) for task in tasks().values()}
    assert {named(arn) for arn in listed(statement["Resource"])} == wanted


def test_the_machine_outlasts_the_longest_deadline_that_a_request_may_set() -> None:
    [longest] = [limit.le for limit in Request.model_fields["deadline_minutes"].metadata if hasattr(limit, "le")]
    assert state_machine()["TimeoutSeconds"] > longest * 60


def test_every_expression_parses() -> None:
    assert len(list(expressions(state_machine()))) > 20
    assert unparsable(state_machine()) == []
    assert unparsable({"Condition": "{% $count($x %}"}) != []


def test_the_machine_keeps_a_log_and_a_trace() -> None:
    machine = properties("ProvisionClusterStateMachine")
    [destination] = machine["LoggingConfiguration"]["Destinations"]
    group = properties(named(destination["CloudWatchLogsLogGroup"]["LogGroupArn"]))
    assert group["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/states/")
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
