"""What this process has seen policies allow and refuse, in whichever simulator: tests ask for grants nobody uses."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where a role says what it may do."""

    role: str  # its logical id
    policy: str  # an inline policy's name, or a managed policy's logical id
    statement: int  # of the policy, from 0
    action: str
    resource: int  # of the statement, from 0


class Ledger:
    def __init__(self) -> None:
        self._lock, self._on_purpose = threading.Lock(), 0
        self.calls = 0
        self.used: Counter[Place] = Counter()
        self.missing: Counter[str] = Counter()  # what was refused, in AWS's words

    def called(self) -> None:
        with self._lock:
            self.calls += not self._on_purpose

    def allow(self, place: Place) -> None:
        with self._lock:
            if not self._on_purpose:
                self.used[place] += 1

    def refuse(self, told: str) -> None:
        with self._lock:
            if not self._on_purpose:
                self.missing[told] += 1

    @contextmanager
    def on_purpose(self) -> Iterator[None]:
        """In a ``with``: what is tried, a test tries in a function's name; it says nothing of what functions need."""
        with self._lock:
            self._on_purpose += 1
        try:
            yield
        finally:
            with self._lock:
                self._on_purpose -= 1


@cache
def ledger_of(template: Path) -> Ledger:  # noqa: ARG001 (it is what the cache goes by)
    """The one ledger of all deployments of a template."""
    return Ledger()
