"""Where the engine leans on moto's inside: what must still be there, and what moto must still not do by itself."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from moto.cloudformation import parsing
from moto.core.base_backend import BackendDict
from moto.events.models import EventPattern, EventsBackend
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.jsonata import jsonata

from simulator.app import Simulator
from simulator.patching import Patches
from tests.conftest import OneWorld
from tests.simulator.planes import tiny


class Owner:
    thing = "before"


def test_a_replaced_attribute_is_put_back() -> None:
    patches, table = Patches(), {"key": "before"}
    assert patches.replace(Owner, "thing", "after") == "before"
    patches.put(table, "key", value="after")
    assert (Owner.thing, table) == ("after", {"key": "after"})

    patches.undo()

    assert (Owner.thing, table) == ("before", {"key": "before"})


def test_replacing_what_is_no_longer_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        Patches().replace(Owner, "gone", None)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Environment, "set_stop"),
        (EventsBackend, "_normalize_event_bus_arn"),
        (Timestamp, "_from_timestamp_string"),
        (Timestamp, "_create_failure_event"),
        (parsing, "generate_resource_name"),
        (EventPattern, "matches_event"),
        (BackendDict, "reset"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_moto_still_has_what_we_call(owner: Any, name: str) -> None:
    assert callable(getattr(owner, name))


def test_variables_are_still_kept_where_we_read_them() -> None:
    store: Any = VariableStore()  # type: ignore[no-untyped-call]  # moto has no types here
    store.set("name", 1)
    inner = VariableStore.as_inner_scope_of(store)

    assert (store._inner_scope, inner._outer_scope) == ({"name": 1}, {"name": 1})


def test_moto_still_ships_jsonata_unwired() -> None:
    assert jsonata._eval_jsonata is None


@pytest.fixture
def moto_alone(one_world: OneWorld) -> Iterator[None]:
    one_world.leave()
    yield
    BackendDict.reset()


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"detail": {"a": [{"prefix": "x"}]}}, True),
        ({"detail": {"a": [{"anything-but": ["xy"]}]}}, False),
        ({"detail": {"n": [{"numeric": [">", 1, "<=", 2]}]}}, True),
        ({"detail": {"gone": [{"exists": False}]}}, True),
        ({"detail-type": ["Other"]}, False),
    ],
)
def test_moto_still_matches_patterns(pattern: dict[str, Any], matches: bool) -> None:  # noqa: FBT001
    event = {"detail-type": "This", "detail": {"a": "xy", "n": 2}}

    assert EventPattern.load(json.dumps(pattern)).matches_event(event) is matches  # type: ignore[arg-type]  # a part of one


def test_nothing_of_ours_stays_in_moto_when_a_simulator_closes(moto_alone: None) -> None:
    before = parsing.get_model_map
    with tiny() as sim:
        assert parsing.get_model_map is not before
        url = sim.aws_url
    assert parsing.get_model_map is before
    assert url.startswith("http://127.0.0.1:")


def test_a_simulator_that_closes_in_the_middle_of_everything_ends_all_of_it(
    moto_alone: None, capfd: pytest.CaptureFixture[str]
) -> None:
    with tiny() as sim, sim.hold():
        for number in range(3):
            payload = {"do": "sleep", "seconds": 20, "text": str(number)}
            machine = sim.outputs["StepsArn"]
            sim.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(payload))
        while len(sim.workers("EchoFunction")) < 3:
            pass
        workers = sim.workers("EchoFunction")

    assert len(workers) == 3
    assert capfd.readouterr().err == ""


def test_a_start_that_fails_leaves_room_for_the_next(moto_alone: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        tiny(api_port=taken.getsockname()[1])
    with tiny() as sim:
        assert isinstance(sim, Simulator)
