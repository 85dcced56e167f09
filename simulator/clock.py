"""One virtual clock for the whole simulated world: waits move it, work does not.

It moves only while everybody waits: to the next timer, or to the end of the shortest wait. So parallel waits do
not add up, a slow machine eats no deadline, and at infinite speed nobody's work is overtaken by somebody's wait.
"""

import heapq
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


class ClockClosed(SystemExit):
    """Raised in whoever still waits when the world ends, past every `except Exception`; it ends their thread."""


@dataclass(order=True)
class _Timer:
    when: datetime
    order: int
    action: Callable[[], None] = field(compare=False)


@dataclass(order=True)
class _Wait:
    """One thread that waits, for a moment, for an event, or for whichever comes first."""

    when: datetime
    order: int
    not_before: float = field(compare=False)  # time.monotonic(): the real wait that this virtual one is worth
    key: int | None = field(compare=False)  # the work that this thread does, if it counts as work
    over: bool = field(default=False, compare=False)


class Clock:
    """Starts at the real now. Threads that do work say so with `working` or `spawn`; all others are bystanders."""

    def __init__(self, speed: float = 60.0) -> None:
        """
        Args:
            speed: virtual seconds a real second of waiting is worth; ``math.inf``: waiting takes no real time.
        """
        self._speed = speed
        self._now = datetime.now(UTC).replace(microsecond=0)  # or sums of floats end differently, run by run
        self.changed = threading.Condition(threading.RLock())
        self._timers: list[_Timer] = []
        self._waits: list[_Wait] = []
        self._order = itertools.count()
        self._working: dict[int, str] = {}  # who holds the clock, for `holders`
        self._under_way: dict[int, str] = {}  # who works or waits in the middle of work
        self._driver = 0  # the thread that runs a timer's action just now
        self._closed = False
        self._thread = threading.local()
        self._watchers: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        with self.changed:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds / speed`` really, and longer while others work; then it is ``seconds`` later for everybody."""
        if seconds > 0:
            self.event().wait(seconds)

    def work(self) -> int | None:
        """The work that this thread does, for `sleep_for`."""
        return getattr(self._thread, "key", None)

    def sleep_for(self, work: int | None, seconds: float) -> None:
        """Sleep on this thread in the place of another's work: it waits for us, and so lets the clock go on."""
        self._thread.key = work
        try:
            self.sleep(seconds)
        finally:
            self._thread.key = None

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """Have `action` called, once, when the clock comes to `moment`. It must not block: it may `spawn` work."""
        with self.changed:
            heapq.heappush(self._timers, _Timer(moment, next(self._order), action))

    def move_to(self, moment: datetime) -> None:
        """Move forward to `moment` at once, stopping at every timer and every waiter on the way; never back."""
        self._wait(Event(self), moment, real_seconds=0.0)

    def event(self) -> "Event":
        """Make an event that threads can wait for, with time-outs in virtual seconds."""
        return Event(self)

    def wait_for(self, event: "Event", seconds: float | None) -> None:
        when = None if seconds is None else self.now() + timedelta(seconds=seconds)
        self._wait(event, when, real_seconds=(seconds or 0.0) / self._speed)

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Hold the clock while this thread works; within the work, `sleep` and `Event.wait` let it go."""
        token = self._begin(name)
        try:
            yield
        finally:
            self._end(token)

    def spawn(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Do `work` on a thread of its own; it holds the clock from now on, not from when the thread gets going."""
        with self.changed:
            key = next(self._order)
            self._working[key] = self._under_way[key] = name
        thread = threading.Thread(target=self._run, args=(key, work), name=name, daemon=True)
        thread.start()
        return thread

    def watch(self, watcher: Callable[[datetime], None]) -> None:
        """Tell `watcher` each new time, before anybody can act in it."""
        with self.changed:
            self._watchers.append(watcher)
            watcher(self._now)

    def holders(self) -> list[str]:
        """Who works now and so keeps the clock from moving."""
        with self.changed:
            return sorted(self._working.values())

    def settle(self, real_seconds: float, *, but: str = "\0") -> None:
        """Wait, in real time, until nothing is under way whose name does not start with `but`.

        Raises:
            TimeoutError: it took longer; the message names who still works and who waits in the middle of work.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: not self._others(but), real_seconds):
                raise TimeoutError(f"Still under way: {self._others(but)}; at work now: {self.holders()}.")

    def close(self, real_seconds: float = 5.0) -> None:
        """End the world: whoever waits, or waits later, gets `ClockClosed`; who works may finish, for so long."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
            self.changed.wait_for(lambda: not self._under_way, real_seconds)

    def _others(self, but: str) -> list[str]:
        return sorted(name for name in self._under_way.values() if not name.startswith(but))

    def _run(self, key: int, work: Callable[[], None]) -> None:
        self._thread.key = key
        try:
            with suppress(ClockClosed):
                work()
        finally:
            self._end(key)

    def _begin(self, name: str) -> int | None:
        if getattr(self._thread, "key", None) is not None:
            return None  # already within work: it is one and the same
        with self.changed:
            key = self._thread.key = next(self._order)
            self._working[key] = self._under_way[key] = name
        return key

    def _end(self, key: int | None) -> None:
        if key is None:
            return
        with self.changed:
            self._thread.key = None
            self._working.pop(key, None)
            self._under_way.pop(key, None)
            self.changed.notify_all()

    def _wait(self, event: "Event", when: datetime | None, real_seconds: float) -> None:
        with self.changed:
            if self._driver == threading.get_ident():
                raise RuntimeError("A timer's action must not wait: let it spawn work that does.")
            wait = self._park(event, when, real_seconds)
        while self._is_waiting(wait):
            if action := self._come_to_next(wait):
                self._act(action)

    def _park(self, event: "Event", when: datetime | None, real_seconds: float) -> _Wait:
        key = getattr(self._thread, "key", None)
        wait = _Wait(when or datetime.max.replace(tzinfo=UTC), next(self._order), time.monotonic() + real_seconds, key)
        wait.over = event.is_set()
        if not wait.over:
            event.waits.append(wait)
            if key is not None:
                self._working.pop(key, None)
            if when:
                heapq.heappush(self._waits, wait)
            self.changed.notify_all()
        return wait

    def release(self, wait: _Wait) -> None:
        """End a wait; its work holds the clock again from this moment, not from when its thread wakes up."""
        if not wait.over:
            wait.over = True
            if wait.key in self._under_way:  # else its thread has ended, with the world
                self._working[wait.key] = self._under_way[wait.key]
            self.changed.notify_all()

    def _is_waiting(self, wait: _Wait) -> bool:
        with self.changed:
            if self._closed:
                raise ClockClosed
            return not wait.over

    def _come_to_next(self, mine: _Wait) -> Callable[[], None] | None:
        """Whoever waits moves the clock, if nobody works and the real wait is over; else wait for a change."""
        with self.changed:
            if mine.over:  # since the last look; whoever ended it has notified, and perhaps nobody will again
                return None
            while self._waits and self._waits[0].over:
                heapq.heappop(self._waits)
            if self._closed or self._driver or self._working or not self._waits:
                if not self._closed:
                    self.changed.wait()
                return None
            return self._step(self._waits[0])

    def _step(self, first: _Wait) -> Callable[[], None] | None:
        timer = self._timers[0] if self._timers and self._timers[0].when <= first.when else None
        ahead = (first.when - max(timer.when, self._now)).total_seconds() if timer else 0.0
        if (early := first.not_before - ahead / self._speed - time.monotonic()) > 0:
            self.changed.wait(early)
            return None
        self._move(timer.when if timer else first.when)
        if timer:
            heapq.heappop(self._timers)
            self._driver = threading.get_ident()
            return timer.action
        self.release(first)
        return None

    def _move(self, moment: datetime) -> None:
        self._now = max(self._now, moment)
        for watcher in self._watchers:
            watcher(self._now)

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:  # noqa: BLE001 (it belongs to whoever set the timer, not to the thread that happens to wait)
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        finally:
            with self.changed:
                self._driver = 0
                self.changed.notify_all()


class Event:
    """A `threading.Event` in virtual time: time-outs are virtual seconds, and who waits lets the clock go on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set = False
        self.waits: list[_Wait] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        with self._clock.changed:
            self._set = True
            for wait in self.waits:
                self._clock.release(wait)
            self.waits.clear()

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.wait_for(self, timeout)
        return self._set
