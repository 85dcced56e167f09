"""The `seed` world: the reference network, its lifecycle scripts, a Slack webhook, and the control plane in it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator import slack_inbox
from simulator.cloudformation.deploy import Deployed, deploy, read
from simulator.cloudformation.registry import Aws

HOME = Path(__file__).parents[1]
NETWORK_STACK, PLANE_STACK = "network", "hyperpod-vpc"
ROLES = ("controller", "worker")


@dataclass(frozen=True)
class Plan:
    """What to deploy."""

    template: Path = HOME / "template.yaml"
    network: Path | None = HOME / "networks/reference.yaml"
    lifecycle: Path = HOME / "networks/lifecycle"
    parameters: dict[str, str] = field(default_factory=dict)  # beside those that the world knows best
    trail: bool = True  # whether CloudTrail tells of calls that change something


@dataclass(frozen=True)
class World:
    """What was deployed. `facts`: what a visitor needs to know, as `up` prints it."""

    plane: Deployed
    facts: dict[str, Any]


def build(aws: Aws, plan: Plan) -> World:
    network = deploy(aws, plan.network, NETWORK_STACK, {}).outputs if plan.network else {}
    if "LifecycleS3Uri" in network:
        _upload(aws, plan.lifecycle, network["LifecycleS3Uri"])
    known = {"SlackSecretArn": _slack_secret(aws), "ExecutionRoleArns": network.get("ExecutionRoleArn", "")}
    wanted = {name: known[name] for name in known.keys() & read(plan.template).get("Parameters", {}).keys()}
    plane = deploy(aws, plan.template, PLANE_STACK, wanted | plan.parameters)
    return World(plane, _facts(network, plane))


def _upload(aws: Aws, folder: Path, uri: str) -> None:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        aws("s3").put_object(Bucket=bucket, Key=f"{prefix}{file.relative_to(folder)}", Body=file.read_bytes())


def _slack_secret(aws: Aws) -> str:
    made = aws("secretsmanager").create_secret(Name="slack-webhook", SecretString=slack_inbox.URL)
    return str(made["ARN"])


def _facts(network: dict[str, str], plane: Deployed) -> dict[str, Any]:
    def by_role(output: str) -> dict[str, str]:
        names = {role: f"{role.capitalize()}{output}" for role in ROLES}
        return {role: network[name] for role, name in names.items() if name in network}

    machines = plane.physical("AWS::StepFunctions::StateMachine")
    buses = plane.physical("AWS::Events::EventBus")
    return {
        "VpcId": network.get("VpcId"),
        "Subnets": by_role("SubnetId"),
        "SecurityGroupId": network.get("SecurityGroupId"),
        "NatGateways": by_role("NatGatewayId"),
        "PublicIps": by_role("PublicIp"),
        "RouteTables": by_role("RouteTableId"),
        "ExecutionRole": network.get("ExecutionRoleArn"),
        "LifecycleS3Uri": network.get("LifecycleS3Uri"),
        "EventBusName": next(iter(buses.values()), "default"),
        "StateMachines": {name.removesuffix("StateMachine"): arn for name, arn in machines.items()},
    }


REQUESTED = "HyperPod Cluster Requested"


def request_entry(facts: dict[str, Any], detail: dict[str, Any], detail_type: str = REQUESTED) -> dict[str, Any]:
    """A request as an entry for PutEvents."""
    return {
        "EventBusName": facts["EventBusName"],
        "Source": "simulator.visitor",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
    }
