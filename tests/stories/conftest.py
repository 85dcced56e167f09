"""One simulator for all stories of a process; a stage for each."""

from collections.abc import Iterator

import pytest

from simulator.app import Simulator
from tests.canaries import unseen
from tests.stories.stage import Stage, on_request


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with unseen(on_request()) as running:
        yield running


@pytest.fixture
def stage(simulator: Simulator) -> Iterator[Stage]:
    yield Stage(simulator)
    simulator.settle()
    simulator.faults.clear()


@pytest.fixture(scope="session")
def untouched(simulator: Simulator) -> Stage:
    return Stage(simulator)


@pytest.fixture
def visit(simulator: Simulator, untouched: Stage) -> Iterator[Stage]:
    """A stage in a network that it must leave as it is: a network takes as long to make as a short story to tell."""
    yield untouched.again()
    simulator.settle()
    simulator.faults.clear()
