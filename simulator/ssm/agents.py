"""Which instances' agents are online: those that booted, may, and can."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from simulator.context import Context
from simulator.ec2.inside import client
from simulator.ec2.launch import BOOT
from simulator.internet.filters import Describes
from simulator.internet.hosts import address_of
from simulator.internet.packet_path import follow, interface
from simulator.internet.view import describe_vpc
from simulator.ssm.permissions import profile_may

Shape = Mapping[str, Any]

REGISTERS = timedelta(seconds=75)  # from running to the agent's first word
# https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
ENDPOINTS = ("ssm", "ssmmessages")
ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


class Agents:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._silent: set[str] = set()
        self._last_ping: dict[str, datetime] = {}

    def never_online(self, *ids: str) -> None:
        """Keep agents silent: of these instances, or of all in these subnets or VPCs."""
        self._silent.update(ids)

    def information(self, only: Collection[str] = ()) -> list[dict[str, Any]]:
        """DescribeInstanceInformation's list: every agent that is, or once was, heard of, while its instance runs."""
        views: dict[str, Describes] = {}
        running, now = self._running(only), self._context.clock.now()
        for instance in running:
            if self._speaks(instance, views):
                self._last_ping[instance["InstanceId"]] = now
        known = [instance for instance in running if instance["InstanceId"] in self._last_ping]
        return [_information(instance, self._last_ping[instance["InstanceId"]], now) for instance in known]

    def online(self, instance_ids: Collection[str]) -> set[str]:
        return {agent["InstanceId"] for agent in self.information(instance_ids) if agent["PingStatus"] == "Online"}

    def _running(self, only: Collection[str]) -> list[Shape]:
        filters = [{"Name": "instance-state-name", "Values": ["running"]}]
        filters += [{"Name": "instance-id", "Values": list(only)}] if only else []
        pages = client("ec2", self._context.region).get_paginator("describe_instances").paginate(Filters=filters)
        return [found for page in pages for group in page["Reservations"] for found in group["Instances"]]

    def _speaks(self, instance: Shape, views: dict[str, Describes]) -> bool:
        age = self._context.clock.now() - instance["LaunchTime"]
        if age < BOOT + REGISTERS or not self._silent.isdisjoint(
            {instance["InstanceId"], instance["SubnetId"], instance["VpcId"]}
        ):
            return False
        profile = instance.get("IamInstanceProfile", {}).get("Arn")
        return bool(profile) and profile_may(profile, ACTIONS, self._context.region) and self._reaches(instance, views)

    def _reaches(self, instance: Shape, views: dict[str, Describes]) -> bool:
        vpc_id, region = instance["VpcId"], self._context.region
        if vpc_id not in views:
            views[vpc_id] = describe_vpc(vpc_id, region)
        source = interface(views[vpc_id], instance["NetworkInterfaces"][0]["NetworkInterfaceId"])
        hosts = [f"{service}.{region}.amazonaws.com" for service in ENDPOINTS]
        return all(follow(views[vpc_id], source, address_of(views[vpc_id], host, region)).addresses for host in hosts)


def _information(instance: Shape, last_ping: datetime, now: datetime) -> dict[str, Any]:
    return {
        "InstanceId": instance["InstanceId"],
        "PingStatus": "Online" if last_ping == now else "ConnectionLost",
        "LastPingDateTime": last_ping,
        "AgentVersion": "3.3.3050.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": instance["PrivateIpAddress"],
        "ComputerName": instance["PrivateDnsName"],
    }
