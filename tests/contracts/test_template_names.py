"""State, function, folder, resource and sample event go by the same words."""

import json
from typing import Any, get_type_hints

import pytest
from moto.events.models import EventPattern

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door import judge_body
from control_plane.domain.wire import Wire
from tests.contracts.deployed import (
    EVENTS,
    FUNCTIONS,
    ROOT,
    all_tasks,
    definition_of,
    functions,
    logical_id,
    machines,
    of_type,
    properties,
    rules_of,
    step_of,
)
from tests.contracts.handlers import handler

STEPS = sorted(functions())
# States that are called otherwise than their function: the clean-up after a failure, and two looks by one function.
OTHER_NAMES = {"Remove leftovers": "Remove probes", "Look": "Check drift", "Look again": "Check drift"}
TASKS = [(name, task) for _, name, task in all_tasks()]


def sample(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / f"{name}.json").read_text()))


def test_every_folder_of_functions_is_deployed_and_no_other() -> None:
    assert sorted(folder.name for folder in FUNCTIONS.iterdir() if (folder / "handler.py").exists()) == STEPS


def test_a_function_is_called_in_the_template_as_its_folder_is() -> None:
    assert {logical_id(step) for step in STEPS} == set(of_type("AWS::Lambda::Function"))


def test_a_state_machine_is_called_in_the_template_as_its_file_is() -> None:
    assert {definition_of(machine) for machine in machines()} == set((ROOT / "statemachines").iterdir())


@pytest.mark.parametrize(("name", "task"), [pytest.param(*pair, id=pair[0]) for pair in TASKS])
def test_a_state_is_called_as_its_function_is(name: str, task: dict[str, Any]) -> None:
    assert OTHER_NAMES.get(name, name) == step_of(task).replace("_", " ").capitalize()


@pytest.mark.parametrize("step", sorted({step_of(task) for _, task in TASKS}))
def test_the_sample_event_of_a_step_is_one_that_its_handler_takes(step: str) -> None:
    shape = get_type_hints(handler(step))["request"]
    assert issubclass(shape, Wire)
    assert shape.from_wire(sample(step)).to_wire() == sample(step)


@pytest.mark.parametrize("step", [step for step in STEPS if list(rules_of(step))])
def test_every_rule_of_a_function_has_a_sample_event(step: str) -> None:
    samples = [json.loads(path.read_text()) for path in EVENTS.glob(f"{step}*.json")]
    for name, rule in rules_of(step):
        assert any(_sends(rule, event) for event in samples), f"no events/{step}*.json that {name} would send on"
    assert all(any(_sends(rule, event) for _, rule in rules_of(step)) for event in samples)


def _sends(rule: dict[str, Any], event: Any) -> bool:
    """Whether a rule would send this event; what the stack's own ARNs will be is taken from the event."""
    if "ScheduleExpression" in rule:
        return bool(event["source"] == "aws.events")
    pattern = json.loads(json.dumps(rule["EventPattern"]))
    if "stateMachineArn" in pattern.get("detail", {}):
        pattern["detail"]["stateMachineArn"] = [event["detail"].get("stateMachineArn")]
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


def test_the_request_to_put_on_the_bus_is_the_one_that_the_door_is_shown() -> None:
    [entry] = json.loads((EVENTS / "cluster_requested.json").read_text())
    assert json.loads(entry["Detail"]) == sample("accept_request")["detail"] == json.loads(sample("api")["body"])


def test_that_request_gets_through_the_door_without_a_remark() -> None:
    assert judge_body(sample("accept_request")["detail"], create_cluster_model()).findings == ()


def test_the_sample_call_takes_a_route_of_the_api() -> None:
    method, path = sample("api")["routeKey"].split()
    assert method.lower() in properties("HttpApi")["Body"]["paths"][path]


def test_the_notifier_is_shown_an_event_as_it_goes_out() -> None:
    assert sample("notify_slack") == sample("out/hyperpod_cluster_provisioned")
