"""How a run moves: forward through its phases, once to its end, and never past its deadline.

The functions that move it run on hosts whose clocks may differ; the times that they leave behind never go back.
"""

from datetime import datetime, timedelta

from control_plane.domain.run import Phase, PhaseTimes, Run, State
from control_plane.errors import DeadlinePassed, RunOver


def check_alive(run: Run, at: datetime) -> Run:
    """
    Raises:
        RunOver: the run has ended.
        DeadlinePassed: nothing new may be started in its name.
    """
    if run.state is not State.RUNNING:
        raise RunOver(f"{run.run_id} has ended as {run.state}; nothing more is done in its name.")
    if at > run.deadline_at:
        until = f"{run.deadline_at:%Y-%m-%d %H:%M} UTC"
        raise DeadlinePassed(f"{run.run_id} had until {until}, and was in phase {run.phase}.")
    return run


def entered(run: Run, phase: Phase, at: datetime) -> Run:
    """The run in this phase; as it was where it is there already, or further (a repeated step changes nothing)."""
    if phase.rank <= run.phase.rank:
        return run
    moment = not_before(run, at)
    phases = (*_closed(run.phases, moment), PhaseTimes(phase=phase, started_at=moment))
    return run.model_copy(update={"phase": phase, "phases": phases, "updated_at": moment})


def ended(run: Run, state: State, at: datetime) -> Run:
    """The run at its end. The phase stays: it says how far the run came."""
    moment = not_before(run, at)
    return run.model_copy(update={"state": state, "phases": _closed(run.phases, moment), "updated_at": moment})


def time_since(run: Run, phase: Phase, now: datetime) -> timedelta:
    """How long ago the run entered a phase; nothing, if it has not."""
    return next((now - times.started_at for times in run.phases if times.phase is phase), timedelta(0))


def not_before(run: Run, at: datetime) -> datetime:
    """The moment, or a later one that another function's clock has put into the run."""
    return max(at, run.updated_at, *(times.started_at for times in run.phases[-1:]))


def _closed(phases: tuple[PhaseTimes, ...], at: datetime) -> tuple[PhaseTimes, ...]:
    if not phases or phases[-1].ended_at:
        return phases
    return (*phases[:-1], phases[-1].model_copy(update={"ended_at": at}))
