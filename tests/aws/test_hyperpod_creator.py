"""A cluster is asked for exactly as the caller wrote it, and marked as ours."""

from copy import deepcopy

import pytest

from control_plane.errors import RequestRejected
from tests.cluster_world import World, a_request
from tests.hyperpod_in_memory import ARN, OURS, RUN_ID


def test_the_callers_body_and_tags_stay_as_they_are() -> None:
    world, cluster = World(), a_request(Tags=[{"Key": "team", "Value": "a"}]).cluster
    before = deepcopy(cluster)
    assert world.creator.create(cluster, RUN_ID) == ARN.format(1)
    assert cluster == before
    assert world.hyperpod.tags[ARN.format(1)] == {"team": "a"} | OURS


@pytest.mark.parametrize("key", sorted(OURS))
def test_a_caller_who_uses_our_keys_gets_no_cluster(key: str) -> None:
    world = World()
    with pytest.raises(RequestRejected, match=key):
        world.creator.create(a_request(Tags=[{"Key": key, "Value": "mine"}]).cluster, RUN_ID)
    assert world.faults.calls == []
