"""The README's prices, worked out anew from the counts, the template and AWS's price lists."""

import re

from tests.contracts.deployed import ROOT, functions, machines
from tests.counts import documented

# US dollars a million, us-east-1, without any free tier: from the pages that the README names.
PRICES = {
    "Step Functions transitions": 25.0,
    "Lambda requests": 0.20,
    "Lambda GB-seconds": 13.3334,  # arm64
    "DynamoDB read units": 0.125,
    "DynamoDB write units": 0.625,
    "S3 writes": 5.0,
    "S3 reads": 0.40,
    "EventBridge events": 1.0,
}
BILLED = 1.0  # seconds an invocation: assumed, cold starts and waits for AWS together; only an account can tell
ITEM = 4  # kB an item: assumed; a write unit is 1 kB, a consistent read unit 4 kB, and in a transaction a kB costs two
ITEMS_A_TRANSACTION = 3
SWEEPS_A_MONTH = 30 * 24 * 60 // 5
QUERIES_A_SWEEP = 2
LOOKS_A_MONTH = 30 * 24 * 60 // 15  # DriftCheckMinutes, if nobody says otherwise
SELDOM = {"Tell digest", "No digest", "Not all"}
STATES_A_LOOK = len(machines()["CheckDriftStateMachine"]["States"].keys() - SELDOM)


def gigabytes(step: str) -> float:
    return float(functions()[step]["MemorySize"]) / 1024


def example(what: str) -> int:
    return documented(f"{what}, in the example")


def used() -> dict[str, float]:
    """What the example run uses of each thing that has a price."""
    rounds = example("Rounds of Ask probes") + example("Rounds of Read cluster")
    outside, a_round = "States of a provisioned run outside its two loops", "States a round of either loop takes"
    large = gigabytes("check_account") - gigabytes("read_cluster")
    invocations, transactions = example("Lambda invocations"), example("DynamoDB transactions")
    items = example("DynamoDB writes") + 2 * ITEMS_A_TRANSACTION * transactions
    return {
        "Step Functions transitions": documented(outside) + rounds * documented(a_round),
        "Lambda requests": invocations,
        "Lambda GB-seconds": BILLED * (invocations * gigabytes("read_cluster") + large),
        "DynamoDB read units": example("DynamoDB reads"),
        "DynamoDB write units": ITEM * items + example("Index entries of the baseline"),  # small ones
        "S3 writes": example("S3 writes"),
        "S3 reads": example("S3 reads"),
        "EventBridge events": example("EventBridge events"),
    }


def table() -> list[str]:
    """The README's rows; dollars for a thousand runs."""
    dollars = {what: times * PRICES[what] / 1000 for what, times in used().items()}
    rows = [f"| {what} | {times:g} | {PRICES[what]:g} | {dollars[what]:.3f} |" for what, times in used().items()]
    return [*rows, f"| **All** | | | **{sum(dollars.values()):.2f}** |"]


def idle() -> float:
    """Dollars a month for a sweeper that finds nothing, and for looks at no cluster."""
    a_sweep = {
        "Lambda requests": 1,
        "Lambda GB-seconds": BILLED * gigabytes("sweep_runs"),
        "DynamoDB read units": QUERIES_A_SWEEP,
    }
    a_look = {
        "Step Functions transitions": STATES_A_LOOK,
        "Lambda requests": 2,
        "Lambda GB-seconds": BILLED * (gigabytes("request_drift_check") + gigabytes("list_watched")),
        "DynamoDB read units": 1,
    }
    return (SWEEPS_A_MONTH * _dollars(a_sweep) + LOOKS_A_MONTH * _dollars(a_look)) / 1_000_000


def _dollars(used_up: dict[str, float]) -> float:
    return sum(times * PRICES[what] for what, times in used_up.items())


def chapter() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("## What a run costs")[2].partition("\n## ")[0]


def test_the_readme_tells_what_a_run_costs_as_counted() -> None:
    shown = re.findall(r"^\| .* \|$", chapter(), re.MULTILINE)
    assert shown[1:] == ["| --- | --- | --- | --- |", *table()]


def test_the_readme_tells_what_doing_nothing_costs() -> None:
    assert f"${idle():.2f} a month" in chapter()


def test_functions_have_the_two_sizes_that_the_price_is_worked_out_with() -> None:
    large = {step for step in functions() if gigabytes(step) != gigabytes("read_cluster")}
    assert large == {"check_account", "check_drift"}  # of which a run has only the first
    assert {each["Architectures"][0] for each in functions().values()} == {"arm64"}
