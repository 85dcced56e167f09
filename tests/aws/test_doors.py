"""Both doors: what comes in becomes one run, or its refusal is told once."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.bus import Bus
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.aws.executions import Executions
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.door import judge_body, judge_text
from control_plane.domain.messages.announcements import DetailType, announcement
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.run import Kind, State, run_id_of
from control_plane.domain.run.lifecycle import ended
from control_plane.errors import AwsUnavailable, RunNotFound
from control_plane.steps.accept_request import EventDoor, Report
from control_plane.steps.api import Accepted, Api, Conflicting, Refused
from control_plane.steps.doorway import Caller, Doorway
from tests.aws.conftest import NOON, TABLE
from tests.aws.fakes import SilentBus, StateMachine

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VPC = {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": ["subnet-0123456789abcdef0"]}
GROUP = {
    "InstanceGroupName": "workers",
    "InstanceType": "ml.t3.medium",
    "InstanceCount": 1,
    "ExecutionRole": "arn:aws:iam::123456789012:role/nodes",
    "LifeCycleConfig": {"SourceS3Uri": "s3://sagemaker-scripts/config", "OnCreate": "on_create.sh"},
}


def cluster(name: str = "vision", **changes: Any) -> dict[str, Any]:
    return {"ClusterName": name, "VpcConfig": VPC, "InstanceGroups": [GROUP], **changes}


@pytest.fixture
def doorway(acceptance: Acceptance, machine: StateMachine) -> Doorway:
    return Doorway(acceptance, cast("Executions", machine))


class Events:
    """The door on the bus, as a rule's deliveries see it."""

    def __init__(self, door: EventDoor) -> None:
        self._door = door

    def deliver(self, detail: Mapping[str, Any], event_id: str = "event-1") -> Report:
        event = BusEvent(
            id=event_id,
            detail_type="HyperPod Cluster Requested",
            source="team-a",
            account="123456789012",
            region="ap-northeast-1",
            detail=dict(detail),
        )
        return self._door.accept(event, partial(judge_body, model=create_cluster_model()), lambda: NOON)


@pytest.fixture
def events(doorway: Doorway, acceptance: Acceptance, outbox: Outbox, bus: SilentBus) -> Events:
    return Events(EventDoor(doorway, acceptance, outbox, cast("Bus", bus)))


@pytest.fixture
def api(doorway: Doorway, runs: RunTable, dynamodb: "DynamoDBClient") -> Api:
    judge = partial(judge_text, model=create_cluster_model())
    clusters, watch = ClusterIndex(dynamodb, TABLE), WatchTable(dynamodb, TABLE)
    machine = cast("Executions", StateMachine())
    return Api(doorway, machine, runs, clusters, judge, watch, WatchList(dynamodb, TABLE))


CALLER = Caller(requested_by="arn:aws:iam::123456789012:role/ml", fallback_id="gateway-1", at=NOON)


def body(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


# ---- by event


def test_an_event_delivered_three_times_is_one_run_and_one_execution(events: Events, machine: StateMachine) -> None:
    reports = {events.deliver({"Cluster": cluster()}).run_id for _ in range(3)}
    assert reports == {run_id_of("event-1")} == set(machine.executions)


def test_the_run_knows_who_asked_and_until_when_it_may_take(events: Events, runs: RunTable) -> None:
    report = events.deliver({"Cluster": cluster(), "RequestId": "r-1", "DeadlineMinutes": 90})
    run = runs.get(report.run_id)
    assert (run.request_id, run.requested_by) == ("r-1", "account 123456789012, event source team-a")
    assert (run.deadline_at - run.accepted_at).total_seconds() == 90 * 60


def test_a_bad_event_is_refused_once_under_a_run_of_its_own(
    events: Events, bus: SilentBus, machine: StateMachine
) -> None:
    bad = {"Cluster": cluster(VpcConfig=None), "RequestId": "r-1"}
    assert events.deliver(bad) == events.deliver(bad) == Report(run_id=run_id_of("event-1"), state=State.REFUSED)
    (told,) = bus.sent
    assert (told.detail_type, told.detail["ClusterName"], told.detail["RequestId"]) == (
        DetailType.REFUSED,
        "vision",
        "r-1",
    )
    assert told.detail["Findings"]
    assert machine.executions == {}


def test_a_corrected_request_may_keep_its_request_id(events: Events, machine: StateMachine) -> None:
    events.deliver({"Cluster": cluster(VpcConfig=None), "RequestId": "r-1"}, "event-1")
    assert events.deliver({"Cluster": cluster(), "RequestId": "r-1"}, "event-2").state is State.RUNNING
    assert list(machine.executions) == [run_id_of("r-1")]


def test_a_refusal_stands_even_if_the_name_becomes_free_before_the_event_comes_again(
    events: Events, runs: RunTable, outbox: Outbox
) -> None:
    holder = events.deliver({"Cluster": cluster(), "RequestId": "first"}, "event-1").run_id
    second = {"Cluster": cluster(), "RequestId": "second"}
    refused = events.deliver(second, "event-2")
    last = ended(runs.get(holder), State.REFUSED, NOON)
    outbox.end(last, announcement(last, DetailType.REFUSED, at=NOON, region="ap-northeast-1", account="123456789012"))
    assert events.deliver(second, "event-2") == refused


def test_a_refusal_that_could_not_be_sent_is_sent_with_the_next_delivery(events: Events, bus: SilentBus) -> None:
    bus.down = True
    with pytest.raises(AwsUnavailable):
        events.deliver({"Cluster": {}})
    bus.down = False
    events.deliver({"Cluster": {}})
    assert [told.event_id for told in bus.sent] == [f"{run_id_of('event-1')}/HyperPod Cluster Refused"]


@pytest.mark.parametrize("detail", [{}, {"Cluster": 7}, {"Cluster": None, "RequestId": 5}, {"RequestId": "x" * 9000}])
def test_whatever_an_event_holds_it_is_refused_and_not_dropped(events: Events, detail: dict[str, Any]) -> None:
    assert events.deliver(detail).state is State.REFUSED


def test_an_event_too_large_to_be_stored_is_refused_and_not_dropped(events: Events, bus: SilentBus) -> None:
    assert events.deliver({"Cluster": cluster(), "Suppress": ["x" * 300_000]}).state is State.REFUSED
    assert [finding["Rule"] for finding in bus.sent[0].detail["Findings"]] == ["DOOR-005"]


# ---- over HTTP


def test_a_request_is_accepted_even_if_its_execution_cannot_be_started_yet(api: Api, machine: StateMachine) -> None:
    machine.down_for = "run-"
    answer = api.create_cluster(body({"Cluster": cluster(), "RequestId": "r-1"}), CALLER)
    assert isinstance(answer, Accepted)
    assert machine.executions == {}


def test_an_accepted_request_says_where_to_look(api: Api) -> None:
    answer = api.create_cluster(body({"Cluster": cluster(), "RequestId": "r-1"}), CALLER)
    assert isinstance(answer, Accepted)
    assert answer.to_wire() == {
        "RunId": run_id_of("r-1"),
        "RequestId": "r-1",
        "ClusterName": "vision",
        "Links": {"Run": f"/runs/{run_id_of('r-1')}", "Cluster": "/clusters/vision"},
    }
    assert api.run(answer.run_id).state is State.RUNNING
    assert api.cluster("vision").run_id == answer.run_id


def test_a_bare_create_cluster_body_will_do(api: Api) -> None:
    answer = api.create_cluster(body(cluster()), CALLER)
    assert isinstance(answer, Accepted)
    assert answer.run_id == run_id_of("gateway-1")


def test_a_bad_body_is_refused_and_nothing_is_stored(api: Api, dynamodb: "DynamoDBClient") -> None:
    answer = api.create_cluster(b"not json", CALLER)
    assert isinstance(answer, Refused)
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_a_busy_name_and_a_used_request_id_name_the_run_in_the_way(api: Api) -> None:
    api.create_cluster(body({"Cluster": cluster(), "RequestId": "r-1"}), CALLER)
    busy = api.create_cluster(body({"Cluster": cluster(), "RequestId": "r-2"}), CALLER)
    used = api.create_cluster(body({"Cluster": cluster("audio"), "RequestId": "r-1"}), CALLER)
    assert isinstance(busy, Conflicting)
    assert isinstance(used, Conflicting)
    assert [(answer.run_id, answer.findings[0].rule) for answer in (busy, used)] == [
        (run_id_of("r-1"), "DOOR-102"),
        (run_id_of("r-1"), "DOOR-101"),
    ]


def test_both_doors_lead_to_the_same_run(api: Api, events: Events, machine: StateMachine) -> None:
    asked = {"Cluster": cluster(), "RequestId": "r-1"}
    events.deliver(asked)
    answer = api.create_cluster(body(asked), CALLER)
    assert isinstance(answer, Accepted)
    assert list(machine.executions) == [answer.run_id]


def test_a_check_of_the_egress_is_let_in_beside_the_run_that_works_on_the_cluster(
    api: Api, machine: StateMachine
) -> None:
    making = api.create_cluster(body({"Cluster": cluster(), "RequestId": "r-1"}), CALLER)
    checks = [api.check_egress("vision", b"", replace(CALLER, fallback_id=key)) for key in ("a", "b", "a")]
    assert all(isinstance(answer, Accepted) for answer in (making, *checks))
    assert list(machine.executions) == [run_id_of(key) for key in ("r-1", "a", "b")]
    assert (api.run(run_id_of("a")).kind, api.cluster("vision").run_id) == (Kind.EGRESS_CHECK, run_id_of("r-1"))


def test_a_check_of_a_cluster_that_somebody_else_made_is_let_in(api: Api) -> None:
    answer = api.check_egress("theirs", body({"RequestId": "c-1", "Egress": {"NodesPerGroup": "All"}}), CALLER)
    assert isinstance(answer, Accepted)
    with pytest.raises(RunNotFound):
        api.cluster("theirs")


@pytest.mark.parametrize(
    ("name", "asked", "subject"),
    [
        pytest.param("vision", b"not json", "$", id="no JSON"),
        pytest.param("vision", b"[]", "$", id="a list"),
        pytest.param("-vision", b"", "$", id="no name"),
        pytest.param("vision", body({"Cluster": {}}), "$.Cluster", id="a cluster"),
        pytest.param("vision", body({"Suppress": []}), "$.Suppress", id="what only a create knows"),
        pytest.param("vision", body({"Egress": {"EchoUrls": ["http://a"]}}), "$.Egress.EchoUrls[0]", id="a bad URL"),
        pytest.param("vision", b'{"RequestId": "a", "RequestId": "b"}', "$.RequestId", id="a key twice"),
    ],
)
def test_a_bad_check_is_refused_with_the_place_of_its_fault(api: Api, name: str, asked: bytes, subject: str) -> None:
    answer = api.check_egress(name, asked, CALLER)
    assert isinstance(answer, Refused)
    assert [finding.subject for finding in answer.findings] == [subject]


def test_a_request_id_is_a_cluster_s_or_a_check_s(api: Api) -> None:
    api.create_cluster(body({"Cluster": cluster(), "RequestId": "r-1"}), CALLER)
    answer = api.check_egress("vision", body({"RequestId": "r-1"}), CALLER)
    assert isinstance(answer, Conflicting)
    assert (answer.run_id, answer.findings[0].rule) == (run_id_of("r-1"), "DOOR-101")


def test_an_idempotency_key_that_can_be_no_request_id_is_told_so(api: Api) -> None:
    answer = api.create_cluster(body(cluster()), replace(CALLER, fallback_id="no spaces, please"))
    assert isinstance(answer, Refused)
    assert answer.findings[0].subject == "Idempotency-Key"


def test_a_cluster_that_nobody_asked_us_for_is_not_found(api: Api) -> None:
    with pytest.raises(RunNotFound, match="POST /clusters"):
        api.cluster("stranger")
