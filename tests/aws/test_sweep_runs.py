"""Whatever died, was lost or was stopped by hand: the run ends, and says so."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import ValidationError

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.bus import Bus
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.executions import Executions
from control_plane.aws.keys import run_key
from control_plane.aws.open_items import OpenItems
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.run import Cause, Run, State
from control_plane.errors import AwsUnavailable
from control_plane.steps.sweep_runs import ENDINGS, GRACE, Report, Sweeper, run_id_in
from tests.aws.conftest import NOON, TABLE, a_request, a_run
from tests.aws.fakes import SilentBus, StateMachine

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def sweeper(
    dynamodb: "DynamoDBClient",
    runs: RunTable,
    outbox: Outbox,
    machine: StateMachine,
    bus: SilentBus,
    evidence: EvidenceStore,
) -> Sweeper:
    return Sweeper(
        runs=runs,
        open_items=OpenItems(dynamodb, TABLE),
        executions=cast("Executions", machine),
        outbox=outbox,
        bus=cast("Bus", bus),
        evidence=evidence,
        now=lambda: NOON,
    )


@pytest.fixture
def run(acceptance: Acceptance, sweeper: Sweeper) -> Run:
    accepted = acceptance.accept(a_run(), a_request(), "same")
    assert isinstance(accepted, Run)
    return accepted


def at(sweeper: Sweeper, moment: datetime) -> Sweeper:
    return replace(sweeper, now=lambda: moment)


def test_an_accepted_run_without_an_execution_gets_one(run: Run, sweeper: Sweeper, machine: StateMachine) -> None:
    assert sweeper.sweep() == Report(started=(run.run_id,), announced=())
    assert machine.inputs == {run.run_id: {"RunId": run.run_id}}


def test_a_run_that_is_under_way_is_left_alone(run: Run, sweeper: Sweeper, machine: StateMachine) -> None:
    machine.start(run.run_id, {})
    assert at(sweeper, run.deadline_at + GRACE).sweep() == Report(started=(), announced=())


def test_an_execution_long_past_its_deadline_is_stopped_and_its_run_ended(
    run: Run, sweeper: Sweeper, machine: StateMachine
) -> None:
    machine.start(run.run_id, {})
    at(sweeper, run.deadline_at + GRACE + timedelta(seconds=1)).sweep()
    assert machine.executions == {run.run_id: "ABORTED", f"{run.run_id}-end-1": "RUNNING"}
    assert machine.inputs[f"{run.run_id}-end-1"]["Stopped"]["Error"] == "DeadlinePassed"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("ABORTED", "ExecutionAborted"),
        ("TIMED_OUT", "States.Timeout"),
        ("FAILED", "ExecutionFailed"),
        ("SUCCEEDED", "ExecutionFailed"),
    ],
)
def test_an_execution_that_ended_without_a_record_is_ended_by_another(
    run: Run, sweeper: Sweeper, machine: StateMachine, status: str, error: str
) -> None:
    machine.executions[run.run_id] = status
    sweeper.sweep(run.run_id)
    sweeper.sweep(run.run_id)
    assert list(machine.inputs) == [f"{run.run_id}-end-1"]
    assert machine.inputs[f"{run.run_id}-end-1"]["Stopped"]["Error"] == error


def test_after_several_endings_that_died_the_run_is_ended_from_here(
    run: Run, sweeper: Sweeper, machine: StateMachine, bus: SilentBus, runs: RunTable
) -> None:
    machine.executions[run.run_id] = "ABORTED"
    for _ in range(ENDINGS):
        sweeper.sweep()
        machine.executions = dict.fromkeys(machine.executions, "FAILED")
    sweeper.sweep()
    last = runs.get(run.run_id)
    assert (last.state, last.cause) == (State.FAILED, Cause.UNKNOWN)
    assert [told.event_id for told in bus.sent] == [f"{run.run_id}/HyperPod Cluster Failed"]
    assert sweeper.sweep() == Report(started=(), announced=())


def test_one_run_that_cannot_be_looked_after_hides_no_other(
    run: Run, sweeper: Sweeper, machine: StateMachine, acceptance: Acceptance
) -> None:
    other = acceptance.accept(a_run("r-2", "audio"), a_request("audio"), "other")
    assert isinstance(other, Run)
    machine.down_for = min(run.run_id, other.run_id)
    with pytest.raises(AwsUnavailable):
        sweeper.sweep()
    assert list(machine.inputs) == [max(run.run_id, other.run_id)]


def test_a_record_that_nobody_can_read_hides_no_other_run(
    run: Run, sweeper: Sweeper, machine: StateMachine, acceptance: Acceptance, dynamodb: "DynamoDBClient"
) -> None:
    other = acceptance.accept(a_run("r-2", "audio"), a_request("audio"), "other")
    assert isinstance(other, Run)
    broken, whole = sorted([run.run_id, other.run_id])
    dynamodb.update_item(
        TableName=TABLE,
        Key=run_key(broken),
        UpdateExpression="SET Phase = :none",
        ExpressionAttributeValues={":none": {"S": "NoSuchPhase"}},
    )
    with pytest.raises(ValidationError):
        sweeper.sweep()
    assert list(machine.inputs) == [whole]


def test_a_run_long_overdue_ends_even_while_step_functions_cannot_be_had(
    run: Run, sweeper: Sweeper, machine: StateMachine, runs: RunTable
) -> None:
    machine.down_for = "run-"
    at(sweeper, run.deadline_at + 2 * GRACE + timedelta(seconds=1)).sweep()
    assert runs.get(run.run_id).state is State.FAILED


@pytest.mark.parametrize(
    ("detail", "run_id"),
    [
        pytest.param({}, None, id="the clock means all runs"),
        pytest.param({"name": "run-" + "0a" * 12}, "run-" + "0a" * 12, id="an execution names its run"),
        pytest.param({"name": "run-" + "0a" * 12 + "-end-2"}, "run-" + "0a" * 12, id="an ending names it too"),
    ],
)
def test_the_run_is_read_from_the_execution_s_name(detail: dict[str, Any], run_id: str | None) -> None:
    event = BusEvent(id="1", detail_type="any", source="any", account="1", region="any", detail=detail)
    assert run_id_in(event) == run_id
