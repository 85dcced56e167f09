"""All that AWS, Slack and our own API show of one run."""

import json
from dataclasses import dataclass
from typing import Any

from simulator.app import Simulator
from tests.canaries import seen_in
from tests.chaos.end_state import EndState, Remains, alike
from tests.stories.stage import TERMINAL, schema_of


@dataclass(frozen=True)
class Look:
    sim: Simulator
    request_id: str
    cluster: str  # its name

    @property
    def run_id(self) -> str:
        return self.sim.run_id(self.request_id)

    def remains(self) -> Remains:
        items = self._partition(f"RUN#{self.run_id}")
        ends = [event["Detail"] for event in self._told() if event["DetailType"] in TERMINAL]
        return Remains(
            state=items.get("RUN", {}).get("State", {}).get("S", ""),
            probes=self._probes(),
            clusters=self._clusters_ever(),
            open_items=[sk for sk, item in items.items() if "open" in item]
            + [*self._partition(f"NAME#{self.cluster}")],
            running=[name for name, status in self.executions().items() if status == "RUNNING"],
            ends={json.dumps(end, sort_keys=True) for end in ends},
        )

    def end(self, other_names: dict[str, str]) -> EndState:
        """
        Args:
            other_names: what is called otherwise in another network, and the word for it.
        """
        run = self.sim.get(f"/runs/{self.run_id}")
        cluster = {run["ClusterArn"].rpartition("/")[2]: "<cluster id>"} if run.get("ClusterArn") else {}
        names = self.own_names | cluster | other_names
        return EndState(
            run=alike(run, names),
            events=alike({event["Detail"]["EventId"]: _valid(event) for event in self._told()}, names),
            slack=alike(sorted({it for it in self._in_slack() if it.startswith(self.run_id)}), names),
            execution=self.executions().get(self.run_id, ""),
            clusters=self._standing(),
        )

    @property
    def own_names(self) -> dict[str, str]:
        return {self.run_id: "<run>", self.cluster: "<name>", self.request_id: "<request>"}

    def executions(self) -> dict[str, str]:
        """Status by name: the run's own execution, and those that the sweeper started to end it."""
        machine = self.sim.world["StateMachines"]["ProvisionCluster"]
        pages = self.sim.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        found = [it for page in pages for it in page["executions"] if it["name"].startswith(self.run_id)]
        return {it["name"]: it["status"] for it in found}

    def states(self) -> list[str]:
        """What the run's own execution entered, each once; nothing, if it never began."""
        if self.run_id not in self.executions():
            return []
        machine = self.sim.world["StateMachines"]["ProvisionCluster"]
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{self.run_id}"
        pages = self.sim.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        entered = [event.get("stateEnteredEventDetails", {}).get("name") for page in pages for event in page["events"]]
        return [*dict.fromkeys(filter(None, entered))]

    def dead_letters(self) -> list[str]:
        """What was given up on, whoever's it is; taken out of the queue."""
        sqs, found = self.sim.client("sqs"), []
        [url] = sqs.list_queues()["QueueUrls"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
            assert seen_in(str(messages)) == []  # here, because nobody sees them after the purge
        sqs.purge_queue(QueueUrl=url)
        return [alike(letter, self.own_names) for letter in found]

    def _told(self) -> list[dict[str, Any]]:
        return [event for event in self.sim.events() if event["Detail"].get("RunId") == self.run_id]

    def _in_slack(self) -> list[str]:
        return [str(message["EventId"]) for message in self.sim.slack()]

    def _partition(self, key: str) -> dict[str, Any]:
        dynamodb = self.sim.client("dynamodb")
        [table] = dynamodb.list_tables()["TableNames"]
        answer = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :key",
            ExpressionAttributeValues={":key": {"S": key}},
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: item for item in answer["Items"]}

    def _probes(self) -> list[str]:
        mine = [{"Name": "tag:hyperpod-vpc:run-id", "Values": [self.run_id]}]
        pages = self.sim.client("ec2").get_paginator("describe_instances").paginate(Filters=mine)
        found = [it for page in pages for reservation in page["Reservations"] for it in reservation["Instances"]]
        return [it["InstanceId"] for it in found if it["State"]["Name"] not in ("shutting-down", "terminated")]

    def _clusters_ever(self) -> set[str]:
        """HyperPod tells of every cluster's birth itself: so none is missed that is gone by now."""
        changes = [event["Detail"] for event in self.sim.events("SageMaker HyperPod Cluster State Change")]
        return {detail["ClusterArn"] for detail in changes if detail["ClusterName"] == self.cluster}

    def _standing(self) -> int:
        """How many clusters of the name there are that are not being taken down."""
        pages = self.sim.client("sagemaker").get_paginator("list_clusters").paginate()
        found = [it for page in pages for it in page["ClusterSummaries"] if it["ClusterName"] == self.cluster]
        return sum(it["ClusterStatus"] != "Deleting" for it in found)


def _valid(event: dict[str, Any]) -> dict[str, Any]:
    schema_of(event["DetailType"]).validate(event["Detail"])
    return dict(event["Detail"])
