"""One virtual clock for the whole simulated world: waits move it, work does not."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Starts at the real now. `sleep(n)` really waits n / speed, then moves the clock to at least start + n.

    So parallel waits do not add up, and a slow machine eats no deadline.
    """

    def __init__(self, speed: float = 60.0) -> None:
        """
        Args:
            speed: virtual seconds a real second of waiting is worth; ``math.inf``: waiting takes no real time.
        """
        self._speed = speed
        self._now = datetime.now(UTC)
        self._lock = threading.RLock()
        self._timers: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        time.sleep(seconds / self._speed)
        self.move_to(until)

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """Have `action` called, once, by whoever moves the clock to or past `moment`. It must not block."""
        with self._lock:
            heapq.heappush(self._timers, (moment, next(self._order), action))

    def move_to(self, moment: datetime) -> None:
        """Move forward to `moment`, stopping at every timer on the way; never back."""
        while due := self._next_due(moment):
            due()
        with self._lock:
            self._now = max(self._now, moment)

    def _next_due(self, moment: datetime) -> Callable[[], None] | None:
        with self._lock:
            if not self._timers or self._timers[0][0] > moment:
                return None
            when, _, action = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            return action
