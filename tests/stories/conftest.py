"""One simulator for all stories of a process; a stage for each."""

from collections.abc import Iterator

import pytest

from simulator.app import Simulator
from tests.stories.stage import Stage


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator.start() as running:
        yield running


@pytest.fixture
def stage(simulator: Simulator) -> Iterator[Stage]:
    yield Stage(simulator)
    simulator.settle()
