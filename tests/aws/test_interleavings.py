"""Two at the same run at the same time, in every order in which their calls can fall."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest
from moto.dynamodb.models import dynamodb_backends

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.bus import Bus
from control_plane.aws.deliveries import Deliveries
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.executions import Executions
from control_plane.aws.open_items import OpenItems
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.aws.slack import Slack
from control_plane.domain.door import Judged
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.run import Run, State, run_id_of
from control_plane.errors import AwsUnavailable
from control_plane.steps.accept_request import EventDoor
from control_plane.steps.announce import publish
from control_plane.steps.doorway import Caller, Doorway, Refusal
from control_plane.steps.notify_slack import notify_slack
from control_plane.steps.record_outcome import OutcomeRequest, record_outcome
from control_plane.steps.sweep_runs import ENDINGS, GRACE, Sweeper
from tests.aws.conftest import NOON, TABLE, a_request
from tests.aws.fakes import SilentBus, StateMachine
from tests.races import TIMES
from tests.races.interleavings import Actor, Turns, explore, sample

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_numbers = count(1)


class StoppingMachine(StateMachine):
    turns: Turns

    def _check(self, name: str) -> None:
        self.turns.stop()

    def stop(self, name: str, error: str, cause: str) -> None:
        self._check(name)
        super().stop(name, error, cause)


class Plane:
    """The control plane around one table, where every call is a place at which somebody else may come in between."""

    def __init__(self, dynamodb: "DynamoDBClient", evidence: EvidenceStore) -> None:
        self.turns, self.machine, self.bus, self.evidence = Turns(), StoppingMachine(), SilentBus(), evidence
        self.machine.turns = self.turns
        dynamodb.meta.events.register("before-call", self.turns.stop)
        self.dynamodb, self.runs, self.outbox = dynamodb, RunTable(dynamodb, TABLE), Outbox(dynamodb, TABLE)
        self.acceptance = Acceptance(dynamodb, TABLE)
        self.doorway = Doorway(self.acceptance, cast("Executions", self.machine))
        self.events = EventDoor(self.doorway, self.acceptance, self.outbox, cast("Bus", self.bus))
        self.now = NOON

    def clock(self) -> datetime:
        return self.now

    def judged(self, request_id: str, name: str) -> Judged:
        return Judged(a_request(name, RequestId=request_id), ())

    def ask(self, request_id: str, name: str) -> Run | Refusal:
        """By HTTP."""
        return self.doorway.accept(self.judged(request_id, name), Caller("somebody", request_id, self.now))

    def deliver(self, request_id: str, name: str, event_id: str) -> Any:
        detail = {"RequestId": request_id, "Cluster": {"ClusterName": name}}
        event = BusEvent(
            id=event_id,
            detail_type="HyperPod Cluster Requested",
            source="any",
            account="123456789012",
            region="any",
            detail=detail,
        )
        return self.events.accept(event, lambda _: self.judged(request_id, name), self.clock)

    def accepted(self, request_id: str, name: str) -> str:
        run = self.ask(request_id, name)
        assert isinstance(run, Run)
        return run.run_id

    def forget(self) -> None:
        """Start on an empty table: moto copies all of it for each transaction."""
        dynamodb_backends["123456789012"]["ap-northeast-1"].tables[TABLE].items.clear()

    def end(self, run_id: str) -> None:
        request = OutcomeRequest(run_id=run_id, state=State.REFUSED)
        record_outcome(request, runs=self.runs, outbox=self.outbox, evidence=self.evidence, now=self.clock)

    def finish(self, run_id: str) -> None:
        """The last steps of an execution, and its end."""
        self.end(run_id)
        publish(run_id, self.outbox, cast("Bus", self.bus), self.clock)
        self.turns.stop()
        self.machine.executions[run_id] = "SUCCEEDED"

    def sweeper(self) -> Sweeper:
        bus, executions = cast("Bus", self.bus), cast("Executions", self.machine)
        open_items = OpenItems(self.dynamodb, TABLE)
        return Sweeper(self.runs, open_items, executions, self.outbox, bus, self.evidence, self.clock)

    def live(self, *request_ids: str) -> set[str]:
        """Which of these requests have a run that has not ended."""
        found = {id_: self.acceptance.find(run_id_of(id_)) for id_ in request_ids}
        return {id_ for id_, run in found.items() if run and run.state is State.RUNNING}

    def told(self, run_id: str) -> list[str]:
        """The different EventIds that were sent about a run."""
        return sorted({it.event_id for it in self.bus.sent if it.event_id.startswith(run_id)})

    def endings(self, run_id: str) -> list[str]:
        return [name for name in self.machine.inputs if name.startswith(f"{run_id}-end")]


@pytest.fixture
def plane(dynamodb: "DynamoDBClient", evidence: EvidenceStore) -> Plane:
    return Plane(dynamodb, evidence)


def in_orders(
    plane: Plane, start: Callable[[str], Mapping[str, Actor]], check: Callable[[str, Any], None], seeds: int = 0
) -> int:
    """Play every order, or one for each seed, with a RequestId and a name of its own; answers how many were played."""
    names: list[str] = []

    def start_anew() -> Mapping[str, Actor]:
        plane.forget()
        names.append(f"race-{next(_numbers)}")
        return start(names[-1])

    orders = sample(plane.turns, start_anew, range(seeds * TIMES)) if seeds else explore(plane.turns, start_anew)
    for order, outcomes in orders:
        try:
            check(names[-1], outcomes)
        except AssertionError as error:
            raise AssertionError(f"in this order: {' '.join(order)}") from error
    return len(names)


def test_a_request_that_comes_by_both_doors_at_once_is_one_run(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        return {"api": lambda: plane.ask(id_, id_), "event": lambda: plane.deliver(id_, id_, f"event-of-{id_}")}

    def check(id_: str, got: Any) -> None:
        run_id = run_id_of(id_)
        assert (got["api"].run_id, got["event"].run_id) == (run_id, run_id)
        assert [name for name in plane.machine.executions if name.startswith(run_id)] == [run_id]

    assert in_orders(plane, start, check) >= 40


def test_of_two_who_ask_for_one_name_at_once_one_gets_it_and_the_other_is_told_who(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        return {who: partial(plane.ask, f"{id_}-{who}", id_) for who in ("a", "b")}

    def check(id_: str, got: Any) -> None:
        [winner] = plane.live(f"{id_}-a", f"{id_}-b")
        loser = got["b" if winner.endswith("a") else "a"]
        assert isinstance(loser, Refusal)
        assert loser.run_id == run_id_of(winner)

    assert in_orders(plane, start, check) >= 10


def test_a_name_that_is_asked_for_while_its_run_ends_has_one_live_run_or_none(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        run_id = plane.accepted(f"{id_}-old", id_)
        return {"end": lambda: plane.end(run_id), "ask": lambda: plane.ask(f"{id_}-new", id_)}

    def check(id_: str, got: Any) -> None:
        live = plane.live(f"{id_}-old", f"{id_}-new")
        assert live == ({f"{id_}-new"} if isinstance(got["ask"], Run) else set())
        if not live:  # the name was still held; or was let go of in the very moment, and asking again is right
            assert getattr(got["ask"], "run_id", None) == run_id_of(f"{id_}-old") or isinstance(
                got["ask"], AwsUnavailable
            )

    assert in_orders(plane, start, check) >= 20


def test_an_event_delivered_twice_while_the_name_falls_free_is_let_in_or_refused_and_not_both(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        old = plane.accepted(f"{id_}-old", id_)
        twice = {who: lambda: plane.deliver(f"{id_}-new", id_, f"event-{id_}") for who in ("once", "again")}
        return {**twice, "end": lambda: plane.end(old)}

    def check(id_: str, got: Any) -> None:
        run, refusal = plane.acceptance.find(run_id_of(f"{id_}-new")), plane.acceptance.find(run_id_of(f"event-{id_}"))
        failed = [who for who in ("once", "again") if isinstance(got[who], AwsUnavailable)]
        assert (run is None) + (refusal is None) == 1 or len(failed) == 2, (got, run, refusal)

    assert in_orders(plane, start, check, seeds=25) == 25 * TIMES


# ---------------------------------------------------------------- the sweeper


def test_a_sweep_while_the_door_starts_the_execution_starts_no_other(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        return {"door": lambda: plane.ask(id_, id_), "sweeper": plane.sweeper().sweep}

    def check(id_: str, got: Any) -> None:
        run_id = run_id_of(id_)
        assert [name for name in plane.machine.executions if name.startswith(run_id)] == [run_id]
        assert plane.live(id_) == {id_}
        plane.finish(run_id)

    assert in_orders(plane, start, check) >= 10


def test_a_sweep_while_a_run_ends_leaves_it_alone(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        run_id = plane.accepted(id_, id_)
        return {"end": lambda: plane.finish(run_id), "sweeper": lambda: plane.sweeper().sweep(run_id)}

    def check(id_: str, got: Any) -> None:
        run_id = run_id_of(id_)
        assert plane.endings(run_id) == []
        assert plane.machine.executions[run_id] == "SUCCEEDED"
        assert plane.told(run_id) == [f"{run_id}/HyperPod Cluster Refused"]

    assert in_orders(plane, start, check, seeds=25) == 25 * TIMES


def test_a_sweep_past_the_deadline_while_a_run_ends_after_all_leaves_one_end(plane: Plane) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        plane.now = NOON
        run_id = plane.accepted(id_, id_)
        plane.now = NOON + timedelta(minutes=120) + GRACE + timedelta(seconds=1)
        return {"end": lambda: plane.finish(run_id), "sweeper": lambda: plane.sweeper().sweep(run_id)}

    def check(id_: str, got: Any) -> None:
        run_id = run_id_of(id_)
        assert plane.live(id_) == set()
        assert plane.told(run_id) == [f"{run_id}/HyperPod Cluster Refused"]

    assert in_orders(plane, start, check, seeds=20) == 20 * TIMES


@pytest.mark.parametrize("endings", range(ENDINGS + 1))
def test_two_sweeps_at_once_of_a_run_that_died_end_it_once(plane: Plane, endings: int) -> None:
    def start(id_: str) -> Mapping[str, Actor]:
        run_id = plane.accepted(id_, id_)
        for name in [run_id, *(f"{run_id}-end-{number}" for number in range(1, endings + 1))]:
            plane.machine.inputs.setdefault(name, {})
            plane.machine.executions[name] = "FAILED"
        return {who: lambda: plane.sweeper().sweep(run_id) for who in ("first", "second")}

    def check(id_: str, got: Any) -> None:
        run_id = run_id_of(id_)
        assert len(plane.endings(run_id)) == min(endings + 1, ENDINGS)
        assert plane.live(id_) == ({id_} if endings < ENDINGS else set())
        plane.sweeper().sweep()
        assert len(plane.told(run_id)) == (endings == ENDINGS)
        if endings < ENDINGS:
            plane.finish(run_id)

    assert in_orders(plane, start, check, seeds=10) == 10 * TIMES


# ---------------------------------------------------------------- Slack


def test_an_announcement_delivered_twice_at_once_is_posted_once(plane: Plane) -> None:
    posts: list[str] = []

    class Hook:
        def post(self, message: dict[str, Any]) -> None:
            plane.turns.stop()
            posts.append(message["text"])

    def start(id_: str) -> Mapping[str, Actor]:
        posts.clear()
        detail = {"RunId": run_id_of(id_), "EventId": f"{run_id_of(id_)}/HyperPod Cluster Refused"}
        event = BusEvent(
            id=id_,
            detail_type="HyperPod Cluster Refused",
            source="hyperpod-vpc",
            account="1",
            region="any",
            detail=detail,
        )

        def tell() -> Any:
            slack, deliveries = cast("Slack", Hook()), Deliveries(plane.dynamodb, TABLE)
            return notify_slack(event, state_machine_arn="any", deliveries=deliveries, slack=slack, now=plane.clock)

        return {"once": tell, "again": tell}

    def check(id_: str, got: Any) -> None:
        assert len(posts) == 1

    assert in_orders(plane, start, check) >= 10
