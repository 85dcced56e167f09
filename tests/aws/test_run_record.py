"""A run's record in DynamoDB: accepted once, moved forward, ended once."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.open_items import OpenItems
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.aws.transactions import transact
from control_plane.domain.door.conflicts import Conflict, Over
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.messages.announcements import Announcement, DetailType, announcement
from control_plane.domain.run import Phase, Run, State
from control_plane.domain.run.lifecycle import ended
from control_plane.errors import AwsUnavailable, DeadlinePassed, RunNotFound, RunOver
from tests.aws.conftest import NOON, TABLE, a_request, a_run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def told(run: Run, detail_type: DetailType) -> Announcement:
    return announcement(run, detail_type, at=NOON, region="ap-northeast-1", account="123456789012")


@pytest.fixture
def run(acceptance: Acceptance) -> Run:
    accepted = acceptance.accept(a_run(), a_request(), "same")
    assert isinstance(accepted, Run)
    return accepted


def test_an_accepted_run_reads_back_as_it_was_written(run: Run, runs: RunTable) -> None:
    assert runs.get(run.run_id) == a_run()
    assert runs.request_of(run.run_id) == a_request()


def test_a_run_that_nobody_accepted_is_not_found(runs: RunTable) -> None:
    with pytest.raises(RunNotFound, match="run-nobody"):
        runs.get("run-nobody")


def test_the_same_request_again_meets_its_own_run_even_after_its_end(
    run: Run, acceptance: Acceptance, outbox: Outbox
) -> None:
    assert acceptance.accept(a_run(), a_request(), "same") == run
    last = ended(run, State.REFUSED, NOON)
    outbox.end(last, told(last, DetailType.REFUSED))
    assert acceptance.accept(a_run(), a_request(), "same") == last


def test_another_body_under_a_used_request_id_is_a_conflict(run: Run, acceptance: Acceptance) -> None:
    assert acceptance.accept(a_run(cluster_name="audio"), a_request("audio"), "other") == Conflict(
        Over.REQUEST_ID, run.run_id
    )


def test_a_busy_name_names_the_run_that_holds_it_until_that_run_ends(
    run: Run, acceptance: Acceptance, outbox: Outbox
) -> None:
    second = a_run("r-2")
    assert acceptance.accept(second, a_request(), "second") == Conflict(Over.CLUSTER_NAME, run.run_id)
    last = ended(run, State.REFUSED, NOON)
    outbox.end(last, told(last, DetailType.REFUSED))
    assert acceptance.accept(second, a_request(), "second") == second


def test_phases_go_forward_only_and_carry_their_times(run: Run, runs: RunTable) -> None:
    runs.enter(run.run_id, Phase.CHECK_ACCOUNT, NOON)
    runs.enter(run.run_id, Phase.CREATE_CLUSTER, NOON + timedelta(minutes=3))
    now = runs.enter(run.run_id, Phase.CHECK_ACCOUNT, NOON + timedelta(minutes=5))
    assert now == runs.get(run.run_id)
    assert [(times.phase, times.started_at, times.ended_at) for times in now.phases] == [
        (Phase.CHECK_ACCOUNT, NOON, NOON + timedelta(minutes=3)),
        (Phase.CREATE_CLUSTER, NOON + timedelta(minutes=3), None),
    ]


def test_nothing_is_started_past_the_deadline(run: Run, runs: RunTable) -> None:
    with pytest.raises(DeadlinePassed, match="14:00 UTC"):
        runs.enter(run.run_id, Phase.CREATE_CLUSTER, run.deadline_at + timedelta(seconds=1))


def test_an_ended_run_takes_no_notes_and_no_second_end(run: Run, runs: RunTable, outbox: Outbox) -> None:
    last = ended(run, State.FAILED, NOON)
    outbox.end(last, told(last, DetailType.FAILED))
    with pytest.raises(RunOver):
        runs.note(run.run_id, remedy="too late")
    with pytest.raises(RunOver):
        runs.fence(run.run_id, NOON)
    with pytest.raises(RunOver):
        outbox.end(ended(run, State.PROVISIONED, NOON), told(last, DetailType.PROVISIONED))
    assert runs.get(run.run_id) == last
    assert [event.detail_type for event in outbox.pending(run.run_id)] == [DetailType.FAILED]


def test_an_end_is_announced_until_it_is_marked_as_sent(run: Run, outbox: Outbox, dynamodb: "DynamoDBClient") -> None:
    last = ended(run, State.REFUSED, NOON)
    outbox.end(last, told(last, DetailType.REFUSED))
    open_items = OpenItems(dynamodb, TABLE)
    (event,) = outbox.pending(run.run_id)
    assert (open_items.runs(), open_items.unannounced()) == ([], [run.run_id])
    assert event == told(last, DetailType.REFUSED)
    outbox.mark_sent(event, NOON)
    assert (outbox.pending(run.run_id), open_items.unannounced()) == ([], [])


def test_recording_a_creation_twice_announces_it_once(run: Run, runs: RunTable, outbox: Outbox) -> None:
    creating = told(run, DetailType.CREATING)
    outbox.record_creation(run.run_id, "vision", "arn:aws:sagemaker:::cluster/abc", creating)
    outbox.mark_sent(creating, NOON)
    outbox.record_creation(run.run_id, "vision", "arn:aws:sagemaker:::cluster/abc", creating)
    assert outbox.pending(run.run_id) == []
    assert runs.get(run.run_id).cluster_arn == "arn:aws:sagemaker:::cluster/abc"


def test_a_run_ends_even_if_its_claim_was_taken_from_it(
    run: Run, runs: RunTable, outbox: Outbox, dynamodb: "DynamoDBClient", acceptance: Acceptance
) -> None:
    dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": "NAME#vision"}, "sk": {"S": "CLAIM"}})
    thief = a_run("r-2")
    acceptance.accept(thief, a_request(), "second")
    last = ended(run, State.FAILED, NOON)
    outbox.end(last, told(last, DetailType.FAILED))
    assert runs.get(run.run_id).state is State.FAILED
    assert acceptance.accept(a_run("r-3"), a_request(), "third") == Conflict(Over.CLUSTER_NAME, thief.run_id)


def test_a_cluster_that_was_seen_only_when_its_run_failed_is_found_by_its_name(
    run: Run, outbox: Outbox, dynamodb: "DynamoDBClient"
) -> None:
    last = ended(run, State.FAILED, NOON).model_copy(update={"cluster_arn": "arn:aws:sagemaker:::cluster/abc"})
    outbox.end(last, told(last, DetailType.FAILED))
    assert ClusterIndex(dynamodb, TABLE).run_of("vision")[0] == run.run_id


@pytest.mark.parametrize(
    ("reasons", "answer"),
    [
        pytest.param(["ConditionalCheckFailed", "None"], {0}, id="a condition that does not hold"),
        pytest.param(["ThrottlingError", "ConditionalCheckFailed"], None, id="throttled, beside a condition"),
        pytest.param(["None", "ThrottlingError"], None, id="throttled"),
    ],
)
def test_a_transaction_that_may_pass_next_time_is_unavailable_and_not_refused(
    reasons: list[str], answer: set[int] | None
) -> None:
    canceled: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }

    class Canceling:
        def transact_write_items(self, **_: Any) -> None:
            raise ClientError(canceled, "TransactWriteItems")

    def run_it() -> frozenset[int]:
        return transact(cast("DynamoDBClient", Canceling()), "dynamodb:PutItem", [])

    if answer is None:
        with pytest.raises(AwsUnavailable):
            run_it()
    else:
        assert run_it() == answer


def test_a_refusal_at_the_door_is_stored_and_announced_once(acceptance: Acceptance, outbox: Outbox) -> None:
    refused = ended(a_run("event-1"), State.REFUSED, NOON)
    acceptance.refuse(refused, told(refused, DetailType.REFUSED))
    outbox.mark_sent(told(refused, DetailType.REFUSED), NOON)
    acceptance.refuse(refused, told(refused, DetailType.REFUSED))
    assert outbox.pending(refused.run_id) == []
    assert acceptance.find(refused.run_id) == refused


def test_the_largest_lists_still_fit_into_the_record(run: Run, runs: RunTable) -> None:
    finding = Finding(
        rule="NAT-001",
        severity=Severity.WARNS,
        subject="s" * 100,
        seen="x" * 300,
        wanted="y" * 300,
        remedy="z" * 300,
        source="https://",
    )
    worst = finding.model_copy(update={"severity": Severity.BLOCKS, "subject": "the one that matters"})
    runs.note(run.run_id, findings=(*[finding] * 1600, worst))
    stored = runs.get(run.run_id)
    assert stored.findings[0] == worst
    assert len(stored.findings) + stored.omitted_findings == 1601
