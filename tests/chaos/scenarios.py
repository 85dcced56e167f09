"""What is asked for, and what stands in its way: the happy run and the main ways to fail."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.stories.stage import SUBNETS_ONLY, Stage

Request = dict[str, Any]

LIAR = "liar.example.com"  # an echo service that names an address which no route promises
ON_NODES: dict[str, Any] = {"Prove": ["OnNodes"]}  # what comes before is the happy run's
UNPROVED: dict[str, Any] = {"Prove": []}  # the clusters that fail are about what comes after the probes


@dataclass(frozen=True)
class Scenario:
    """`ask` makes the request; what it wants to go wrong in the world it arranges there as well."""

    name: str
    ask: Callable[[Stage], Request]


def _happy(stage: Stage) -> Request:
    return stage.two_groups(Egress=SUBNETS_ONLY)


def _asks_the_nodes(stage: Stage) -> Request:
    return stage.two_groups(Egress=ON_NODES)


def _refused_by_an_account_rule(stage: Stage) -> Request:
    return stage.two_groups(Egress={"ExpectedPublicIps": ["203.0.113.99"], **SUBNETS_ONLY})


def _refused_by_the_probes(stage: Stage) -> Request:
    stage.sim.internet.outside.answer(LIAR, "203.0.113.250")
    return stage.two_groups(Egress={"EchoUrls": [f"https://{LIAR}"], **SUBNETS_ONLY})


def _fails(stage: Stage) -> Request:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", "controller")
    return stage.request(Egress=UNPROVED)


def _fails_and_goes(stage: Stage) -> Request:
    return _fails(stage) | {"OnFailure": "Delete"}


def _never_comes_up(stage: Stage) -> Request:
    """A Continuous cluster tries again every quarter of an hour, and never says that it failed; nor do these words."""
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", "controller", "The group is being prepared.")
    request = stage.request(Egress=UNPROVED, DeadlineMinutes=15)
    request["Cluster"]["NodeProvisioningMode"] = "Continuous"
    return request


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("happy", _happy),
        Scenario("nodes", _asks_the_nodes),
        Scenario("refused", _refused_by_an_account_rule),
        Scenario("contradicted", _refused_by_the_probes),
        Scenario("failed", _fails),
        Scenario("deleted", _fails_and_goes),
        Scenario("late", _never_comes_up),
    )
}
