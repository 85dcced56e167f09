"""A small world for each file of tests, and what most of them ask of it."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from simulator import hyperpod
from simulator.app import Simulator
from simulator.hyperpod import HyperPod
from tests.conftest import OneWorld
from tests.simulator.clusters import furnish
from tests.simulator.planes import at_peace, tiny
from tests.simulator.worlds import Network, World, build_network, open_world


@pytest.fixture
def sim(one_world: OneWorld) -> Iterator[Simulator]:
    """The tiny plane; whatever other tests have begun in it is over."""
    yield from at_peace(one_world.claim("tiny", tiny))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


@pytest.fixture
def ec2(world: World) -> Any:
    return world.client("ec2")


@pytest.fixture
def network(world: World) -> Network:
    return build_network(world)


@pytest.fixture(scope="module")
def clusters(world: World) -> HyperPod:
    """HyperPod, in an account that has what clusters need."""
    installed = hyperpod.install(world.context, world.patches)
    furnish(world)
    return installed


@pytest.fixture
def sagemaker(world: World, clusters: HyperPod) -> Any:
    return world.client("sagemaker")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A cluster's, that no other test has."""
    return f"c{sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
