"""A day's events once more: all of both buses, as they were delivered, twice and in any order."""

import random
from typing import Any, NamedTuple

from simulator.app import Simulator
from tests.races.burst import names_of_executions, table


class World(NamedTuple):
    """All that a replay must leave as it was."""

    items: dict[tuple[str, str], Any]
    clusters: dict[str, str]
    executions: frozenset[str]
    slack: list[Any]


LOOK = "DUE"  # what HyperPod tells again has a cluster looked at again: it does no harm


def world(simulator: Simulator) -> World:
    pages = simulator.client("sagemaker").get_paginator("list_clusters").paginate()
    return World(
        items={key: item for item in table(simulator) if (key := (item["pk"]["S"], item["sk"]["S"]))[1] != LOOK},
        clusters={it["ClusterArn"]: it["ClusterStatus"] for page in pages for it in page["ClusterSummaries"]},
        executions=frozenset(names_of_executions(simulator)),
        slack=simulator.slack(),
    )


def replay(simulator: Simulator, log: list[tuple[str, Any]], seed: int) -> int:
    """Deliver every event twice, shuffled and at once; answers how many functions ran for it."""
    events, before = [*log, *log], len(simulator.calls())
    random.Random(seed).shuffle(events)  # noqa: S311 # a seed, no secret
    with simulator.hold():
        for bus, event in events:
            simulator.buses.deliver(bus, event)
    simulator.settle()
    return sum(it.call.name == "lambda:Invoke" for it in simulator.calls()[before:])
