"""A deletion names the one cluster whose tags were read, not its name."""

from control_plane.aws.hyperpod_reader import OurCluster
from tests.cluster_world import World
from tests.hyperpod_in_memory import ARN, OURS


def test_a_new_cluster_of_the_same_name_stays_out_of_it() -> None:
    world = World()
    world.hyperpod.add(OURS)
    ours = world.reader.look(world.run)
    assert isinstance(ours, OurCluster)
    del world.hyperpod.clusters[ARN.format(1)]
    world.hyperpod.add({})
    world.remover.delete(ours)
    assert world.hyperpod.clusters[ARN.format(2)]["ClusterStatus"] == "InService"
