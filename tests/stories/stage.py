"""A network of its own for every story, a request for it, and all that came of it."""

import itertools
import json
from collections import defaultdict
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from simulator.app import Simulator
from simulator.cloudformation.deploy import deploy
from simulator.world import Plan

HOME = Path(__file__).parents[2]
TERMINAL = ("HyperPod Cluster Refused", "HyperPod Cluster Provisioned", "HyperPod Cluster Failed")
SUBNETS_ONLY: dict[str, Any] = {"Prove": ["BeforeCreate"]}
BOTH_PROOFS: dict[str, Any] = {"Prove": ["BeforeCreate", "OnNodes"]}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Ending:
    """What is left when a run is over."""

    run: dict[str, Any]  # as GET /runs/{id} answers
    told: list[str]  # detail-types of our events about the run, in order
    slack: list[str]  # texts of the Slack messages about it
    clusters: int  # clusters of the request's name that exist
    probes: int  # probe instances of the run that are not terminated
    events: list[dict[str, Any]] = field(repr=False)

    @property
    def ends(self) -> list[str]:
        return [kind for kind in self.told if kind in TERMINAL]

    @property
    def rules(self) -> set[str]:
        """Ids of the rules that block."""
        return {finding["Rule"] for finding in self.run["Findings"] if finding["Severity"] == "BLOCKS"}

    @property
    def verdicts(self) -> dict[str, str]:
        return {row["InstanceGroupName"]: row["Verdict"] for row in self.run["Egress"]}

    @property
    def seen(self) -> dict[str, list[str]]:
        return {row["InstanceGroupName"]: row["ObservedPublicIps"] for row in self.run["Egress"]}


@cache
def schema_of(detail_type: str) -> Draft202012Validator:
    name = f"{detail_type.lower().replace(' ', '_')}.schema.json"
    return Draft202012Validator(json.loads((HOME / "events/schemas" / name).read_text(encoding="utf-8")))


def list_execution_role(sim: Simulator, arn: str) -> None:
    """Have clusters run as one more role: what a new deployment with a longer ExecutionRoleArns comes to."""
    iam = sim.client("iam")
    sids = {"ReaderRole": "ExecutionRoles", "WatcherRole": "ExecutionRoles", "CreatorRole": "PassExecutionRoles"}
    for logical_id, sid in sids.items():
        role = sim.role_name(logical_id)
        [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        [statement] = [each for each in document["Statement"] if each["Sid"] == sid]
        statement["Resource"] = [*statement["Resource"], arn]
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def on_request() -> Simulator:
    """A simulated AWS where watched clusters are looked at only when somebody asks: no trail, and no schedule."""
    sim = Simulator.start(Plan(trail=False))
    sim.client("events").disable_rule(Name=rule_name(sim, "ByTheClock"))
    return sim


def rule_name(sim: Simulator, part: str) -> str:
    """The one rule that has this in its name."""
    [name] = [rule["Name"] for rule in sim.client("events").list_rules()["Rules"] if part in rule["Name"]]
    return str(name)


class Stage:
    """The reference network, deployed once more under names of its own."""

    def __init__(self, sim: Simulator) -> None:
        self.sim, self.number = sim, next(_numbers)
        self.cluster = f"story-{self.number}"
        names = {"ExecutionRoleName": self.cluster, "LifecycleBucketName": f"sagemaker-{self.cluster}"}
        self.ids = deploy(sim.client, HOME / "networks/reference.yaml", f"network-{self.cluster}", names).outputs
        list_execution_role(sim, self.ids["ExecutionRoleArn"])
        self.ec2 = sim.client("ec2")
        for script in (HOME / "networks/lifecycle").iterdir():
            key = f"config/{script.name}"
            sim.client("s3").put_object(Bucket=f"sagemaker-{self.cluster}", Key=key, Body=script.read_bytes())

    def again(self) -> "Stage":
        """Another story in the same network, for those that leave it as it is."""
        other = copy(self)
        other.number = next(_numbers)
        other.cluster = f"story-{other.number}"
        return other

    def group(self, name: str, count: int = 1, **fields: Any) -> dict[str, Any]:
        return {
            "InstanceGroupName": name,
            "InstanceType": "ml.t3.medium",
            "InstanceCount": count,
            "ExecutionRole": self.ids["ExecutionRoleArn"],
            "LifeCycleConfig": {"SourceS3Uri": self.ids["LifecycleS3Uri"], "OnCreate": "on_create.sh"},
            **fields,
        }

    def vpc(self, role: str) -> dict[str, Any]:
        return {"SecurityGroupIds": [self.ids["SecurityGroupId"]], "Subnets": [self.ids[f"{role}SubnetId"]]}

    def request(self, *groups: dict[str, Any], **terms: Any) -> dict[str, Any]:
        """One group in the controller's subnet, or these; `terms` are ours, beside Cluster.

        The nodes are asked only where a story is about that: it takes as long as the rest of the run.
        """
        cluster = {
            "ClusterName": self.cluster,
            "VpcConfig": self.vpc("Controller"),
            "InstanceGroups": list(groups) or [self.group("controller")],
        }
        return {"RequestId": f"request-{self.number}", "Cluster": cluster, "Egress": SUBNETS_ONLY, **terms}

    def two_groups(self, **terms: Any) -> dict[str, Any]:
        workers = self.group("worker", 2, OverrideVpcConfig=self.vpc("Worker"))
        return self.request(self.group("controller"), workers, **terms)

    def route(self, role: str, **target: str) -> None:
        """Point a role's default route somewhere else."""
        table = self.ids[f"{role}RouteTableId"]
        self.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)

    def internet_gateway(self) -> str:
        mine = [{"Name": "attachment.vpc-id", "Values": [self.ids["VpcId"]]}]
        return str(self.ec2.describe_internet_gateways(Filters=mine)["InternetGateways"][0]["InternetGatewayId"])

    def failed_nat_gateway(self) -> str:
        public = [
            {"Name": "vpc-id", "Values": [self.ids["VpcId"]]},
            {"Name": "cidr-block", "Values": ["10.0.101.0/24"]},
        ]
        subnet = self.ec2.describe_subnets(Filters=public)["Subnets"][0]["SubnetId"]
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        self.sim.ec2.fail_next_nat_gateway("Gateway.NotAttached", "Network vpc has no Internet gateway attached")
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
        self.sim.clock.sleep(300)
        return str(made)

    def dead_letters(self) -> list[str]:
        """All messages in the dead-letter queue, as text."""
        sqs, found = self.sim.client("sqs"), []
        (url,) = sqs.list_queues()["QueueUrls"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
        return found

    def start(self, request: dict[str, Any], *, until: str) -> str:
        """Ask, and let time go on in small steps until the run is in this phase; answers its id."""
        run_id = self.sim.run_id(request["RequestId"])
        self.sim.put_request(request)
        for _ in range(1000):
            if self.sim.get(f"/runs/{run_id}").get("Phase") == until:
                return run_id
            self.sim.clock.sleep(10)
        raise AssertionError(f"{run_id} never came to {until}: {self.sim.get(f'/runs/{run_id}')}")

    def run(self, request: dict[str, Any], *, patience: float = 0) -> Ending:
        """Ask on the bus, and wait until the run is over and everybody has heard of it.

        `patience`: virtual seconds to let pass first, for what only time brings about.
        """
        self.sim.put_request(request)
        self.sim.clock.sleep(patience)
        self.sim.settle()
        return self.ending(self.sim.run_id(request["RequestId"]))

    def ending(self, run_id: str) -> Ending:
        events = [event for event in self.sim.events() if event["Detail"].get("RunId") == run_id]
        for event in events:
            schema_of(event["DetailType"]).validate(event["Detail"])
        messages = [message for message in self.sim.slack() if str(message["EventId"]).startswith(run_id)]
        return Ending(
            run=self.sim.get(f"/runs/{run_id}"),
            told=[event["DetailType"] for event in events],
            slack=[message["Payload"]["text"] for message in messages],
            clusters=self._clusters(),
            probes=self._probes(run_id),
            events=events,
        )

    def answered(self, call: str, *, since: int) -> dict[str, set[int]]:
        """How a call was answered, by caller: the HTTP status codes."""
        found: dict[str, set[int]] = defaultdict(set)
        for it in self.sim.calls()[since:]:
            if it.call.name == call:
                found[it.call.caller].add(it.status)
        return found

    def _clusters(self) -> int:
        pages = self.sim.client("sagemaker").get_paginator("list_clusters").paginate()
        return sum(found["ClusterName"] == self.cluster for page in pages for found in page["ClusterSummaries"])

    def _probes(self, run_id: str) -> int:
        mine = [{"Name": "tag:hyperpod-vpc:run-id", "Values": [run_id]}]
        pages = self.ec2.get_paginator("describe_instances").paginate(Filters=mine)
        found = [it for page in pages for reservation in page["Reservations"] for it in reservation["Instances"]]
        return sum(instance["State"]["Name"] != "terminated" for instance in found)
