import base64
import json
import os
from datetime import datetime
from threading import Thread

import pytest
from botocore.exceptions import ClientError

from simulator import slack_inbox
from simulator.app import Simulator
from tests.simulator.planes import answer, messages, put, told


def test_a_function_sees_its_deployed_environment_and_nothing_of_ours(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_TEST", "yes")

    seen = answer(sim.invoke("EchoFunction", {"do": "environment"}))

    environment = seen["environment"]
    assert (environment["GREETING"], environment["ONLY_ECHO"], seen["word"]) == ("hello", "yes", "from the layer")
    assert environment["AWS_REGION"] == "ap-northeast-1"
    assert "OF_THE_TEST" not in environment
    assert seen["pid"] != os.getpid()


def test_two_functions_share_code_but_no_process_and_no_environment(sim: Simulator) -> None:
    echo, tick = (answer(sim.invoke(name, {"do": "environment"})) for name in ("EchoFunction", "TickFunction"))

    assert echo["pid"] != tick["pid"]
    assert "ONLY_ECHO" not in tick["environment"]


def test_a_worker_is_kept_warm(sim: Simulator) -> None:
    first, second = (answer(sim.invoke("EchoFunction", {"do": "environment"})) for _ in range(2))

    assert (second["pid"], second["calls"]) == (first["pid"], first["calls"] + 1)


def test_invocations_at_the_same_time_have_a_worker_each(sim: Simulator) -> None:
    outcomes: list[float] = []

    def invoke() -> None:
        outcomes.append(answer(sim.invoke("EchoFunction", {"do": "sleep", "seconds": 20}))["slept"])

    before = sim.clock.now()
    threads = [Thread(target=invoke) for _ in range(3)]
    with sim.hold():
        for thread in threads:
            thread.start()
        while len(sim.workers("EchoFunction")) < 3:
            pass
    for thread in threads:
        thread.join()

    assert outcomes == [20, 20, 20]
    assert (sim.clock.now() - before).total_seconds() == 20


def test_a_function_lives_in_virtual_time(sim: Simulator) -> None:
    sim.clock.sleep(86_400)
    now = sim.clock.now()

    seen = answer(sim.invoke("EchoFunction", {"do": "now"}))

    assert abs((datetime.fromisoformat(seen["now"]) - now).total_seconds()) < 0.001
    assert seen["time"] == pytest.approx(now.timestamp(), abs=0.001)


def test_sleeping_moves_the_clock_and_uses_up_the_functions_time(sim: Simulator) -> None:
    before = sim.clock.now()

    seen = answer(sim.invoke("EchoFunction", {"do": "sleep", "seconds": 10}))

    assert seen == {"slept": 10, "left": 20_000}
    assert (sim.clock.now() - before).total_seconds() == 10


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        pytest.param({"do": "raise"}, "ZeroDivisionError", "division by zero", id="it raises"),
        pytest.param({"do": "die"}, "Runtime.ExitError", "signal: killed", id="its process is killed"),
        pytest.param({"do": "exit"}, "Runtime.ExitError", "exit status 3", id="its process exits"),
        pytest.param(
            {"do": "sleep", "seconds": 31}, "Sandbox.Timedout", "timed out after 30.00 seconds", id="time-out"
        ),
        pytest.param({"do": "unserialisable"}, "Runtime.MarshalError", "not JSON serializable", id="no JSON"),
        pytest.param({"do": "simulator"}, "ModuleNotFoundError", "simulator", id="it cannot import the simulator"),
    ],
)
def test_what_goes_wrong_is_told_in_lambdas_words_and_the_next_call_works(
    sim: Simulator, event: dict[str, object], kind: str, text: str
) -> None:
    error = told(sim.invoke("EchoFunction", event))

    assert error["errorType"] == kind
    assert text in error["errorMessage"]
    assert answer(sim.invoke("EchoFunction", {"x": 1})) == {"x": 1}


def test_what_a_function_says_is_kept(sim: Simulator) -> None:
    answer(sim.invoke("EchoFunction", {"do": "say", "text": "a word to remember"}))

    assert sim.logs("EchoFunction")[-1] == "a word to remember"


def test_an_error_is_one_line_of_the_log_as_lambda_writes_it(sim: Simulator) -> None:
    told(sim.invoke("EchoFunction", {"do": "raise"}))
    line = json.loads(sim.logs("EchoFunction")[-1])
    assert (line["level"], line["errorType"]) == ("ERROR", "ZeroDivisionError")
    assert "1 / 0" in "".join(line["stackTrace"])


def test_the_door_knows_which_function_called(sim: Simulator) -> None:
    answer(sim.invoke("EchoFunction", {"do": "vpcs"}))

    last = sim.calls()[-1]
    assert (last.call.caller, last.call.name, last.status) == ("EchoFunction", "ec2:DescribeVpcs", 200)


def test_slack_is_where_the_real_code_looks_for_it(sim: Simulator) -> None:
    payload = {"text": "hi", "metadata": {"event_payload": {"EventId": "run-1/Told"}}}

    seen = answer(sim.invoke("EchoFunction", {"do": "slack", "url": slack_inbox.URL, "payload": payload}))

    assert seen == {"status": 200, "body": "ok"}
    assert [(it["EventId"], it["Payload"]) for it in sim.slack()[-1:]] == [("run-1/Told", payload)]


def test_an_event_that_raises_is_tried_again_after_one_and_two_minutes_then_sent_on(sim: Simulator) -> None:
    before = sim.clock.now()
    messages(sim, sim.outputs["DeadLettersUrl"])

    put(sim, "Echo This", {"do": "raise"})  # the whole event is the payload: "do" is not at its top
    sim.client("lambda").invoke(
        FunctionName=sim.function_name("EchoFunction"), InvocationType="Event", Payload=json.dumps({"do": "raise"})
    )
    sim.settle()

    (letter,) = messages(sim, sim.outputs["DeadLettersUrl"])
    record = json.loads(letter["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert (record["requestPayload"], record["responsePayload"]["errorType"]) == ({"do": "raise"}, "ZeroDivisionError")
    assert (sim.clock.now() - before).total_seconds() == 180


def test_reserved_concurrency_is_the_limit(sim: Simulator) -> None:
    name, client = sim.function_name("TickFunction"), sim.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

    with pytest.raises(ClientError, match="TooManyRequestsException"):
        client.invoke(FunctionName=name)

    client.delete_function_concurrency(FunctionName=name)
    assert client.invoke(FunctionName=name, Payload=b'{"x": 1}')["Payload"].read() == b'{"x": 1}'


def test_an_error_reaches_a_client_as_lambda_sends_it(sim: Simulator) -> None:
    answer = sim.client("lambda").invoke(
        FunctionName=sim.function_name("EchoFunction"), Payload=b'{"do": "raise"}', LogType="Tail"
    )

    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorType"] == "ZeroDivisionError"
    assert "ZeroDivisionError" in base64.b64decode(answer["LogResult"]).decode()
