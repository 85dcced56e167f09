"""A seeded part of the crash sweep, for `make check`: `make chaos` sweeps all.

What fails here is replayed by the line that it prints.
"""

import os

import pytest

from tests.chaos.sweep import sampled

SEED = os.environ.get("SEED", "1")
# Whatever the seed draws, these are played: where money could stay behind, and what no call shows.
ALWAYS = [
    "happy:LaunchProbesFunction/s3:PutObject/1/NEVER_BACK",  # the first write after the launch
    "happy:CreateClusterFunction/sagemaker:CreateCluster/1/CUT*2",
    "happy:AnnounceFunction/events:PutEvents/1/PARTIAL",
    "happy:ReadClusterFunction/sagemaker:DescribeCluster/15/STALE-3",
    "happy:event/HyperPod Cluster Requested/DUPLICATE",
    "happy:slack/404",
]


# How many more of each part are drawn.
DRAWN = {("happy",): 3, ("refused", "contradicted", "failed", "deleted", "late"): 4}


@pytest.mark.long
def test_a_disturbed_run_ends_as_the_undisturbed_one() -> None:
    verdicts = sampled(DRAWN, SEED, ALWAYS)

    assert len(verdicts) == sum(DRAWN.values()) + len(ALWAYS)
    assert [f"SEED='{each.case}' make chaos: {each.complaints}" for each in verdicts if each.complaints] == []
