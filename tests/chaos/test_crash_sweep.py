"""A seeded part of the crash sweep; `make chaos` sweeps all. What fails here is replayed by the line that it prints."""

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


@pytest.mark.parametrize(
    ("scenarios", "runs", "always"),
    [
        pytest.param(["happy"], 3, ALWAYS, id="the happy run"),
        pytest.param(["refused", "contradicted", "failed", "deleted", "late"], 4, [], id="the main failure runs"),
    ],
)
def test_a_disturbed_run_ends_as_the_undisturbed_one(scenarios: list[str], runs: int, always: list[str]) -> None:
    verdicts = sampled(scenarios, SEED, runs, always)

    assert len(verdicts) == runs + len(always)
    assert [f"SEED='{each.case}' make chaos: {each.complaints}" for each in verdicts if each.complaints] == []
