"""The crash sweep can fail: it tells of a run that a fault has changed."""

from simulator.app import Simulator
from tests.chaos.cases import Case
from tests.chaos.oracles import complaints
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.world import World


def test_a_run_that_ends_otherwise_is_told(simulator: Simulator) -> None:
    """A denied call does not pass by itself: the account check has to say that it could not look."""
    denied = Case.parse("refused:CheckAccountFunction/ec2:DescribeSubnets/1/ACCESS_DENIED")
    world = World(simulator)
    plain = world.play(SCENARIOS[denied.scenario])
    played = world.play(SCENARIOS[denied.scenario], denied.faults)

    assert complaints(denied, plain, plain) == ["no fault came to be: the run went another way"]
    assert played.injected == {"AccessDenied": 1}
    assert any("ec2:DescribeSubnets" in complaint for complaint in complaints(denied, played, plain))
