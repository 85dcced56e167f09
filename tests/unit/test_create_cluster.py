"""One run makes one cluster, whatever is retried, cut off, read late or done by somebody else meanwhile."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.messages.announcements import DetailType
from control_plane.domain.run import Phase, State
from control_plane.errors import (
    AccessDenied,
    AwsRefused,
    AwsUnavailable,
    CallFailed,
    DeadlinePassed,
    NameInUse,
    RunOver,
)
from control_plane.steps.create_cluster import Report, create_cluster
from control_plane.steps.request import StepRequest
from tests.cluster_world import World, a_request
from tests.hyperpod_in_memory import ARN, NOON, OURS, RUN_ID, Crash, Refused

FAULTS = ("crash before", "crash after", "request lost", "reply lost", "throttled", "broken")
CALLS = [
    "get run",
    "note",
    "DescribeCluster",
    "get run",
    "CreateCluster",
    "record creation",
    "pending",
    "put event",
    "mark sent",
]


def create(world: World) -> Report:
    return create_cluster(
        StepRequest(run_id=RUN_ID),
        runs=world.runs,
        reader=world.reader,
        creator=world.creator,
        outbox=world.outbox,
        bus=world.bus,
        now=world.now,
    )


def create_until_done(world: World) -> Report:
    """As the state machine does it: again after a crash, again while AWS is unavailable."""
    for _ in range(12):
        try:
            return create(world)
        except (Crash, AwsUnavailable):
            world.time += timedelta(seconds=5)
    return create(world)


def test_the_cluster_is_made_as_it_was_asked_for_with_our_tags_beside_the_callers() -> None:
    world = World(a_request(Tags=[{"Key": "team", "Value": "a"}]))
    assert create(world) == Report(cluster_arn=ARN.format(1))
    assert world.hyperpod.tags == {ARN.format(1): {"team": "a"} | OURS}
    assert (world.run.cluster_arn, world.run.phase) == (ARN.format(1), Phase.CREATE_CLUSTER)
    assert world.faults.calls == CALLS


def test_its_creation_is_announced_once_with_its_arn() -> None:
    world = World()
    create(world)
    create(world)
    [event] = world.bus.events
    assert event.detail_type is DetailType.CREATING
    told = event.detail
    assert (told["ClusterArn"], told["Region"], told["AccountId"]) == (ARN.format(1), "ap-northeast-1", "123456789012")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", range(len(CALLS)), ids=[f"{place} {call}" for place, call in enumerate(CALLS)])
def test_whatever_breaks_at_whichever_call_there_is_one_cluster_and_the_run_goes_on(place: int, fault: str) -> None:
    world = World()
    world.faults.at[place] = fault
    assert create_until_done(world) == Report(cluster_arn=ARN.format(1))
    assert len(world.hyperpod.clusters) == 1
    assert world.run.cluster_arn == ARN.format(1)
    assert list(world.outbox.events) == [DetailType.CREATING]


@given(
    faults=st.dictionaries(st.integers(0, 30), st.sampled_from(FAULTS), max_size=4),
    unseen=st.integers(0, 4),
    untagged=st.integers(0, 4),
)
@settings(deadline=None, max_examples=100)
def test_lost_replies_crashes_and_late_reads_together_make_no_second_cluster_and_no_false_alarm(
    faults: dict[int, str], unseen: int, untagged: int
) -> None:
    world = World()
    world.faults.at.update(faults)
    world.hyperpod.unseen, world.hyperpod.untagged = unseen, untagged
    assert create_until_done(world) == Report(cluster_arn=ARN.format(1))
    assert len(world.hyperpod.clusters) == 1
    assert list(world.outbox.events) == [DetailType.CREATING]


def test_a_cluster_that_the_run_made_before_is_taken_up_again() -> None:
    world = World()
    world.hyperpod.add(OURS)
    assert create(world).cluster_arn == ARN.format(1)
    assert "CreateCluster" not in world.faults.calls


def test_a_run_that_knows_its_cluster_never_makes_another_even_if_it_is_gone() -> None:
    world = World(cluster_arn=ARN.format(7))
    assert create(world).cluster_arn == ARN.format(7)
    assert world.hyperpod.clusters == {}


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        pytest.param({}, "somebody else", id="no tag"),
        pytest.param(OURS | {"hyperpod-vpc:run-id": "run-other"}, "run-other", id="another run's"),
        pytest.param(OURS | {"hyperpod-vpc:stack": "other"}, RUN_ID, id="another stack's"),
    ],
)
def test_somebody_elses_cluster_is_left_alone(tags: dict[str, str], owner: str) -> None:
    world = World()
    before = dict(world.hyperpod.add(tags, CreationTime=(NOON - timedelta(days=1)).timestamp()))
    with pytest.raises(NameInUse, match=owner):
        create(world)
    assert list(world.hyperpod.clusters.values()) == [before]
    assert world.run.cluster_arn is None


def test_a_new_cluster_without_tags_may_be_ours_so_it_is_asked_again_and_then_believed() -> None:
    world = World()
    world.hyperpod.add({})
    with pytest.raises(AwsUnavailable, match="TagsNotVisible"):
        create(world)
    world.time += timedelta(minutes=6)
    with pytest.raises(NameInUse):
        create(world)


def test_a_name_in_use_that_cannot_be_seen_is_asked_again_not_decided() -> None:
    world = World()
    world.faults.refuse["CreateCluster"] = Refused("ResourceInUse")
    with pytest.raises(AwsUnavailable, match="ResourceInUse"):
        create(world)


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        pytest.param(Refused("ResourceLimitExceeded", "0 Instances"), AwsRefused, id="a quota"),
        pytest.param(Refused("ValidationException", "wrong"), AwsRefused, id="a request that AWS does not take"),
        pytest.param(Refused("AccessDeniedException", "no iam:PassRole"), AccessDenied, id="a missing grant"),
    ],
)
def test_a_refusal_goes_on_with_awss_own_text(refusal: Refused, error: type[CallFailed]) -> None:
    world = World()
    world.faults.refuse["CreateCluster"] = refusal
    with pytest.raises(error, match=refusal.message):
        create(world)
    assert world.faults.calls[-1] == "CreateCluster"


def test_a_create_that_may_have_been_applied_notes_when_so_that_the_cluster_is_waited_for_from_then_on() -> None:
    world = World()
    world.faults.refuse["CreateCluster"] = Refused("ThrottlingException")
    for _ in range(2):
        world.time += timedelta(minutes=4)
        with pytest.raises(AwsUnavailable):
            create(world)
        assert world.run.updated_at == world.time


def test_past_its_deadline_a_run_makes_nothing() -> None:
    world = World(deadline_at=NOON - timedelta(seconds=1))
    with pytest.raises(DeadlinePassed):
        create(world)
    assert "CreateCluster" not in world.faults.calls


def test_a_run_that_is_ended_while_it_looks_makes_nothing() -> None:
    world = World()
    look = world.reader.look

    def end_meanwhile(run: object) -> None:
        assert look(world.run) is None
        world.runs.run = world.run.model_copy(update={"state": State.FAILED})

    world.reader.look = end_meanwhile  # type: ignore[method-assign]  # somebody else acts between two of our calls
    with pytest.raises(RunOver):
        create(world)
    assert world.hyperpod.clusters == {}


@pytest.mark.parametrize("fault", ["request lost", "throttled"])
def test_an_announcement_that_cannot_be_sent_waits_in_the_outbox(fault: str) -> None:
    world = World()
    world.faults.at[CALLS.index("put event")] = fault
    assert create(world).cluster_arn == ARN.format(1)
    assert [event.detail_type for event in world.outbox.pending(RUN_ID)] == [DetailType.CREATING]
