"""Many deliveries of each of many requests, at once and through both doors; and what they came to."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, NamedTuple

from simulator.app import ApiAnswer, Simulator
from simulator.world import request_entry
from tests.stories.stage import TERMINAL, Stage

NOBODYS_ADDRESS = {"ExpectedPublicIps": ["203.0.113.99"]}  # the account check refuses it: a run that ends early
MOST_ENTRIES = 10  # of one PutEvents


@dataclass(frozen=True)
class Answers:
    """What one request got, through both doors."""

    api: tuple[ApiAnswer, ...]
    event_ids: tuple[str, ...]

    @property
    def told(self) -> set[tuple[int, str]]:
        """Each different answer of the API once: its status and the run that it names."""
        return {(answer.status, answer.json()["RunId"]) for answer in self.api}


class Tally(NamedTuple):
    """What all deliveries of one request came to."""

    statuses: tuple[int, ...]  # of the API's answers, each once
    run_ids: int  # different ones in these answers
    runs: int  # in the table, under the RequestId
    executions: int
    clusters: int  # of the request's name
    ends: tuple[str, ...]  # detail-types of the terminal events, each EventId once


def named(request: dict[str, Any], request_id: str, cluster_name: str) -> dict[str, Any]:
    return {**request, "RequestId": request_id, "Cluster": {**request["Cluster"], "ClusterName": cluster_name}}


def requests(stage: Stage, *, refused: int, good: int) -> list[dict[str, Any]]:
    """Requests with ids and names of their own; the good ones come between the others."""
    asked = [stage.request(Egress=NOBODYS_ADDRESS) for _ in range(refused)]
    for number in range(good):
        asked.insert(number * (len(asked) // good), stage.request())
    return [
        named(request, f"{stage.cluster}-race-{number}", f"{stage.cluster}-race-{number}")
        for number, request in enumerate(asked)
    ]


def burst(simulator: Simulator, asked: Sequence[dict[str, Any]], deliveries: int) -> list[Tally]:
    """Deliver each request so many times at once: half of them by HTTP, the others as events."""
    answers = [at_once(simulator, [request], deliveries)[0] for request in asked]
    simulator.settle()
    return list(_tallies(simulator, asked, answers))


def at_once(simulator: Simulator, asked: Sequence[dict[str, Any]], deliveries: int) -> list[Answers]:
    """Deliver every one of these requests so many times, all at the same moment and half of them by either door."""
    by_http, by_event = [*asked] * (deliveries // 2), [*asked] * (deliveries - deliveries // 2)
    ready = Barrier(len(by_http) + 1)

    def call(request: dict[str, Any]) -> ApiAnswer:
        ready.wait()
        return simulator.api("POST", "/clusters", request)

    with ThreadPoolExecutor(len(by_http)) as callers:
        calls = [callers.submit(call, request) for request in by_http]
        ready.wait()
        event_ids = _put(simulator, by_event)
        answers = [each.result() for each in calls]
    step = len(asked)
    return [Answers(tuple(answers[place::step]), tuple(event_ids[place::step])) for place in range(step)]


def _put(simulator: Simulator, asked: Sequence[dict[str, Any]]) -> list[str]:
    entries = [request_entry(simulator.world, request) for request in asked]
    calls = [entries[place : place + MOST_ENTRIES] for place in range(0, len(entries), MOST_ENTRIES)]
    events = simulator.client("events")
    return [it["EventId"] for call in calls for it in events.put_events(Entries=call)["Entries"]]


def _tallies(simulator: Simulator, asked: Sequence[dict[str, Any]], answers: Sequence[Answers]) -> Iterator[Tally]:
    runs = Counter(item["RequestId"]["S"] for item in table(simulator) if item["sk"]["S"] == "RUN")
    executions = Counter(name.partition("-end-")[0] for name in names_of_executions(simulator))
    clusters = Counter(names_of_clusters(simulator))
    for request, got in zip(asked, answers, strict=True):
        run_id = simulator.run_id(request["RequestId"])
        yield Tally(
            statuses=tuple(sorted({status for status, _ in got.told})),
            run_ids=len({told for _, told in got.told} | {run_id}),
            runs=runs[request["RequestId"]],
            executions=executions[run_id],
            clusters=clusters[request["Cluster"]["ClusterName"]],
            ends=tuple(ends_of(simulator, run_id)),
        )


def ends_of(simulator: Simulator, run_id: str) -> list[str]:
    """Detail-types of a run's terminal events. What is sent again, as by a sweep at that moment, has the same id."""
    told = [event for event in simulator.events() if event["Detail"].get("RunId") == run_id]
    return [*{e["Detail"]["EventId"]: e["DetailType"] for e in told if e["DetailType"] in TERMINAL}.values()]


def table_name(simulator: Simulator) -> str:
    (name,) = simulator.client("dynamodb").list_tables()["TableNames"]
    return str(name)


def table(simulator: Simulator) -> list[dict[str, Any]]:
    """All items of the run table."""
    pages = simulator.client("dynamodb").get_paginator("scan").paginate(TableName=table_name(simulator))
    return [item for page in pages for item in page["Items"]]


def names_of_executions(simulator: Simulator) -> list[str]:
    """Of all executions there ever were; an ending's name is its run's id and more."""
    machine = simulator.world["StateMachines"]["ProvisionCluster"]
    pages = simulator.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
    return [execution["name"] for page in pages for execution in page["executions"]]


def names_of_clusters(simulator: Simulator) -> list[str]:
    pages = simulator.client("sagemaker").get_paginator("list_clusters").paginate()
    return [found["ClusterName"] for page in pages for found in page["ClusterSummaries"]]
