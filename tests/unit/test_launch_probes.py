"""Step "Launch probes": which instances there are afterwards, and what is known of those that there are not."""

from datetime import timedelta

import pytest

from control_plane.domain.egress import Via
from control_plane.domain.run import Phase, State
from control_plane.errors import AwsUnavailable, DeadlinePassed, RunOver
from tests.hyperpod_in_memory import NOON, Refused
from tests.probe_world import ZONE, ProbeWorld
from tests.unit.test_probe import a_request, own_vpc

TWO = a_request({"InstanceGroupName": "a"}, own_vpc("b", ["subnet-2"], ["sg-2"]))
TEN = a_request(own_vpc("a", [f"subnet-{number}" for number in range(10)], ["sg-1"]))


def troubles(world: ProbeWorld) -> list[str]:
    return [probe.trouble.code for probe in world.ledger.probes if probe.trouble]


def test_there_is_one_instance_at_each_vantage_point_of_the_cheapest_type() -> None:
    world = ProbeWorld(TWO)
    report = world.launch()
    assert [(one.point_key, one.instance_type) for one in world.ec2.instances.values()] == [
        ("subnet-1/sg-1", "t4g.nano"),
        ("subnet-2/sg-2", "t4g.nano"),
    ]
    assert (report.launched, report.refused) == (2, 0)
    assert world.runs.run.phase is Phase.PROBE_SUBNETS


def test_never_are_there_more_at_once_than_allowed() -> None:
    world = ProbeWorld(TEN)
    assert world.launch().launched == 8
    assert len(world.ec2.alive()) == 8


def test_launching_again_changes_nothing() -> None:
    world = ProbeWorld(TEN)
    world.launch()
    before = world.ledger
    world.launch()
    assert (len(world.ec2.instances), world.ledger) == (8, before)


def test_an_instance_whose_launch_was_not_recorded_is_taken_up_even_if_its_type_is_not_the_first() -> None:
    world = ProbeWorld(TWO)
    world.ec2.refusals["t4g.nano"] = Refused("InsufficientInstanceCapacity")
    world.wire.faults.refuse["s3:PutObject"] = Refused("InternalFailure")
    with pytest.raises(AwsUnavailable):
        world.launch()
    world.wire.faults.refuse.clear()
    world.ec2.refusals.clear()
    world.launch()
    assert [one.instance_type for one in world.ec2.instances.values()] == ["t4g.micro", "t4g.micro"]


def test_an_instance_that_ec2_does_not_show_yet_is_not_launched_twice() -> None:
    world = ProbeWorld(TWO)
    world.wire.faults.at[_second_launch(world)] = "reply lost"
    with pytest.raises(AwsUnavailable):
        world.launch()
    world.ec2.unseen = 1
    assert (world.launch().launched, len(world.ec2.instances)) == (2, 2)


@pytest.mark.parametrize("code", ["Unsupported", "InsufficientInstanceCapacity"])
def test_a_type_that_cannot_be_had_makes_way_for_the_next(code: str) -> None:
    world = ProbeWorld(TWO)
    world.ec2.refusals |= dict.fromkeys(["t4g.nano", "t4g.micro"], Refused(code))
    world.launch()
    assert {one.instance_type for one in world.ec2.instances.values()} == {"t3.nano"}


def test_only_types_that_the_zone_offers_are_tried() -> None:
    world = ProbeWorld(TWO)
    world.ec2.offers = frozenset({("t3.micro", ZONE), ("t4g.nano", "ap-northeast-1c")})
    world.launch()
    assert {one.instance_type for one in world.ec2.instances.values()} == {"t3.micro"}


@pytest.mark.parametrize("code", ["VcpuLimitExceeded", "InsufficientFreeAddressesInSubnet", "AccessDenied"])
def test_a_refusal_that_the_next_type_would_meet_too_settles_the_probe(code: str) -> None:
    world = ProbeWorld(TWO)
    world.ec2.refusals["t4g.nano"] = Refused(code)
    report = world.launch()
    assert (report.launched, report.refused) == (0, 2)
    assert troubles(world) == [code, code]


def test_a_zone_that_offers_none_of_the_types_settles_the_probe() -> None:
    world = ProbeWorld(TWO)
    world.ec2.offers = frozenset()
    world.launch()
    assert troubles(world) == ["Unsupported", "Unsupported"]


@pytest.mark.parametrize(
    "action", ["ec2:DescribeInstances", "ec2:DescribeSubnets", "ec2:DescribeInstanceTypeOfferings", "ec2:RunInstances"]
)
def test_a_missing_permission_is_named_and_the_run_goes_on(action: str) -> None:
    world = ProbeWorld(TWO)
    world.wire.faults.refuse[action] = Refused("AccessDenied")
    assert world.launch().refused == 2
    for probe in world.ledger.probes:
        assert probe.trouble
        assert action in probe.trouble.text


def test_the_next_batch_takes_the_place_of_the_one_that_is_settled() -> None:
    world = ProbeWorld(TEN)
    assert world.whole().verdict == "Proved"
    assert len(world.ec2.instances) == 10
    assert world.ec2.most_at_once == 8


def test_nothing_is_launched_where_no_proof_is_asked_for() -> None:
    world = ProbeWorld(a_request({"InstanceGroupName": "a"}, prove=(Via.ON_NODES,)))
    assert world.launch().launched == 0
    assert not world.ec2.instances


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"state": State.FAILED}, RunOver, id="ended by somebody"),
        pytest.param({"deadline_at": NOON - timedelta(seconds=1)}, DeadlinePassed, id="past its deadline"),
    ],
)
def test_a_run_that_is_over_launches_nothing(changes: dict[str, object], error: type[Exception]) -> None:
    world = ProbeWorld(TWO)
    world.runs.run = world.runs.run.model_copy(update=changes)
    with pytest.raises(error):
        world.launch()
    assert not world.ec2.instances


@pytest.mark.parametrize(("action", "launched"), [("ec2:DescribeInstanceTypeOfferings", 0), ("ec2:RunInstances", 1)])
def test_a_run_that_ends_while_it_launches_launches_no_more(action: str, launched: int) -> None:
    world = ProbeWorld(TWO)
    world.wire.meanwhile[action] = world.end_run
    with pytest.raises(RunOver):
        world.launch()
    assert len(world.ec2.instances) == launched


def _second_launch(world: ProbeWorld) -> int:
    """The how-manieth call it is, in a world like this one."""
    other = ProbeWorld(world.request)
    other.launch()
    calls = other.wire.faults.calls
    return [place for place, call in enumerate(calls) if call == "ec2:RunInstances"][1]
