"""A seeded part of the crash sweep; `make chaos` sweeps all. What fails here is replayed by the line that it prints."""

import os

import pytest

from tests.chaos.cases import Case
from tests.chaos.sweep import sampled, sweep

SEED = os.environ.get("SEED", "1")


@pytest.mark.parametrize(
    ("scenarios", "runs"),
    [
        pytest.param(["happy"], 12, id="the happy run"),
        pytest.param(["refused", "contradicted", "failed", "deleted", "late"], 12, id="the main failure runs"),
    ],
)
def test_a_disturbed_run_ends_as_the_undisturbed_one(scenarios: list[str], runs: int) -> None:
    verdicts = sampled(scenarios, SEED, runs)

    assert len(verdicts) == runs
    assert [f"SEED='{each.case}' make chaos: {each.complaints}" for each in verdicts if each.complaints] == []


def test_a_run_that_ends_otherwise_is_told() -> None:
    """A denied call does not pass by itself: the account check has to say that it could not look."""
    denied = Case.parse("refused:CheckAccountFunction/ec2:DescribeSubnets/1/ACCESS_DENIED")
    [verdict] = sweep([denied], processes=1)

    assert verdict.injected == {"AccessDenied": 1}
    assert any("ec2:DescribeSubnets" in complaint for complaint in verdict.complaints)
