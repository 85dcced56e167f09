"""moto's interpreter on the virtual clock: its threads are work, its waits and time-outs are virtual seconds."""

import threading
from collections.abc import Callable
from datetime import UTC
from functools import partial
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import inline_iteration_component, job
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branch_worker, branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval import environment
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.backend import execution_worker

from simulator.clock import Clock
from simulator.patching import Patches


def install(patches: Patches, clock: Clock) -> None:
    virtual = SimpleNamespace(
        Lock=threading.Lock, RLock=threading.RLock, Event=clock.event, Thread=partial(WorkThread, clock)
    )
    for module in (
        branch_worker, branches_decl, environment, execute_state, inline_iteration_component, job, program,
        state_task_service_callback,
    ):  # fmt: skip
        patches.replace(module, "threading", virtual)
    for module in (execute_state, execution_worker):
        patches.replace(module, "Thread", virtual.Thread)
    patches.replace(callback, "Event", clock.event)
    for module in (retrier_decl, state_task_service_callback):
        patches.replace(module, "time", SimpleNamespace(sleep=clock.sleep))
    patches.replace(WaitFunction, "_wait_interval", partial_method(_wait_interval, clock))
    patches.replace(Timestamp, "_get_wait_seconds", partial_method(_seconds_until, clock))


def partial_method(function: Callable[..., Any], clock: Clock) -> Callable[..., Any]:
    return lambda self, *args, **kwargs: function(clock, self, *args, **kwargs)


class WorkThread:
    """As much of `threading.Thread` as the interpreter uses; it holds the clock while it works."""

    native_id = 0

    def __init__(self, clock: Clock, target: Callable[..., Any], args: tuple[Any, ...] = (), **_: Any) -> None:
        self._clock = clock
        self._target = partial(target, *args)
        self._finished = clock.event()

    def start(self) -> None:
        self._clock.spawn("state machine", self._run)

    def join(self, timeout: float | None = None) -> None:
        self._finished.wait(timeout)

    def is_alive(self) -> bool:
        return not self._finished.is_set()

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._finished.set()


def _wait_interval(clock: Clock, _: WaitFunction, env: Environment, wait_seconds: float) -> None:
    """Wait, unless the execution is stopped or times out meanwhile."""
    until = clock.now().timestamp() + wait_seconds
    while env.is_running() and (left := until - clock.now().timestamp()) > 0:
        env.program_state_event.wait(left)


def _seconds_until(clock: Clock, wait: Timestamp, env: Environment) -> float:
    wait.string.eval(env=env)
    text = env.stack.pop()
    moment = Timestamp._from_timestamp_string(text)
    if moment is None:
        raise FailureEventException(wait._create_failure_event(env, text))
    return (moment.replace(tzinfo=UTC) - clock.now()).total_seconds()
