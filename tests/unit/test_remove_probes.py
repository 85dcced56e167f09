"""Step "Remove probes": nothing is left, and what is left is told."""

import pytest

from control_plane.errors import AwsUnavailable
from tests.hyperpod_in_memory import Refused
from tests.probe_world import ProbeWorld
from tests.unit.test_probe import a_request, own_vpc

TWO = a_request({"InstanceGroupName": "a"}, own_vpc("b", ["subnet-2"], ["sg-2"]))


@pytest.fixture
def world() -> ProbeWorld:
    world = ProbeWorld(TWO)
    world.launch()
    return world


def test_every_instance_of_the_run_goes(world: ProbeWorld) -> None:
    assert world.remove().removed == 2
    assert world.ec2.alive() == []


def test_removing_again_removes_nothing(world: ProbeWorld) -> None:
    world.remove()
    assert world.remove().to_wire() == {"Removed": 0, "Left": [], "Trouble": None}


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_an_instance_goes_in_whatever_state_it_is(state: str, world: ProbeWorld) -> None:
    world.ec2.instances["i-0"] = world.ec2.instances["i-0"].model_copy(update={"state": state})
    assert world.remove().removed == 2


def test_there_may_be_nothing_to_remove() -> None:
    assert ProbeWorld(TWO).remove().removed == 0


def test_what_may_not_be_ended_is_told_and_hides_nothing(world: ProbeWorld) -> None:
    world.wire.faults.refuse["ec2:TerminateInstances"] = Refused("AccessDenied")
    report = world.remove()
    assert (report.removed, report.left) == (0, ("i-0", "i-1"))
    assert "ec2:TerminateInstances" in str(report.trouble)


def test_what_may_not_be_looked_for_is_told(world: ProbeWorld) -> None:
    world.wire.faults.refuse["ec2:DescribeInstances"] = Refused("AccessDenied")
    report = world.remove()
    assert report.removed == 0
    assert "ec2:DescribeInstances" in str(report.trouble)


def test_only_what_is_worth_another_try_is_raised(world: ProbeWorld) -> None:
    world.wire.faults.refuse["ec2:TerminateInstances"] = Refused("InternalFailure", status=500)
    with pytest.raises(AwsUnavailable):
        world.remove()
