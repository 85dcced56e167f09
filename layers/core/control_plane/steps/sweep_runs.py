"""Step "Sweep runs": the last net. Whatever died, was lost or was stopped by hand: the run ends, and says so.

Comes by the clock for everything that is open, and by Step Functions' own event for the one run whose execution ended.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from control_plane.aws import executions as executions_room
from control_plane.aws import open_items as open_items_room
from control_plane.aws.bus import Bus
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.executions import Executions
from control_plane.aws.open_items import OpenItems
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.run import RUN_ID_PATTERN, Run, State
from control_plane.domain.wire import Wire
from control_plane.errors import CallFailed
from control_plane.steps import announce, record_outcome
from control_plane.steps.announce import publish
from control_plane.steps.record_outcome import OutcomeRequest

ACTIONS = executions_room.ACTIONS | open_items_room.ACTIONS | announce.ACTIONS | record_outcome.ACTIONS

logger = logging.getLogger(__name__)

GRACE = timedelta(minutes=15)  # an execution notices its deadline itself, at its next step
ENDINGS = 3  # executions that may try to end a run before it is ended from here

# What an execution's end looks like to "Explain failure".
SEEN = {
    "RUNNING": ("DeadlinePassed", "The execution was still running long after its deadline, and was stopped."),
    "TIMED_OUT": ("States.Timeout", "The execution ran into the state machine's own limit."),
    "ABORTED": ("ExecutionAborted", "Somebody stopped the execution."),
}
DIED = ("ExecutionFailed", "The execution ended without recording how.")


def run_id_in(event: BusEvent) -> str | None:
    """The run that Step Functions' "Execution Status Change" is about; None for the clock's event.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    found = re.match(RUN_ID_PATTERN, str(event.detail.get("name", "")))  # an ending's name goes on after the id
    return found.group() if found else None


class Report(Wire):
    started: tuple[str, ...]  # run ids whose execution, or whose ending, was started
    announced: tuple[str, ...]  # EventIds


@dataclass(frozen=True)
class Sweeper:
    runs: RunTable
    open_items: OpenItems
    executions: Executions
    outbox: Outbox
    bus: Bus
    evidence: EvidenceStore
    now: Callable[[], datetime]

    def sweep(self, run_id: str | None = None) -> Report:
        """Go through all that is open, or through one run.

        Raises:
            Exception: the first thing that went wrong; raised at the end, so that one sick run hides no other.
        """
        failures: list[Exception] = []
        started = _each([run_id] if run_id else self.open_items.runs(), self._look_after, failures)
        announced = _each([] if run_id else self.open_items.unannounced(), self._publish, failures)
        if failures:
            raise failures[0]
        return Report(started=started, announced=announced)

    def _publish(self, run_id: str) -> tuple[str, ...]:
        return publish(run_id, self.outbox, self.bus, self.now)

    def _look_after(self, run_id: str) -> tuple[str, ...]:
        run = self.runs.get(run_id)
        if run.state is not State.RUNNING:
            return ()
        try:
            return self._by_execution(run)
        except CallFailed:
            if self.now() <= run.deadline_at + 2 * GRACE:
                raise
            return self._record(run)  # Step Functions cannot be had, and the run is long overdue

    def _by_execution(self, run: Run) -> tuple[str, ...]:
        status = self.executions.status(run.run_id)
        if status is None:  # accepted, and then the door died
            self.executions.start(run.run_id, {"RunId": run.run_id})
            return (run.run_id,)
        if status == "RUNNING":
            return self._stop(run) if self.now() > run.deadline_at + GRACE else ()
        return self._end(run, status)

    def _stop(self, run: Run) -> tuple[str, ...]:
        self.executions.stop(run.run_id, *SEEN["RUNNING"])
        return self._end(run, "RUNNING")

    def _end(self, run: Run, status: str) -> tuple[str, ...]:
        """Have the state machine end the run: explain, clean up, record, announce. If that keeps dying, only record."""
        if self.runs.get(run.run_id).state is not State.RUNNING:  # it ended between our look at it and at its execution
            return ()
        overdue = self.now() > run.deadline_at + GRACE  # then it was we who stopped it, if anybody did
        error, cause = SEEN["RUNNING"] if overdue else SEEN.get(status, DIED)
        for attempt in range(1, ENDINGS + 1):
            name = f"{run.run_id}-end-{attempt}"
            before = self.executions.status(name)
            if before == "RUNNING":
                return ()
            if before is None:
                self.executions.start(name, {"RunId": run.run_id, "Stopped": {"Error": error, "Cause": cause}})
                return (run.run_id,)
        return self._record(run)

    def _record(self, run: Run) -> tuple[str, ...]:
        record_outcome.record_outcome(
            OutcomeRequest(run_id=run.run_id, state=State.FAILED),
            runs=self.runs,
            outbox=self.outbox,
            evidence=self.evidence,
            now=self.now,
        )
        return (run.run_id,)


def _each(run_ids: Iterable[str], work: Callable[[str], tuple[str, ...]], failures: list[Exception]) -> tuple[str, ...]:
    done: list[str] = []
    for run_id in run_ids:
        try:
            done += work(run_id)
        except Exception as error:
            logger.error("%s could not be looked after.", run_id, exc_info=True)
            failures.append(error)
    return tuple(done)
