"""What is gathered about a failed run, what is noted, and whether its cluster is to go."""

from datetime import timedelta
from typing import Any

import pytest

from control_plane.domain.cluster.explain import Failure
from control_plane.domain.cluster.readiness import STALE_READS
from control_plane.domain.request import OnFailure
from control_plane.domain.run import Cause, Disposition, State
from control_plane.errors import AwsUnavailable, NotYet, RunOver
from control_plane.steps.explain_failure import FailureRequest, Report, explain_failure
from tests.cluster_world import World, a_request, phase
from tests.hyperpod_in_memory import ARN, NOON, OURS, RUN_ID, Refused

CLUSTER_FAILED = Failure(error="ClusterFailed", cause="The cluster is Failed.")
WAITING = {"cluster_arn": ARN.format(1), **phase("WaitForCluster", NOON)}
READS = ("DescribeCluster", "ListTags", "ListClusterNodes", "ListClusterEvents", "DescribeClusterEvent")


def explain(world: World, failure: Failure = CLUSTER_FAILED) -> Report:
    return explain_failure(
        FailureRequest(run_id=RUN_ID, failure=failure), runs=world.runs, reader=world.reader, now=world.now
    )


def failed(on_failure: OnFailure = OnFailure.KEEP, **cluster: Any) -> World:
    world = World(a_request(on_failure), **WAITING)
    world.hyperpod.add(OURS, ClusterStatus="Failed", **cluster)
    return world


def test_hyperpods_failure_message_gives_cause_detail_and_remedy() -> None:
    world = failed(FailureMessage="We do not have sufficient capacity in the Availability Zone you requested.")
    assert explain(world).cause is Cause.CAPACITY
    assert world.run.cause is Cause.CAPACITY
    assert "Availability Zone you requested" in str(world.run.cause_detail)
    assert "training plan" in str(world.run.remedy)


def test_the_messages_of_nodes_that_do_not_run_are_heard_and_old_ones_of_others_are_not() -> None:
    world = failed()
    world.hyperpod.add_nodes(("worker", "Running"), message="Lifecycle scripts did not run successfully")
    world.hyperpod.add_nodes(*[("worker", "Failure")] * 120, message="EFA health checks did not run successfully")
    assert explain(world).cause is Cause.EFA
    assert str(world.run.cause_detail).splitlines()[0] == "worker: EFA health checks did not run successfully"
    assert str(world.run.cause_detail).count("EFA") == 1


def test_a_continuous_clusters_error_events_are_heard_with_the_text_that_only_their_details_hold() -> None:
    world = failed(NodeProvisioningMode="Continuous")
    world.hyperpod.add_event(
        "Error", "Failed to provision EC2 Instance", Instance={"FailureMessage": "No subnets in the capacity AZ"}
    )
    world.hyperpod.add_event(
        "Info", "Instance creation started", Instance={"FailureMessage": "Lifecycle scripts did not run"}
    )
    world.hyperpod.add_event(None, "Successfully created Customer ENI")
    assert explain(world).cause is Cause.CAPACITY
    assert "Failed to provision EC2 Instance" in str(world.run.cause_detail)
    assert "Lifecycle" not in str(world.run.cause_detail)


def test_only_the_newest_error_events_are_described_however_many_there_are() -> None:
    world = failed(NodeProvisioningMode="Continuous")
    for number in range(250):
        world.hyperpod.add_event("Error", f"Trouble {number}", Instance={"FailureMessage": "zork"})
    explain(world)
    assert [world.faults.calls.count(call) for call in ("ListClusterEvents", "DescribeClusterEvent")] == [1, 3]
    assert "Trouble 249" in str(world.run.cause_detail)


def test_events_are_not_asked_for_where_the_mode_has_none() -> None:
    world = failed()
    explain(world)
    assert "ListClusterEvents" not in world.faults.calls


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ValidationException"])
@pytest.mark.parametrize("read", READS)
def test_what_cannot_be_read_is_said_and_the_rest_is_explained_all_the_same(read: str, code: str) -> None:
    world = failed(FailureMessage="zork", NodeProvisioningMode="Continuous")
    world.hyperpod.add_event("Error", "Trouble", Instance={"FailureMessage": "zork"})
    world.faults.refuse[read] = Refused(code)
    assert explain(world, Failure(error="AwsRefused", cause="ResourceLimitExceeded")).cause is Cause.QUOTA
    assert (
        f"Could not read: {'This function may not call ' if code.startswith('Access') else ''}sagemaker:{read}"
        in str(world.run.cause_detail)
    )


@pytest.mark.parametrize("read", READS)
def test_what_cannot_be_read_just_now_is_read_again_while_there_is_patience(read: str) -> None:
    world = failed(FailureMessage="zork", NodeProvisioningMode="Continuous")
    world.hyperpod.add_event("Error", "Trouble", Instance={"FailureMessage": "zork"})
    world.faults.refuse[read] = Refused("ThrottlingException")
    patient = FailureRequest(run_id=RUN_ID, retried=0)
    with pytest.raises(AwsUnavailable, match=read):
        explain_failure(patient, runs=world.runs, reader=world.reader, now=world.now)
    assert world.run.cause is None


def test_a_deadline_with_nothing_else_to_blame_is_a_deadline() -> None:
    world = failed()
    assert explain(world, Failure(error="DeadlinePassed", cause="had until 14:00 UTC")).cause is Cause.DEADLINE


def test_a_step_that_hung_past_the_deadline_is_a_deadline_and_before_it_is_not() -> None:
    world = failed()
    assert explain(world, Failure(error="States.Timeout")).cause is Cause.UNKNOWN
    late = failed()
    late.time = late.run.deadline_at + timedelta(seconds=1)
    assert explain(late, Failure(error="States.Timeout")).cause is Cause.DEADLINE


def test_the_first_explanation_stands() -> None:
    world = failed()
    first = explain(world, Failure(error="NameInUse", cause="taken"))
    known = world.run
    assert explain(world, Failure(error="ExecutionFailed", cause="died")) == first
    assert (world.run.cause, world.run.cause_detail, world.run.remedy) == (
        known.cause,
        known.cause_detail,
        known.remedy,
    )


def test_a_cluster_whose_reply_was_lost_is_waited_for_before_it_is_called_not_created() -> None:
    world = World(a_request(OnFailure.DELETE), **phase("CreateCluster", NOON))
    with pytest.raises(NotYet, match="may have been made"):
        explain(world, Failure(error="ExecutionAborted"))
    world.time = NOON + STALE_READS
    assert explain(world, Failure(error="ExecutionAborted")).delete_cluster is False


def test_a_create_that_aws_refused_is_not_waited_for() -> None:
    world = World(a_request(), **phase("CreateCluster", NOON))
    assert explain(world, Failure(error="AwsRefused", cause="ValidationException")).delete_cluster is False


def test_a_cluster_that_nobody_could_look_for_is_not_called_not_created() -> None:
    world = World(a_request(), **phase("CreateCluster", NOON))
    world.faults.refuse["DescribeCluster"] = Refused("AccessDeniedException")
    explain(world, Failure(error="Boom"))
    assert world.run.cluster_disposition is Disposition.KEPT
    assert "aws sagemaker describe-cluster" in str(world.run.remedy)


def test_a_run_that_failed_before_its_creation_asks_hyperpod_nothing() -> None:
    world = World(a_request(OnFailure.DELETE), **phase("CheckAccount", NOON))
    world.hyperpod.add({}, FailureMessage="somebody else's trouble")
    assert explain(world, Failure(error="Boom")) == Report(cause=Cause.UNKNOWN, delete_cluster=False)
    assert set(world.faults.calls) == {"get run", "note"}


def test_a_strangers_trouble_is_not_ours() -> None:
    world = World(a_request(OnFailure.DELETE), **phase("CreateCluster", NOON))
    world.hyperpod.add({}, FailureMessage="EFA health checks did not run successfully")
    report = explain(world, Failure(error="NameInUse", cause="arn has this name"))
    assert report == Report(cause=Cause.NAME_IN_USE, delete_cluster=False)
    assert world.run.cluster_arn is None


@pytest.mark.parametrize(
    ("on_failure", "goes"), [(OnFailure.KEEP, False), (OnFailure.DELETE, True)], ids=["Keep", "Delete"]
)
def test_the_cluster_goes_only_if_that_was_asked_for(on_failure: OnFailure, *, goes: bool) -> None:
    assert explain(failed(on_failure)).delete_cluster is goes


def test_a_cluster_that_nobody_recorded_is_found_by_its_tags() -> None:
    world = World(a_request(OnFailure.DELETE), **phase("CreateCluster", NOON))
    world.hyperpod.add(OURS, ClusterStatus="Creating")
    assert explain(world, Failure(error="States.Timeout")).delete_cluster
    assert (world.run.cluster_arn, world.run.cluster_status) == (ARN.format(1), "Creating")


def test_one_answer_without_a_cluster_that_was_there_a_moment_ago_is_not_believed() -> None:
    world = failed(OnFailure.DELETE, FailureMessage="insufficient capacity")
    world.hyperpod.unseen = 1
    with pytest.raises(NotYet, match="a moment ago"):
        explain(world)
    assert explain(world).delete_cluster


def test_one_late_answer_without_a_cluster_that_has_long_been_there_is_not_believed_either() -> None:
    world = World(a_request(OnFailure.DELETE), cluster_status="Creating", **WAITING)
    world.hyperpod.add(OURS, ClusterStatus="Creating")
    world.time, world.hyperpod.unseen = NOON + timedelta(hours=2, minutes=1), 1
    with pytest.raises(NotYet, match="a moment ago"):
        explain(world, Failure(error="DeadlinePassed"))
    assert explain(world, Failure(error="DeadlinePassed")).delete_cluster


@pytest.mark.parametrize("on_failure", OnFailure)
def test_a_cluster_that_is_gone_need_not_go_and_does_not_stand(on_failure: OnFailure) -> None:
    world = World(a_request(on_failure), cluster_status="Creating", **WAITING)
    world.time = NOON + timedelta(hours=1)
    with pytest.raises(NotYet, match="a moment ago"):
        explain(world)
    world.time += STALE_READS
    assert not explain(world).delete_cluster
    assert world.run.cluster_disposition is Disposition.DELETE_REQUESTED


def test_where_nobody_could_look_the_deletion_has_to_find_out() -> None:
    world = failed(OnFailure.DELETE)
    world.faults.refuse["ListTags"] = Refused("AccessDeniedException")
    assert explain(world).delete_cluster


def test_an_ended_run_keeps_its_explanation() -> None:
    world = World(state=State.FAILED, **WAITING)
    world.hyperpod.add(OURS, ClusterStatus="Failed")
    with pytest.raises(RunOver):
        explain(world)
