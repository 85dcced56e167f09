"""At most one simulated AWS at a time in a process, because moto's state is the process's."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import pytest

from simulator.patching import Patches
from simulator.shortcuts import collect_less, read_less
from tests.privilege_session import PrivilegeSession

T = TypeVar("T")

# Worlds take seconds to open: tests of one kind follow each other, in random order among themselves.
KINDS = ("tests/simulator/test_world", "tests/simulator/test_engine", "tests/stories")


def kind_of(item: pytest.Item) -> int:
    return next((place for place, kind in enumerate(KINDS, 1) if item.nodeid.startswith(kind)), 0)


class OneWorld:
    """Keeps a world open for as long as the next test wants the same one."""

    def __init__(self) -> None:
        self._key: object = None
        self._world: Any = None
        self._closing = ExitStack()

    def claim(self, key: object, open_world: Callable[[], AbstractContextManager[T]]) -> T:
        """Answer the world that `key` stands for, freshly opened if another one, or none, is open."""
        if key != self._key:
            self.leave()
            self._world = self._closing.enter_context(open_world())
            self._key = key
        world: T = self._world
        return world

    def leave(self) -> None:
        self._key = None
        self._closing.close()


_one_world = OneWorld()


@pytest.fixture(scope="session")
def one_world() -> Iterator[OneWorld]:
    yield _one_world
    _one_world.leave()


def pytest_configure(config: pytest.Config) -> None:
    collect_less()
    read_less(Patches())  # for good: tests that talk to moto alone open it hundreds of times
    config.pluginmanager.register(PrivilegeSession(config))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=kind_of)


@pytest.hookimpl(trylast=True)  # when the test's own fixtures, which may still ask that world, are torn down
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Leave the world before tests of another kind open theirs."""
    if nextitem and kind_of(nextitem) != kind_of(item):
        _one_world.leave()
