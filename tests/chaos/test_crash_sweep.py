"""A seeded part of the crash sweep; `make chaos` sweeps all. What fails here is replayed by the line that it prints."""

import os

import pytest

from tests.chaos.sweep import sampled

SEED = os.environ.get("SEED", "1")


@pytest.mark.parametrize(
    ("scenarios", "runs"),
    [
        pytest.param(["happy"], 10, id="the happy run"),
        pytest.param(["refused", "contradicted", "failed", "deleted", "late"], 10, id="the main failure runs"),
    ],
)
def test_a_disturbed_run_ends_as_the_undisturbed_one(scenarios: list[str], runs: int) -> None:
    verdicts = sampled(scenarios, SEED, runs)

    assert len(verdicts) == runs
    assert [f"SEED='{each.case}' make chaos: {each.complaints}" for each in verdicts if each.complaints] == []
