"""A NAT gateway's life: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.models.core import TaggedEC2Resource

Shape = dict[str, Any]
Now = Callable[[], datetime]

PENDING = timedelta(seconds=90)
DELETING = timedelta(seconds=60)
LISTED = timedelta(hours=1)  # a deleted or failed one can still be described for about an hour
ASSOCIATING = timedelta(seconds=30)
DRAINING = timedelta(seconds=60)

IN_USE = frozenset({"pending", "available"})


@dataclass
class Address:
    """One address of a gateway; `since` is when it began to come, or to go."""

    interface_id: str
    private_ip: str
    since: datetime
    allocation_id: str | None = None
    association_id: str | None = None
    public_ip: str | None = None
    zone: str | None = None  # of a regional gateway's address
    primary: bool = False
    going: bool = False

    def status(self, now: datetime) -> str:
        """`gone` is ours: AWS lists it no more."""
        if self.going:
            return "disassociating" if now < self.since + DRAINING else "gone"
        return "succeeded" if now >= self.since + ASSOCIATING else "associating"

    def describe(self, now: datetime) -> Shape:
        return {
            "AllocationId": self.allocation_id,
            "AssociationId": self.association_id,
            "NetworkInterfaceId": self.interface_id,
            "PrivateIp": self.private_ip,
            "PublicIp": self.public_ip,
            "IsPrimary": self.primary,
            "Status": self.status(now),
            "AvailabilityZone": self.zone,
        }


@dataclass
class Failure:
    code: str
    message: str


@dataclass(eq=False)
class NatGateway(TaggedEC2Resource):
    ec2_backend: Any
    id: str
    vpc_id: str
    now: Now
    created: datetime
    ready: datetime
    subnet_id: str | None = None  # None: regional
    connectivity: str = "public"
    route_table_id: str | None = None  # of a regional one
    addresses: list[Address] = field(default_factory=list)
    failure: Failure | None = None
    deleted: datetime | None = None

    @property
    def state(self) -> str:
        now = self.now()
        if self.deleted:
            return "deleting" if now < self.deleted + DELETING else "deleted"
        if now < self.ready:
            return "pending"
        return "failed" if self.failure else "available"

    @property
    def listed(self) -> bool:
        over = self.deleted or (self.ready if self.failure else None)
        return over is None or self.now() < over + LISTED

    def describe(self) -> Shape:
        """The gateway as DescribeNatGateways shows it; one that is being made has no addresses to show yet."""
        now, state = self.now(), self.state
        shown = [address.describe(now) for address in self.addresses if address.status(now) != "gone"]
        if state == "pending":
            shown = [
                {key: item[key] for key in ("AllocationId", "IsPrimary")} | {"Status": "associating"} for item in shown
            ]
        return {
            "NatGatewayId": self.id,
            "VpcId": self.vpc_id,
            "SubnetId": self.subnet_id,
            "State": state,
            "CreateTime": self.created,
            "DeleteTime": self.deleted,
            "ConnectivityType": self.connectivity,
            "AvailabilityMode": "zonal" if self.subnet_id else "regional",
            "RouteTableId": self.route_table_id,
            "NatGatewayAddresses": shown,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in self.get_tags()],
        } | self._why_failed(state)

    def _why_failed(self, state: str) -> Shape:
        shown = self.failure and state == "failed"
        return (
            {"FailureCode": self.failure.code, "FailureMessage": self.failure.message} if self.failure and shown else {}
        )
