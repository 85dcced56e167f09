"""One simulator for all stories of a process; a stage for each."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from simulator.app import Simulator
from simulator.door import Answered
from tests.canaries import unseen
from tests.stories.stage import Stage, on_request

STORIES_A_NETWORK = 20
SHORT = 4  # so many variants of a story are told in `make test`
STORY_TELLERS = ("visitor", "ops")
HERE = Path(__file__).parent
CHANGE = re.compile(r"(ec2|iam|s3):(?!Describe|Get|List|Head)")


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with unseen(on_request()) as running:
        yield running


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story that is told in many variants is long, but for the first few."""
    for item in items:
        variant = getattr(item, "callspec", None)
        if item.path.is_relative_to(HERE) and variant and max(variant.indices.values()) >= SHORT:
            item.add_marker("long")


def stages(sim: Simulator) -> Iterator[Stage]:
    """Stages in networks that they share: one takes as long to make as a short story to tell, and fills with nodes."""
    while True:
        first = Stage(sim)
        for _ in range(STORIES_A_NETWORK):
            yield first.again()


@pytest.fixture(scope="session")
def shared(simulator: Simulator) -> Iterator[Stage]:
    return stages(simulator)


@pytest.fixture
def stage(request: pytest.FixtureRequest, simulator: Simulator, shared: Iterator[Stage]) -> Iterator[Stage]:
    """A stage in a network that other stories share, unless this one `changes_network`: then in one of its own."""
    alone = request.node.get_closest_marker("changes_network")
    stage = Stage(simulator) if alone else next(shared)
    before = len(simulator.calls())
    yield stage
    simulator.settle()
    simulator.faults.clear()
    simulator.hyperpod.heal(stage.cluster)  # or it is tried again every quarter of an hour, for all stories to hear
    assert alone or not changes(simulator.calls()[before:]), "Who changes a network says so: changes_network."


def changes(calls: Iterable[Answered]) -> set[str]:
    """What the story-teller changed in the account."""
    return {it.call.name for it in calls if it.call.caller in STORY_TELLERS and CHANGE.match(it.call.name)}
