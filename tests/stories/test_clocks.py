"""Functions whose clocks disagree by minutes: the same end, told in the same order, and no later than the disagreement.

A host that is off by more than five minutes can make no call: AWS refuses what it signs.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing.html
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from simulator.faults import CallFault, CallKind
from simulator.faults.kinds import MOST_STATES_AGO
from tests.races import TIMES
from tests.stories.stage import Ending, Stage

MOST = 299.0  # seconds
LAST_STEPS = 60.0  # seconds from the deadline until the run's end is told, undisturbed


def off_by(seed: int) -> Callable[[str], float]:
    """A clock for each function, somewhere between five minutes slow and five minutes fast."""
    return lambda function: random.Random(f"{seed}/{function}").uniform(-MOST, MOST)  # noqa: S311 # a seed, no secret


def good(stage: Stage) -> dict[str, Any]:
    return stage.request()


def refused(stage: Stage) -> dict[str, Any]:
    return stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]})


def failed(stage: Stage) -> dict[str, Any]:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", "controller")
    return stage.request(OnFailure="Delete")


def end_of(ending: Ending) -> tuple[object, ...]:
    """What a clock must not change."""
    run = ending.run
    known = [run[name] for name in ("State", "Cause", "Phase", "Proved", "ClusterDisposition")]
    phases = [times["Phase"] for times in run["Phases"]]
    rules = sorted(finding["Rule"] for finding in run["Findings"])
    return (*known, phases, rules, ending.verdicts, ending.told, ending.clusters, ending.probes, len(ending.slack))


def moments_of(run: dict[str, Any]) -> list[str]:
    phases = [moment for times in run["Phases"] for moment in (times["StartedAt"], times["EndedAt"])]
    return [*phases, run["UpdatedAt"]]


@pytest.mark.long
@pytest.mark.parametrize("ask", [good, refused, failed])
def test_a_run_ends_the_same_whatever_time_its_functions_think_it_is(
    stage: Stage, ask: Callable[[Stage], dict[str, Any]]
) -> None:
    undisturbed = end_of(stage.run(ask(stage)))
    for seed in range(2 * TIMES):
        other = stage.again()
        with stage.sim.skewed(off_by(seed)):
            ending = other.run(ask(other))
        assert end_of(ending) == undisturbed, f"seed {seed}"
        assert moments_of(ending.run) == sorted(moments_of(ending.run)), f"seed {seed}"
        times = [event["Detail"]["Time"] for event in ending.events]
        assert times == sorted(times), f"seed {seed}"


@pytest.mark.long
@pytest.mark.parametrize("ask", [good, failed])
def test_nor_does_it_end_otherwise_when_half_of_its_looks_are_stale_as_well(
    stage: Stage, ask: Callable[[Stage], dict[str, Any]]
) -> None:
    undisturbed = end_of(stage.run(ask(stage)))
    for seed in range(TIMES):
        other = stage.again()
        other.sim.inject(*stale_looks(1 + seed % MOST_STATES_AGO))
        with other.sim.skewed(off_by(seed)):
            ending = other.run(ask(other))
        assert other.sim.faults.injected()[CallKind.STALE] > 0
        other.sim.faults.clear()
        assert end_of(ending) == undisturbed, f"seed {seed}"
        assert moments_of(ending.run) == sorted(moments_of(ending.run)), f"seed {seed}"


LOOKS = {
    "sagemaker:DescribeCluster": ("CreateCluster", "ReadCluster", "ExplainFailure", "DeleteCluster"),
    "sagemaker:ListClusterNodes": ("ReadCluster", "ExplainFailure"),
    "ec2:DescribeInstances": ("LaunchProbes", "AskProbes", "RemoveProbes"),
}


def stale_looks(ago: int) -> list[CallFault]:
    return [
        CallFault(call, CallKind.STALE, f"{step}Function", nth=0, probability=0.5, states_ago=ago)
        for call, steps in LOOKS.items()
        for step in steps
    ]


@pytest.mark.parametrize(
    ("function", "seconds"),
    [
        pytest.param("AcceptRequestFunction", -MOST, id="a slow door"),
        pytest.param("ReadClusterFunction", MOST, id="a fast step"),
        pytest.param("SweepRunsFunction", MOST, id="a fast sweeper"),
    ],
)
def test_a_clock_that_is_off_moves_a_deadline_by_no_more_than_that(stage: Stage, function: str, seconds: float) -> None:
    request, began = stage.request(DeadlineMinutes=15, Egress={"Prove": []}), stage.sim.clock.now()
    request["Cluster"]["NodeProvisioningMode"] = "Continuous"  # tries again and again, and never says that it failed
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", "controller")
    with stage.sim.skewed(lambda name: seconds if name == function else 0.0):
        ending = stage.run(request)
    took = (stage.sim.clock.now() - began).total_seconds()

    assert (ending.run["State"], len(ending.ends)) == ("Failed", 1)
    moved = 0.0 if function == "SweepRunsFunction" else MOST  # it leaves a run the time to end by itself
    assert 900 - moved <= took <= 900 + moved + LAST_STEPS
