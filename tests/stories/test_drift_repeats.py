"""A function that dies where it asks for a look loses none: Lambda delivers the event again."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from simulator.faults import CallFault, CallKind
from tests.stories.changes import WORKER, route_to
from tests.stories.stage import HOME, Stage
from tests.stories.watched import DETECTED, Watched, under_watch

pytestmark = pytest.mark.changes_network

NOTICER, START = "RequestDriftCheckFunction", "stepfunctions:StartExecution"


@pytest.fixture
def watched(stage: Stage) -> Iterator[Watched]:
    with under_watch(stage) as cluster:
        cluster.sim.trail.on = False
        yield cluster


def delivered(times: int) -> Callable[[Watched], None]:
    """A route is changed, and told of so often, by one event."""
    event = json.loads((HOME / "events/request_drift_check_routes_changed.json").read_text(encoding="utf-8"))
    event["id"] = str(uuid4())

    def change(it: Watched) -> None:
        event["detail"]["requestParameters"]["routeTableId"] = it.ids[WORKER]
        route_to("ControllerNatGatewayId")(it)
        ends = [it.sim.invoke(NOTICER, event).error for _ in range(times)]
        assert [bool(error) for error in ends] == [True, *[False] * (times - 1)]

    return change


@pytest.mark.parametrize("dies", [CallKind.KILL_BEFORE, CallKind.KILL_AFTER])
def test_a_function_that_dies_as_it_starts_a_look_has_started_it_when_its_event_comes_again(
    watched: Watched, dies: CallKind
) -> None:
    watched.sim.inject(CallFault(START, dies, caller=NOTICER))
    started = watched.looks()

    assert [kind for kind, _ in watched.after(delivered(times=3))] == [DETECTED]
    assert watched.looks() == started + 1
