import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.app import Simulator
from simulator.cloudformation.registry import NotModelledError
from simulator.stepfunctions.jsonata import QueryError, evaluate
from simulator.stepfunctions.machines import substituted
from tests.simulator.planes import messages


def start(sim: Simulator, name: str, payload: dict[str, Any]) -> str:
    started = sim.client("stepfunctions").start_execution(
        stateMachineArn=sim.outputs["StepsArn"], name=name, input=json.dumps(payload)
    )
    return str(started["executionArn"])


def run(sim: Simulator, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    start(sim, name, payload)
    return sim.wait_for(name)


def seconds(run: dict[str, Any]) -> float:
    return float((run["stopDate"] - run["startDate"]).total_seconds())


NASTY = {"text": 'she said "no"\n\\ and \u2028 left \U0001f600 {% $x %} ${Y}'}


def test_texts_with_quotes_and_newlines_come_through_variables_unharmed(sim: Simulator) -> None:
    ended = run(sim, "nasty", NASTY)

    assert json.loads(ended["output"]) == {"said": NASTY, "text": NASTY["text"], "who": "nasty"}


def test_substitutions_are_filled_in_before_the_definition_is_parsed(sim: Simulator) -> None:
    machine = sim.client("stepfunctions").describe_state_machine(stateMachineArn=sim.outputs["StepsArn"])
    states = json.loads(machine["definition"])["States"]

    assert states["Pause"]["Seconds"] == 300
    assert states["Ask"]["Arguments"]["FunctionName"].endswith(sim.function_name("EchoFunction"))


@pytest.mark.parametrize("values", [{}, {"A": 1, "B": 2}], ids=["a value too few", "a value too many"])
def test_substitutions_that_do_not_fit_the_definition_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(NotModelledError, match="do not agree"):
        substituted("x: ${A}", values)


def test_a_wait_is_virtual(sim: Simulator) -> None:
    assert seconds(run(sim, "wait", {"text": ""})) == 300


def test_a_retry_waits_on_the_clock_and_backs_off(sim: Simulator) -> None:
    ended = run(sim, "busy", {"do": "busy", "times": 10**6, "text": ""})

    assert (ended["status"], ended["error"]) == ("FAILED", "Busy")
    assert seconds(ended) == 10 + 20 + 40


def test_a_task_times_out_in_virtual_time(sim: Simulator) -> None:
    ended = run(sim, "slow", {"do": "sleep", "seconds": 29, "text": ""})
    assert (ended["status"], seconds(ended)) == ("SUCCEEDED", 329)

    ended = run(sim, "too-slow", {"do": "sleep", "seconds": 31, "text": ""})
    assert (ended["status"], ended["error"], seconds(ended)) == ("FAILED", "Sandbox.Timedout", 30)


def test_a_stopped_execution_is_aborted_at_once_and_keeps_why(sim: Simulator) -> None:
    with sim.hold():
        arn = start(sim, "stopped", {"text": ""})
        sim.client("stepfunctions").stop_execution(executionArn=arn, error="Tired", cause="of waiting")
        ended = sim.client("stepfunctions").describe_execution(executionArn=arn)
    sim.settle()

    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Tired", "of waiting")
    told = [it["Detail"]["status"] for it in sim.events() if it["Detail"].get("name") == "stopped"]
    assert told == ["RUNNING", "ABORTED"]


def test_a_machine_times_out_in_virtual_time(sim: Simulator) -> None:
    definition = {
        "TimeoutSeconds": 600,
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}},
    }
    arn = sim.client("stepfunctions").create_state_machine(
        name="long", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/any"
    )["stateMachineArn"]
    sim.client("stepfunctions").start_execution(stateMachineArn=arn, name="too-long")

    ended = sim.wait_for("too-long")

    assert (ended["status"], seconds(ended)) == ("TIMED_OUT", 600)


def test_parallel_branches_wait_together(sim: Simulator) -> None:
    branch = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 100, "End": True}}}
    many = {
        "QueryLanguage": "JSONata",
        "StartAt": "Both",
        "States": {
            "Both": {"Type": "Parallel", "Branches": [branch, branch], "Next": "Each"},
            "Each": {"Type": "Map", "Items": "{% [1,2,3] %}", "ItemProcessor": branch, "End": True},
        },
    }
    arn = sim.client("stepfunctions").create_state_machine(
        name="parallel", definition=json.dumps(many), roleArn="arn:aws:iam::123456789012:role/any"
    )["stateMachineArn"]
    sim.client("stepfunctions").start_execution(stateMachineArn=arn, name="at-once")

    ended = sim.wait_for("at-once")

    assert (ended["status"], seconds(ended)) == ("SUCCEEDED", 200)


def test_executions_are_told_on_the_default_bus_as_aws_tells_them(sim: Simulator) -> None:
    messages(sim, sim.outputs["StatusesUrl"])
    ended = run(sim, "told", {"text": "x"})
    sim.settle()

    events = [json.loads(message["Body"]) for message in messages(sim, sim.outputs["StatusesUrl"])]
    assert [event["detail"]["status"] for event in events] == ["RUNNING", "SUCCEEDED"]
    last = events[-1]
    assert (last["source"], last["resources"]) == ("aws.states", [ended["executionArn"]])
    assert last["detail"]["stopDate"] == round(ended["stopDate"].timestamp() * 1000)
    assert json.loads(last["detail"]["output"])["who"] == "told"


def test_the_same_start_twice_is_one_execution_and_another_input_is_refused(sim: Simulator) -> None:
    with sim.hold():
        assert start(sim, "once", {"text": "a"}) == start(sim, "once", {"text": "a"})
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            start(sim, "once", {"text": "b"})
    sim.wait_for("once")
    assert [it["Detail"]["status"] for it in sim.events() if it["Detail"].get("name") == "once"].count("RUNNING") == 1


def test_an_input_over_the_limit_is_refused(sim: Simulator) -> None:
    with pytest.raises(ClientError, match="262144"):
        start(sim, "large", {"text": "x" * 262_144})


def test_history_and_list_are_there_for_the_cli(sim: Simulator) -> None:
    ended = run(sim, "history", {"text": "x"})
    client = sim.client("stepfunctions")

    history = client.get_execution_history(executionArn=ended["executionArn"])["events"]
    listed = client.list_executions(stateMachineArn=ended["stateMachineArn"], statusFilter="SUCCEEDED")["executions"]

    assert (history[0]["type"], history[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert (history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds() == 300
    assert "history" in [execution["name"] for execution in listed]


VALUES = {"a": {"text": 'a "b"\n', "nothing": None, "list": [1, 2, None], "half": 2.5}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$a.text", 'a "b"\n'),
        ("$a.nothing", None),
        ("$a.nothing = null", True),
        ("$exists($a.missing)", False),
        ("$a.list", [1, 2, None]),
        ("$sum($a.list[$ != null]) / 2", 1.5),
        ("[1..3]", [1, 2, 3]),
        ("{'x': $a.half, 'n': $a.nothing}", {"x": 2.5, "n": None}),
    ],
)
def test_jsonata_answers_json(expression: str, expected: object) -> None:
    assert evaluate(expression, VALUES) == expected


@pytest.mark.parametrize(
    "expression",
    ["$a.missing", "function($x){$x}", "1 +", "$nosuch($a)", "$a.text + 1"],
    ids=["undefined", "a function", "a syntax error", "an unknown function", "a type error"],
)
def test_what_jsonata_cannot_answer_is_an_error(expression: str) -> None:
    with pytest.raises(QueryError):
        evaluate(expression, VALUES)


def test_an_undefined_result_fails_the_state_with_a_query_evaluation_error(sim: Simulator) -> None:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Nothing",
        "States": {"Nothing": {"Type": "Pass", "Output": "{% $states.input.missing %}", "End": True}},
    }
    arn = sim.client("stepfunctions").create_state_machine(
        name="undefined", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/any"
    )["stateMachineArn"]
    sim.client("stepfunctions").start_execution(stateMachineArn=arn, name="undefined")

    ended = sim.wait_for("undefined")

    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
