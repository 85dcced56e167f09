"""A cluster under watch, and somebody who changes what its way out depends on."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from control_plane.aws.keys import resource_key
from simulator.app import Simulator
from tests.stories.stage import HOME, Stage, rule_name

DETECTED, RESOLVED = "HyperPod Drift Detected", "HyperPod Drift Resolved"
UNPROBED: dict[str, Any] = {"Egress": {"Prove": []}}


class Watched:
    """A cluster under watch, in a network of its own, and somebody who changes things."""

    def __init__(self, stage: Stage, *, ready: bool = False, terms: dict[str, Any] = UNPROBED, **cluster: Any) -> None:
        """`ready`: it is there, and watched; `terms` are those that it is asked for with."""
        self.stage, self.sim, self.ids = stage, stage.sim, stage.ids
        if not ready:
            request = stage.two_groups(**terms)
            ending = stage.run({**request, "Cluster": request["Cluster"] | cluster})
            assert ending.run["State"] == "Provisioned", ending.run["CauseDetail"]
        self.ops = stage.sim.acting_as("ops")

    @property
    def ec2(self) -> Any:
        return self.ops("ec2")

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What was said of its drift, oldest first: the detail-type and the row."""
        mine = [event for event in self.sim.events() if event["Detail"].get("ClusterName") == self.stage.cluster]
        return [
            (event["DetailType"], row)
            for event in mine
            if event["DetailType"] in (DETECTED, RESOLVED)
            for row in event["Detail"]["Drift"]
        ]

    def proofs(self) -> list[dict[str, Any]]:
        """How the egress checks of its nodes ended, oldest first: the events."""
        mine = [event for event in self.sim.events() if event["Detail"].get("ClusterName") == self.stage.cluster]
        return [event for event in mine if event["DetailType"].startswith("HyperPod Egress")]

    def wait(self, minutes: float = 9) -> None:
        """CloudTrail takes two minutes, a look one and a half, or six where nobody is known to have done it."""
        self.sim.clock.sleep(minutes * 60)
        self.sim.settle()

    def calm(self) -> None:
        """Let so much time pass that what changes next is not taken for what comes and goes."""
        with unswept(self.sim):
            self.wait(120)

    def look(self) -> None:
        """What the clock would do, had it not been stopped: look at all."""
        event = json.loads((HOME / "events/request_drift_check.json").read_text(encoding="utf-8"))
        self.sim.invoke("RequestDriftCheckFunction", event | {"id": str(uuid4())})

    def looks(self) -> int:
        """How many were started so far because of what changed here; others may be watched in the same network."""
        client, arn = self.sim.client("stepfunctions"), self.sim.outputs["CheckDriftStateMachineArn"]
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn)
        started = [
            one["executionArn"] for page in pages for one in page["executions"] if one["name"].startswith("some-")
        ]
        inputs = [json.loads(client.describe_execution(executionArn=one)["input"]) for one in started]
        return sum(self.stage.cluster in one["ClusterNames"] for one in inputs)

    def is_decided_by(self, resource: str) -> bool:
        """Whether the index says so."""
        key = resource_key(resource, self.stage.cluster)
        found = self.sim.client("dynamodb").get_item(TableName=self.sim.outputs["RunTableName"], Key=key)
        return "Item" in found

    def after(self, change: Callable[["Watched"], None]) -> list[tuple[str, dict[str, Any]]]:
        """What is said because of a change."""
        before = len(self.told())
        change(self)
        self.wait()
        return self.told()[before:]


@contextmanager
def unswept(sim: Simulator) -> Iterator[None]:
    """Without the sweeper, who comes every five minutes: days pass in no time."""
    events, name = sim.client("events"), rule_name(sim, "EveryFiveMinutes")
    events.disable_rule(Name=name)
    try:
        yield
    finally:  # other stories need it
        events.enable_rule(Name=name)


@contextmanager
def under_watch(stage: Stage, **fields: Any) -> Iterator[Watched]:
    cluster = Watched(stage, **fields)
    stage.sim.trail.on = True
    yield cluster
    stage.sim.trail.on = False
    cluster.wait(30)  # HyperPod deletes none that is being updated
    stage.sim.client("sagemaker").delete_cluster(ClusterName=stage.cluster)
    stage.sim.settle()


Change = Callable[[Watched], Any]
