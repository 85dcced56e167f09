"""What faults do to functions, events, executions and Slack, and how a plan of them is told over HTTP."""

import json
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator import slack_inbox
from simulator.app import Simulator
from simulator.awslambda.runtime import Outcome
from simulator.door import Answered
from simulator.faults import (
    CallFault,
    CallKind,
    EventFault,
    EventKind,
    ExecutionFault,
    ExecutionKind,
    FunctionFault,
    FunctionKind,
    SlackFault,
)
from tests.simulator.planes import answer, messages, told

FAULTS = "/_control/faults"


# ---------------------------------------------------------------- functions


def calls_of_echo(sim: Simulator) -> list[Answered]:
    return [each for each in sim.calls() if each.call.caller == "EchoFunction"]


@pytest.mark.parametrize(
    ("kind", "error", "text", "calls", "seconds"),
    [
        pytest.param(FunctionKind.KILL_AT_START, "Runtime.ExitError", "signal: killed", 0, 0, id="dead at the start"),
        pytest.param(FunctionKind.KILL_AT_END, "Runtime.ExitError", "signal: killed", 1, 0, id="dead at the end"),
        pytest.param(FunctionKind.OUT_OF_MEMORY, "Runtime.ExitError", "signal: killed", 0, 0, id="out of memory"),
        pytest.param(FunctionKind.OVERTIME, "Sandbox.Timedout", "timed out after 30.00 seconds", 1, 30, id="overtime"),
    ],
)
def test_an_invocation_comes_to_nothing_in_lambdas_words(
    sim: Simulator, kind: FunctionKind, error: str, text: str, calls: int, seconds: float
) -> None:
    sim.inject(FunctionFault("EchoFunction", kind))
    since, began = len(calls_of_echo(sim)), sim.clock.now()

    outcome = told(sim.invoke("EchoFunction", {"do": "vpcs"}))

    assert outcome["errorType"] == error
    assert text in outcome["errorMessage"]
    assert len(calls_of_echo(sim)) - since == calls
    assert (sim.clock.now() - began).total_seconds() == seconds
    assert answer(sim.invoke("EchoFunction", {"x": 1})) == {"x": 1}
    assert sim.faults.injected() == {kind: 1}


def test_a_throttled_function_is_not_started(sim: Simulator) -> None:
    sim.inject(FunctionFault("EchoFunction", FunctionKind.THROTTLED))

    with pytest.raises(ClientError, match="TooManyRequestsException") as throttled:
        sim.client("lambda").invoke(FunctionName=sim.function_name("EchoFunction"))

    assert throttled.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_the_gateway_answers_for_a_function_that_is_not_started(sim: Simulator) -> None:
    sim.inject(FunctionFault("ApiFunction", FunctionKind.THROTTLED))

    answered = sim.api("GET", "/things/x")

    assert (answered.status, answered.json()) == (500, {"message": "Internal Server Error"})


def test_lambda_itself_starts_an_event_again_that_it_throttled(sim: Simulator) -> None:
    sim.inject(FunctionFault("EchoFunction", FunctionKind.THROTTLED))
    messages(sim, sim.outputs["DeadLettersUrl"])
    since = len(sim.calls())

    function = sim.function_name("EchoFunction")
    sim.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b'{"do": "vpcs"}')
    sim.settle()

    assert [it.call.name for it in sim.calls()[since:] if it.call.caller == "EchoFunction"] == ["ec2:DescribeVpcs"]
    assert messages(sim, sim.outputs["DeadLettersUrl"]) == []


def test_a_dead_plane_ends_what_runs_and_starts_nothing_until_it_is_revived(sim: Simulator) -> None:
    outcomes: list[Outcome] = []
    sleeper = Thread(target=lambda: outcomes.append(sim.invoke("EchoFunction", {"do": "sleep", "seconds": 20})))
    with sim.hold():
        sleeper.start()
        while not sim.workers("EchoFunction"):
            pass
        sim.kill_plane()
    sleeper.join()

    assert told(outcomes[0])["errorType"] == "Runtime.ExitError"
    assert told(sim.invoke("TickFunction", {"x": 1}))["errorType"] == "Runtime.ExitError"

    began = sim.clock.now()
    sim.clock.sleep(60)
    assert (sim.clock.now() - began).total_seconds() >= 60

    sim.faults.clear()
    assert answer(sim.invoke("TickFunction", {"x": 1})) == {"x": 1}


# ---------------------------------------------------------------- events


def heard(sim: Simulator) -> list[int]:
    """Numbers of the events that reached the queue, in their order there."""
    bodies = [json.loads(message["Body"]) for message in messages(sim, sim.outputs["HeardUrl"])]
    return [body["detail"]["number"] for body in bodies if "detail-type" in body]


@pytest.fixture
def numbered(sim: Simulator) -> Iterator[None]:
    heard(sim)
    yield
    sim.faults.clear()
    heard(sim)


def say(sim: Simulator, *numbers: int) -> None:
    """Put events on the bus, all in one moment, and wait until all is delivered that ever will be."""
    with sim.hold():
        for number in numbers:
            detail = json.dumps({"who": "me", "number": number})
            entry = {"EventBusName": "tiny", "Source": "test", "DetailType": "Transform This", "Detail": detail}
            sim.client("events").put_events(Entries=[entry])
    sim.settle()


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize(
    ("kind", "delivered", "seconds"),
    [
        pytest.param(EventKind.DUPLICATE, [1, 1, 2], 0, id="delivered twice"),
        pytest.param(EventKind.LOSE, [2], 0, id="lost"),
        pytest.param(EventKind.LATE, [2, 1], 300, id="late"),
        pytest.param(EventKind.REORDER, [2, 1], 1, id="after the next one"),
    ],
)
def test_an_event_is_disturbed_between_its_bus_and_its_targets(
    sim: Simulator, kind: EventKind, delivered: list[int], seconds: float
) -> None:
    sim.inject(EventFault("Transform This", kind, seconds=300))
    began = sim.clock.now()

    say(sim, 1, 2)

    found = heard(sim)
    assert (found if seconds else sorted(found)) == delivered  # those of one moment come in any order
    assert (sim.clock.now() - began).total_seconds() == seconds
    assert [event["Detail"].get("number") for event in sim.events("Transform This")][-2:] == [1, 2]


@pytest.mark.usefixtures("numbered")
def test_an_event_that_waits_for_the_next_one_does_not_wait_for_ever(sim: Simulator) -> None:
    sim.inject(EventFault("Transform This", EventKind.REORDER, seconds=90))
    began = sim.clock.now()

    say(sim, 1)

    assert heard(sim) == [1]
    assert (sim.clock.now() - began).total_seconds() == 90


# ---------------------------------------------------------------- executions


@pytest.mark.parametrize(
    ("kind", "status"), [(ExecutionKind.STOP, "ABORTED"), (ExecutionKind.TIME_OUT, "TIMED_OUT")], ids=str
)
@pytest.mark.parametrize("state", ["Ask", "Pause", "Done"], ids=["a task", "a wait", "a pass"])
def test_an_execution_is_ended_from_outside_when_it_enters_a_state(
    sim: Simulator, kind: ExecutionKind, status: str, state: str
) -> None:
    sim.inject(ExecutionFault(state, kind))
    ended = [execute(sim, f"{kind}-{state}-{number}") for number in (1, 2)]

    heard_of = [event["Detail"] for event in sim.events("Step Functions Execution Status Change")]
    assert [it["status"] for it in ended] == [status, "SUCCEEDED"]
    assert [it["status"] for it in heard_of if it["name"] == f"{kind}-{state}-1"] == ["RUNNING", status]


def execute(sim: Simulator, name: str, do: str = "echo") -> dict[str, Any]:
    payload = json.dumps({"text": "", "do": do})
    sim.client("stepfunctions").start_execution(stateMachineArn=sim.outputs["StepsArn"], name=name, input=payload)
    return sim.wait_for(name)


@pytest.mark.parametrize("kind", [*ExecutionKind])
def test_the_function_of_an_ended_executions_task_goes_on_unheard(sim: Simulator, kind: ExecutionKind) -> None:
    sim.inject(ExecutionFault("Ask", kind))
    since = len(sim.calls())

    execute(sim, f"unheard-{kind}", do="vpcs")
    sim.settle()

    assert [it.call.name for it in sim.calls()[since:] if it.call.caller == "EchoFunction"] == ["ec2:DescribeVpcs"]


def test_a_delayed_call_of_an_executions_function_delays_the_execution(sim: Simulator) -> None:
    sim.inject(CallFault("ec2:DescribeVpcs", CallKind.DELAY, "EchoFunction", seconds=20))

    ended = execute(sim, "delayed", do="vpcs")

    assert (ended["status"], (ended["stopDate"] - ended["startDate"]).total_seconds()) == ("SUCCEEDED", 320)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (CallKind.THROTTLE, "Lambda.TooManyRequestsException"),
        (CallKind.RESET, "Lambda.SdkClientException"),
        (CallKind.CUT, "Lambda.SdkClientException"),
    ],
)
def test_an_execution_sees_what_happens_to_its_call_to_lambda(sim: Simulator, kind: CallKind, error: str) -> None:
    sim.inject(CallFault("lambda:Invoke", kind, "states"))

    assert execute(sim, f"invoke-{kind}")["error"] == error


# ---------------------------------------------------------------- Slack


def post(sim: Simulator, text: str) -> Outcome:
    event = {"do": "slack", "url": slack_inbox.URL, "payload": {"text": text}}
    return sim.invoke("EchoFunction", event)


@pytest.mark.parametrize(
    ("status", "error", "taken"),
    [
        pytest.param(429, "HTTP Error 429", False, id="too many messages"),
        pytest.param(503, "HTTP Error 503", False, id="out of service"),
        pytest.param(404, "HTTP Error 404", False, id="revoked"),
        pytest.param(0, "Remote end closed connection", True, id="it takes the message and its answer is lost"),
    ],
)
def test_slack_answers_as_the_fault_says(sim: Simulator, status: int, error: str, *, taken: bool) -> None:
    sim.inject(SlackFault(status, nth=2))
    texts = [f"{status} {number}" for number in (1, 2, 3)]

    outcomes = [post(sim, text) for text in texts]

    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    assert error in told(outcomes[1])["errorMessage"]
    assert [it["Payload"]["text"] for it in sim.slack() if it["Payload"]["text"] in texts] == [
        text for text in texts if taken or text != texts[1]
    ]


def test_slack_says_when_to_come_back(sim: Simulator) -> None:
    sim.inject(SlackFault(429, retry_after=30))

    refused = sim.inbox.receive(slack_inbox.HOOK, b"{}")

    assert refused
    assert refused[:2] == (429, {"Retry-After": "30"})


# ---------------------------------------------------------------- the plan over HTTP


def test_a_plan_can_be_put_in_force_read_and_ended_over_http(sim: Simulator) -> None:
    entry = {"Call": "ec2:DescribeVpcs", "Kind": "Throttle", "Caller": "EchoFunction", "Nth": 0, "Times": 1}
    plan = {"Seed": 7, "Faults": [entry, {"Slack": 429, "RetryAfter": 5}]}

    assert sim.api("POST", FAULTS, plan).status == 200
    assert told(sim.invoke("EchoFunction", {"do": "vpcs"}))["errorType"] == "ClientError"
    assert len(sim.client("ec2").describe_vpcs()["Vpcs"]) > 0

    seen = sim.get(FAULTS)
    assert seen["Faults"][0].items() >= {"Call": "ec2:DescribeVpcs", "Kind": "Throttle", "Nth": 0}.items()
    assert seen["Faults"][1].items() >= {"Slack": 429, "RetryAfter": 5, "Hits": 0}.items()
    assert seen["Injected"]["Throttle"] == seen["Faults"][0]["Hits"] > 0

    assert sim.api("DELETE", FAULTS).json() == {"Faults": [], "Injected": {}}
    assert answer(sim.invoke("EchoFunction", {"do": "vpcs"})) > 0


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        pytest.param([], ["Faults"], id="no plan"),
        pytest.param({"Faults": [], "Sed": 1}, ["Seed"], id="a key of the plan that is none"),
        pytest.param({"Faults": [{"Kind": "Cut"}]}, ["Faults[0]", "Call", "Slack"], id="about nothing"),
        pytest.param(
            {"Faults": [{"Slack": 429}, {"Call": "*", "Kind": "Throtle"}]},
            ["Faults[1].Kind", "'Throtle'", "Did you mean 'Throttle'?"],
            id="no such kind",
        ),
        pytest.param(
            {"Faults": [{"Call": "*", "Kind": "Cut", "Cller": "x"}]},
            ["Faults[0]", "'Cller'", "Did you mean 'Caller'?"],
            id="no such key",
        ),
        pytest.param({"Faults": [{"Call": "*"}]}, ["Faults[0]", "Kind"], id="no kind"),
        pytest.param(
            {"Faults": [{"Call": "sagemaker:CreateClustr", "Kind": "Cut"}]},
            ["Faults[0]", "Did you mean 'sagemaker:CreateCluster'?"],
            id="no such call",
        ),
        pytest.param(
            {"Faults": [{"Function": "EcoFunction", "Kind": "Overtime"}]},
            ["Faults[0]", "Did you mean 'EchoFunction'?"],
            id="no such function",
        ),
        pytest.param(
            {"Faults": [{"Call": "*", "Kind": "Cut", "Caller": "EcoFunction"}]},
            ["Faults[0]", "Did you mean 'EchoFunction'?"],
            id="no such caller",
        ),
        pytest.param(
            {"Faults": [{"State": "Aks", "Kind": "Stop"}]}, ["Faults[0]", "Did you mean 'Ask'?"], id="no such state"
        ),
        pytest.param(
            {"Faults": [{"Call": "*", "Kind": "Cut", "Nth": -1}]}, ["Faults[0]", "Nth is 0 or more"], id="never"
        ),
        pytest.param(
            {"Faults": [{"Call": "*", "Kind": "Refuse"}]},
            ["Faults[0]", "Code goes with"],
            id="a refusal without a code",
        ),
        pytest.param(
            {"Faults": [{"Call": "s3:PutObject", "Kind": "Partial"}]},
            ["Faults[0]", "Only events:PutEvents"],
            id="a part of what has no parts",
        ),
        pytest.param({"Faults": [{"Slack": 42}]}, ["Faults[0]", "from 400 to 599"], id="no status"),
        pytest.param(
            {"Faults": [{"Call": "*", "Kind": "Cut", "Nth": "2"}]}, ["Faults[0].Nth", "'2'", "int"], id="no number"
        ),
    ],
)
def test_a_bad_plan_is_refused_with_the_entry_that_is_wrong(sim: Simulator, plan: Any, words: list[str]) -> None:
    refused = sim.api("POST", FAULTS, plan)

    assert refused.status == 400
    assert all(word in refused.json()["message"] for word in words), refused.json()
    assert sim.get(FAULTS)["Faults"] == []
