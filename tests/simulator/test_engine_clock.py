import math
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from simulator.clock import Clock, ClockClosed


@pytest.fixture
def clock() -> Clock:
    return Clock(math.inf)


def seconds_since(clock: Clock) -> Callable[[], float]:
    start = clock.now()

    def passed() -> float:
        return (clock.now() - start).total_seconds()

    return passed


def test_parallel_waits_do_not_add_up_and_come_in_order(clock: Clock) -> None:
    passed, log = seconds_since(clock), []

    def every(pause: float) -> Callable[[], None]:
        def work() -> None:
            for _ in range(3):
                clock.sleep(pause)
                log.append((pause, passed()))

        return work

    with clock.working("until both have begun"):
        clock.spawn("tens", every(10))
        clock.spawn("sevens", every(7))
    clock.settle(10)

    assert log == [(7, 7), (10, 10), (7, 14), (10, 20), (7, 21), (10, 30)]


def test_nobodys_wait_overtakes_somebodys_work(clock: Clock) -> None:
    passed, seen = seconds_since(clock), []
    may_end = threading.Event()

    def work() -> None:
        may_end.wait()
        seen.append(passed())

    clock.spawn("work", work)
    sleeper = clock.spawn("wait", lambda: clock.sleep(300))
    may_end.set()
    sleeper.join()

    assert seen == [0]
    assert passed() == 300


def test_a_timer_runs_at_its_time_and_what_it_starts_is_done_before_time_goes_on(clock: Clock) -> None:
    passed, log = seconds_since(clock), []

    def start_work() -> None:
        clock.spawn("started", lambda: log.append(passed()))

    clock.at(clock.now() + timedelta(seconds=5), start_work)

    clock.sleep(60)

    assert log == [5]
    assert passed() == 60


def test_timers_alone_do_not_move_the_clock(clock: Clock) -> None:
    passed, log = seconds_since(clock), []
    clock.at(clock.now() + timedelta(seconds=5), lambda: log.append("fired"))

    clock.settle(10)

    assert (log, passed()) == ([], 0)


@pytest.mark.parametrize(
    ("set_after", "timeout", "expected"),
    [
        pytest.param(40, 100, (True, 40), id="set in time"),
        pytest.param(400, 100, (False, 100), id="set too late"),
        pytest.param(40, None, (True, 40), id="no time-out"),
    ],
)
def test_an_event_is_waited_for_in_virtual_time(
    clock: Clock, set_after: float, timeout: float | None, expected: tuple[bool, float]
) -> None:
    passed, event, log = seconds_since(clock), clock.event(), []

    def setter() -> None:
        clock.sleep(set_after)
        event.set()

    def waiter() -> None:
        log.append((event.wait(timeout), passed()))

    with clock.working("until both have begun"):
        clock.spawn("setter", setter)
        clock.spawn("waiter", waiter)
    clock.settle(10)

    assert log == [expected]


def test_moving_to_a_moment_stops_at_every_waiter_on_the_way(clock: Clock) -> None:
    passed, log = seconds_since(clock), []

    def work() -> None:
        clock.sleep(30)
        log.append(passed())

    an_hour_from_now = clock.now() + timedelta(hours=1)
    clock.spawn("work", work)
    clock.move_to(an_hour_from_now)

    assert (log, passed()) == ([30], 3600)


def test_a_timers_action_may_not_wait(clock: Clock) -> None:
    failures: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, failures.append
    try:
        clock.at(clock.now() + timedelta(seconds=1), lambda: clock.sleep(1))
        clock.sleep(5)
    finally:
        threading.excepthook = before

    assert ["must not wait" in str(failure.exc_value) for failure in failures] == [True]


def test_settling_names_who_is_still_at_work(clock: Clock) -> None:
    with clock.working("slow work"), pytest.raises(TimeoutError, match="slow work"):
        clock.settle(0.01)


def test_a_closed_clock_lets_nobody_wait(clock: Clock) -> None:
    clock.close()

    with pytest.raises(ClockClosed):
        clock.sleep(1)


def test_a_wait_that_ends_while_nobody_looks_is_not_slept_through(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at the wait and the sleep until something changes, whoever ends it notifies nobody."""
    event, look = clock.event(), clock._is_waiting

    def looked(wait: Any) -> bool:
        waiting = look(wait)
        event.set()
        return waiting

    def wait() -> None:
        event.wait(10)

    monkeypatch.setattr(clock, "_is_waiting", looked)
    waiter = clock.spawn("waiter", wait)
    waiter.join(5)
    assert not waiter.is_alive()
