"""When a watched cluster's nodes are asked again, and which of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control_plane.domain.door.existing import judge_adoption, judge_baseline, judge_check
from control_plane.domain.door.judge import Judged
from control_plane.domain.egress import PredictedEgress, merged
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.domain.probe.nodes import only
from control_plane.domain.request import Reproof, Request, Scope, request_fingerprint, scope_of, stored_request
from control_plane.domain.watch.book import Book, turned
from control_plane.domain.watch.proof import ALL_NODES, MOST_NAMED, AskedProof, Why, complete, due, replaced_in, turn_of
from tests.cluster_world import a_request
from tests.unit.test_watch_book import drift

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
MANY = {f"group-{number}" for number in range(MOST_NAMED + 1)}


@pytest.mark.parametrize(
    ("case", "groups", "why"),
    [
        pytest.param({"changed": {"b", "a"}}, ("a", "b"), Why.CHANGE, id="the groups whose way out has changed"),
        pytest.param({"replaced": {"a"}}, ("a",), Why.NODE, id="the group of a node that was replaced"),
        pytest.param({"changed": {"a"}, "replaced": {"b"}}, ("a", "b"), Why.CHANGE, id="both"),
        pytest.param({"replaced": {None}}, (), Why.NODE, id="all, where nobody knows whose node it was"),
        pytest.param({"changed": MANY}, (), Why.CHANGE, id="all, where it is many"),
        pytest.param({"last": NOON - WEEK}, (), Why.AGE, id="all, when it is time"),
        pytest.param({"last": NOON - WEEK, "changed": {"a"}}, (), Why.CHANGE, id="all, when it is time anyway"),
    ],
)
def test_asked_are(case: dict[str, Any], groups: tuple[str, ...], why: Why) -> None:
    fields: dict[str, Any] = {"changed": set(), "replaced": set(), "last": NOON, "every": WEEK, "at": NOON}
    assert due(**fields | case) == AskedProof(at=NOON, instance_group_names=groups, why=why)


@pytest.mark.parametrize(
    ("last", "every"),
    [
        pytest.param(NOON - WEEK + timedelta(minutes=1), WEEK, id="before it is time"),
        pytest.param(NOON - 52 * WEEK, None, id="by the clock, where the clock is not to ask"),
    ],
)
def test_nobody_is_asked(last: datetime, every: timedelta | None) -> None:
    assert due(changed=set(), replaced=set(), last=last, every=every, at=NOON) is None


def test_clusters_that_began_together_are_asked_over_a_day_and_none_late() -> None:
    turns = sorted(turn_of(f"cluster-{number}", WEEK) for number in range(1000))
    assert timedelta(days=6) <= turns[0]
    assert turns[-1] <= WEEK
    an_hour = timedelta(hours=1)
    assert max(sum(turn <= one < turn + an_hour for one in turns) for turn in turns) < 100
    assert turn_of("cluster-1", WEEK) == turn_of("cluster-1", WEEK)


def test_only_a_proof_of_all_groups_puts_off_the_next_one_of_all() -> None:
    whole = AskedProof(at=NOON, instance_group_names=(), why=Why.AGE)
    some = whole.model_copy(update={"at": NOON + WEEK, "instance_group_names": ("a",)})
    book = Book().asking(whole).asking(some)
    assert (book.proof, book.whole_proof_at) == (some, NOON)
    assert turned(book, {}, NOON)[0].proof == some


def test_a_reminder_of_what_stays_is_known_from_news() -> None:
    one = {"rtb-1": drift()}
    book, first = turned(Book(), one, NOON)
    book, reminder = turned(book, one, NOON + timedelta(days=1))
    _, worse = turned(book, {"rtb-1": drift(is_="203.0.113.10")}, NOON + timedelta(days=3))
    assert [says.reminds for says in (*first, *reminder, *worse)] == [False, True, False]


def event(detail: dict[str, Any]) -> BusEvent:
    envelope = {"id": "1", "detail-type": "any", "source": "any", "account": "1", "region": "any", "detail": detail}
    return BusEvent.from_wire(envelope)


def health(repair: str) -> dict[str, Any]:
    return {"InstanceId": "i-1", "HealthSummary": {"HealthStatus": "Unhealthy", "RepairAction": repair}}


@pytest.mark.parametrize(
    ("detail", "nodes"),
    [
        (health("Replace"), ["i-1"]),
        (health("Reboot"), []),
        ({"InstanceId": "i-1", "HealthSummary": None}, []),
        ({"eventName": "BatchReplaceClusterNodes"}, [ALL_NODES]),
        ({"eventName": "ReplaceRoute"}, []),
    ],
)
def test_an_event_tells_which_nodes_go(detail: dict[str, Any], nodes: list[str]) -> None:
    assert replaced_in(event(detail)) == nodes


def test_a_cluster_is_complete_when_each_group_has_its_nodes() -> None:
    def with_workers(current: int) -> bool:
        groups = [{"CurrentCount": 1, "TargetCount": 1}, {"CurrentCount": current, "TargetCount": 2}]
        return complete({"InstanceGroups": groups})

    assert [with_workers(current) for current in (1, 2, 3)] == [False, True, False]


def test_of_a_cluster_only_the_named_groups_are_asked() -> None:
    shape = a_request().shape
    assert [group.instance_group_name for group in only(shape, ("worker",)).groups] == ["worker"]
    assert only(shape, ()) == shape


def test_what_was_promised_before_counts_where_it_is_known() -> None:
    def row(group: str, address: str) -> PredictedEgress:
        return PredictedEgress(
            instance_group_name=group, subnet_id="subnet-1", expected_public_ips=(address,), path="any"
        )

    now, before = [row("old", "203.0.113.9"), row("new", "203.0.113.9")], [row("old", "198.51.100.4")]
    assert merged(now, before) == (row("old", "198.51.100.4"), row("new", "203.0.113.9"))


def test_a_request_of_the_watch_keeps_its_scope_and_another_one_is_stored_as_ever() -> None:
    plain = a_request()
    scope = Scope(instance_group_names=("worker",), baseline="run-1")
    reproof = Reproof(**dict(plain), scope=scope)
    stored = stored_request(reproof.model_dump_json(by_alias=True))

    assert (scope_of(stored), stored.shape) == (scope, plain.shape)
    assert stored_request(plain.model_dump_json(by_alias=True)) == plain
    assert scope_of(plain) == Scope()
    assert "scope" not in Request.model_fields
    assert request_fingerprint(reproof) != request_fingerprint(plain)


@pytest.mark.parametrize(
    "judged",
    [
        lambda body: judge_check("name", json.dumps(body).encode()),
        lambda body: judge_adoption(json.dumps(body | {"ClusterName": "name"}).encode()),
        lambda body: judge_baseline("name", json.dumps(body | {"Reason": "any"}).encode()),
    ],
)
def test_no_door_takes_a_scope(judged: Any) -> None:
    answer: Judged = judged({"Scope": {"InstanceGroupNames": ["worker"]}})
    assert answer.request is None
    assert [finding.subject for finding in answer.findings] == ["$.Scope"]
