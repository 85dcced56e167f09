"""A function that dies where it asks for a look loses none: Lambda delivers the event again."""

from collections.abc import Callable, Iterator

import pytest

from simulator.faults import CallFault, CallKind
from tests.stories.changes import route_to, told_by_a_trail
from tests.stories.stage import Stage
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

    def change(it: Watched) -> None:
        event = told_by_a_trail(it)
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
