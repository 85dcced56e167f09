import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from simulator.app import Simulator
from simulator.cloudformation.registry import NotModelledError
from simulator.eventbridge.inputs import input_for
from simulator.eventbridge.schedules import interval
from tests.simulator.planes import messages, put


@pytest.fixture
def sim(sim: Simulator) -> Simulator:
    messages(sim, sim.outputs["DeadLettersUrl"])
    return sim


def test_an_event_reaches_the_function_of_its_rule_as_a_whole(sim: Simulator) -> None:
    put(sim, "Echo This", {"do": "nothing", "x": 1})

    assert [(it["DetailType"], it["Detail"]["x"], it["EventBusName"]) for it in sim.events("Echo This")[-1:]] == [
        ("Echo This", 1, "tiny")
    ]
    assert "lambda:Invoke" in [it.call.name for it in sim.calls() if it.call.caller == "events"]


def test_targets_get_the_input_their_rule_makes(sim: Simulator) -> None:
    messages(sim, sim.outputs["HeardUrl"])

    put(sim, "Transform This", {"who": 'a "quoted" name', "n": 1})

    bodies = [json.loads(message["Body"]) for message in messages(sim, sim.outputs["HeardUrl"])]
    detail = {"who": 'a "quoted" name', "n": 1}
    assert detail in bodies
    assert {"fixed": True} in bodies
    assert {"text": 'from a "quoted" name', "all": detail} in bodies
    assert [body["detail"] for body in bodies if "detail-type" in body] == [detail]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"just <who>"', '"just Ann \\"A\\""'),
        ("<who>", '"Ann \\"A\\""'),
        ('{"a": <all>, "t": "<all>"}', '{"a": {"n": null}, "t": "{\\"n\\": null}"}'),
        ('{"none": <missing>}', '{"none": null}'),
        ("<unknown>", "<unknown>"),
    ],
)
def test_a_template_is_filled_in_as_text_within_strings_and_as_json_elsewhere(template: str, expected: str) -> None:
    paths = {"who": "$.detail.who", "all": "$.detail.all", "missing": "$.detail.missing"}
    event = {"detail": {"who": 'Ann "A"', "all": {"n": None}}}

    assert input_for({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}, event) == expected


def test_a_delivery_that_keeps_failing_ends_in_the_dead_letter_queue(sim: Simulator) -> None:
    sim.fail("lambda:Invoke", "TooManyRequestsException", status=429, caller="events")
    before = sim.clock.now()

    put(sim, "Echo This", {"x": 1})

    (letter,) = messages(sim, sim.outputs["DeadLettersUrl"])
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"])["detail"] == {"x": 1}
    assert attributes["TARGET_ARN"].endswith(sim.function_name("EchoFunction"))
    assert (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]) == ("THROTTLING", "3")
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert sim.clock.now() - before == timedelta(seconds=1 + 2 + 4)


def test_a_delivery_that_fails_once_is_tried_again(sim: Simulator) -> None:
    sim.fail("lambda:Invoke", "ServiceException", status=500, nth=1, caller="events")

    put(sim, "Echo This", {"x": 1})

    assert messages(sim, sim.outputs["DeadLettersUrl"]) == []
    assert [it.status for it in sim.calls() if it.call.caller == "events" and it.call.operation == "Invoke"][-2:] == [
        500,
        202,
    ]


def test_a_target_that_lets_nobody_in_is_a_dead_letter_at_once(sim: Simulator) -> None:
    before = sim.clock.now()

    put(sim, "Unwelcome", {})

    (letter,) = messages(sim, sim.outputs["DeadLettersUrl"])
    attributes = letter["MessageAttributes"]
    assert (attributes["ERROR_CODE"]["StringValue"], attributes["RETRY_ATTEMPTS"]["StringValue"]) == (
        "NO_PERMISSIONS",
        "0",
    )
    assert sim.clock.now() == before


def test_entries_stand_or_fall_by_themselves(sim: Simulator) -> None:
    good = {"Source": "test", "DetailType": "Nobody Hears", "Detail": "{}"}
    answer = sim.client("events").put_events(
        Entries=[good, good | {"Detail": "no json"}, good | {"Source": "aws.ec2"}, good | {"Source": ""}]
    )

    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
    ]


def test_a_request_that_is_too_large_is_refused(sim: Simulator) -> None:
    entry = {"Source": "test", "DetailType": "Large", "Detail": json.dumps({"x": "y" * 262_144})}

    with pytest.raises(ClientError, match="over the limit"):
        sim.client("events").put_events(Entries=[entry])


def test_a_schedule_fires_by_the_virtual_clock_at_its_interval(sim: Simulator) -> None:
    def ticks() -> int:
        tick = sim.function_name("TickFunction")
        return sum(it.call.name == "lambda:Invoke" for it in sim.calls() if it.call.caller == "events") if tick else 0

    before = ticks()
    sim.clock.sleep(15 * 60)
    sim.settle()

    assert ticks() - before == 3


@pytest.mark.parametrize(
    ("expression", "every"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(2 hours)", timedelta(hours=2)),
        ("rate(1 day)", timedelta(days=1)),
    ],
)
def test_rates_are_read(expression: str, every: timedelta) -> None:
    assert interval(expression) == every


def test_a_schedule_that_is_not_modelled_is_loud() -> None:
    with pytest.raises(NotModelledError, match="cron"):
        interval("cron(0 12 * * ? *)")
