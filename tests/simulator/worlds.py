"""A small world for tests: the door, a clock that need not wait, and one VPC that nodes get out of."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from simulator import ec2 as simulated_ec2
from simulator.clock import Clock
from simulator.context import REGION, Context
from simulator.door import Door
from simulator.patching import Patches


@dataclass
class Emitted:
    detail_type: str
    detail: Mapping[str, Any]
    resources: Sequence[str]
    bus: str
    at: datetime


@dataclass
class World:
    clock: Clock
    door: Door
    context: Context
    patches: Patches
    ec2_handle: simulated_ec2.Ec2
    events: list[Emitted] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # the stubs want a literal
            service,
            region_name=REGION,
            endpoint_url=self.door.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def later(self, **duration: float) -> None:
        self.clock.move_to(self.clock.now() + timedelta(**duration))


@contextmanager
def open_world() -> Iterator[World]:
    clock, door, patches = Clock(math.inf), Door(), Patches()
    events: list[Emitted] = []

    def emit(
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        *,
        resources: Sequence[str] = (),
        bus: str = "default",
    ) -> None:
        assert source == "aws.sagemaker"
        events.append(Emitted(detail_type, detail, resources, bus, clock.now()))

    context = Context(clock, emit, door.url)
    world = World(clock, door, context, patches, simulated_ec2.install(context, patches), events)
    door.open()
    try:
        yield world
    finally:
        door.close()
        patches.undo()


@dataclass
class Network:
    """A VPC with a private subnet behind a NAT gateway, and the public subnet that the gateway is in."""

    vpc_id: str
    subnet_id: str
    public_subnet_id: str
    table_id: str
    public_table_id: str
    internet_gateway_id: str
    allocation_id: str
    public_ip: str
    nat_id: str
    group_id: str


def build_network(world: World, *, nat_ready: bool = True) -> Network:
    ec2 = world.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    internet_gateway_id = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet_gateway_id, VpcId=vpc_id)
    subnet_id, table_id = _subnet(ec2, vpc_id, "10.0.1.0/24")
    public_subnet_id, public_table_id = _subnet(ec2, vpc_id, "10.0.101.0/24")
    ec2.create_route(RouteTableId=public_table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=internet_gateway_id)
    eip = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=public_subnet_id, AllocationId=eip["AllocationId"])["NatGateway"]
    ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"])
    group_id = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc_id)["GroupId"]
    if nat_ready:
        world.later(minutes=2)
    return Network(
        vpc_id,
        subnet_id,
        public_subnet_id,
        table_id,
        public_table_id,
        internet_gateway_id,
        eip["AllocationId"],
        eip["PublicIp"],
        nat["NatGatewayId"],
        group_id,
    )


def _subnet(ec2: Any, vpc_id: str, cidr: str) -> tuple[str, str]:
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return subnet, table


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code that a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])
