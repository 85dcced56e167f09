"""HyperPod's answers as a real client parses them, in our words."""

from typing import Any

import pytest

from control_plane.aws.hyperpod_reader import OurCluster, Stranger
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable
from tests.cluster_world import World
from tests.hyperpod_in_memory import ARN, NAME, NOON, OURS, Refused

OTHER_RUN = OURS | {"hyperpod-vpc:run-id": "run-other"}


def test_a_cluster_is_found_by_its_name_and_by_its_arn() -> None:
    world = World()
    world.hyperpod.add(OURS, NodeProvisioningMode="Continuous", FailureMessage="")
    by_name, by_arn = world.reader.cluster(NAME), world.reader.cluster(ARN.format(1))
    assert by_name is not None
    assert by_name == by_arn
    assert (by_name.creation_time, by_name.continuous, by_name.failure_message) == (NOON, True, "")
    assert {name: group.current_count for name, group in by_name.groups.items()} == {"controller": 1, "worker": 2}


@pytest.mark.parametrize("code", ["ResourceNotFound", "ResourceNotFoundException"])
def test_a_cluster_that_is_not_there_is_none_whichever_way_aws_says_it(code: str) -> None:
    world = World()
    world.faults.refuse["DescribeCluster"] = Refused(code)
    assert world.reader.cluster(NAME) is None
    assert world.reader.look(world.run) is None


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        pytest.param(OURS, OurCluster, id="ours"),
        pytest.param(OURS | {"team": "a"}, OurCluster, id="ours, with the caller's tags"),
        pytest.param({}, Stranger, id="untagged"),
        pytest.param(OTHER_RUN, Stranger, id="another run's"),
    ],
)
def test_the_tags_tell_whose_a_cluster_is(tags: dict[str, str], kind: type[Any]) -> None:
    world = World()
    world.hyperpod.add(tags)
    found = world.reader.look(world.run)
    assert isinstance(found, kind)
    assert found.cluster.cluster_arn == ARN.format(1)


def test_a_cluster_whose_tags_are_gone_is_gone_although_a_stale_description_still_shows_it() -> None:
    world = World()
    world.hyperpod.add(OURS)
    world.faults.refuse["ListTags"] = Refused("ResourceNotFound")
    assert world.reader.look(world.run) is None


@pytest.mark.parametrize(
    ("metadata", "texts"),
    [
        pytest.param({"Instance": {"CustomerEni": "eni-1"}}, [], id="no failure"),
        pytest.param({"Instance": {"FailureMessage": ""}}, [], id="an empty failure"),
        pytest.param({"Cluster": {"FailureMessage": "a"}}, ["a"], id="the cluster's"),
        pytest.param({"InstanceGroupScaling": {"TargetCount": 2, "FailureMessage": "b"}}, ["b"], id="a scaling's"),
        pytest.param({"InstanceMonitor": {"FailureMessage": "c"}}, [], id="of a kind that the model does not know"),
    ],
)
def test_an_events_failure_is_read_whichever_resource_it_is_about(metadata: dict[str, Any], texts: list[str]) -> None:
    world = World()
    world.hyperpod.add_event("Error", "Trouble", **metadata)
    [event] = world.reader.error_events(NAME)
    assert world.reader.event_failures(NAME, event.event_id) == texts


def test_metadata_with_nothing_in_it_is_a_refusal_and_no_crash() -> None:
    world = World()
    world.hyperpod.add_event("Error", "Trouble")
    [event] = world.reader.error_events(NAME)
    with pytest.raises(AwsRefused, match="one and only one member"):
        world.reader.event_failures(NAME, event.event_id)


def test_error_events_are_those_that_say_so_and_old_ones_that_sound_so() -> None:
    world = World()
    for level, text in (("Error", "Broken"), ("Info", "Failover"), (None, "Creation failed"), (None, "Started")):
        world.hyperpod.add_event(level, text)
    assert [event.description for event in world.reader.error_events(NAME)] == ["Creation failed", "Broken"]


def test_a_listing_goes_no_further_than_it_is_read() -> None:
    world = World()
    world.hyperpod.add_nodes(*[("worker", "Running")] * 250)
    next(world.reader.nodes(NAME))
    assert world.faults.calls == ["ListClusterNodes"]
    assert len(list(world.reader.nodes(NAME))) == 250


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        pytest.param(Refused("AccessDeniedException"), AccessDenied, id="denied"),
        pytest.param(Refused("ThrottlingException"), AwsUnavailable, id="throttled"),
        pytest.param(Refused("Odd", status=503), AwsUnavailable, id="AWS's own fault"),
    ],
)
def test_a_call_that_fails_is_named(refusal: Refused, error: type[Exception]) -> None:
    world = World()
    world.faults.refuse["ListClusterNodes"] = refusal
    with pytest.raises(error, match="sagemaker:ListClusterNodes"):
        list(world.reader.nodes(NAME))
