"""The EC2 operations that moto lacks, or answers otherwise than AWS."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation
from moto.ec2.responses import EC2Response
from moto.ec2.utils import add_tag_specification

from simulator.ec2 import changes
from simulator.ec2.launch import Launches

Shape = dict[str, Any]

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html
NAT_FILTERS: dict[str, Callable[[Shape], Sequence[str | None]]] = {
    "nat-gateway-id": lambda nat: [nat["NatGatewayId"]],
    "state": lambda nat: [nat["State"]],
    "subnet-id": lambda nat: [nat["SubnetId"]],
    "vpc-id": lambda nat: [nat["VpcId"]],
    "tag-key": lambda nat: [tag["Key"] for tag in nat["Tags"]],
}


class WorldResponse(EC2Response):
    """`launches` is set by whoever installs it."""

    launches: Launches

    def call_action(self) -> Any:
        if self._get_action().startswith(("Describe", "Get")):
            return super().call_action()
        changes.note()
        try:
            return super().call_action()
        finally:
            changes.note()

    def run_instances(self) -> ActionResult:
        def launch() -> Reservation:
            return super(WorldResponse, self).run_instances().result  # type: ignore[return-value]

        return ActionResult(self.launches.run(self.ec2_backend, self.params, launch))

    def create_route(self) -> ActionResult:
        self._must_know_nat_gateway()
        return super().create_route()

    def replace_route(self) -> ActionResult:
        self._must_know_nat_gateway()
        return super().replace_route()

    def create_nat_gateway(self) -> ActionResult:
        nat = self.ec2_backend.create_nat_gateway(
            self._get_param("SubnetId"),
            self._get_param("AllocationId"),
            add_tag_specification(self._get_param("TagSpecifications", [])),
            self._get_param("ConnectivityType", "public"),
            private_ip=self._get_param("PrivateIpAddress"),
            secondary_allocation_ids=self._get_param("SecondaryAllocationIds", []),
        )
        return ActionResult({"ClientToken": self._get_param("ClientToken"), "NatGateway": nat.describe()})

    def describe_nat_gateways(self) -> ActionResult:
        wanted = self._get_param("NatGatewayIds", [])
        listed = [nat for nat in self.ec2_backend.nat_gateways.values() if nat.listed]
        found = [self.ec2_backend.get_nat_gateway(nat_id) for nat_id in wanted] if wanted else listed
        shown = [nat.describe() for nat in found]
        for name, values in self._filters_from_querystring().items():
            shown = [nat for nat in shown if _matches(nat, name, values)]
        start, size = int(self._get_param("NextToken", 0)), int(self._get_param("MaxResults", 1000))
        more = {"NextToken": str(start + size)} if start + size < len(shown) else {}
        return ActionResult({"NatGateways": shown[start : start + size]} | more)

    def associate_nat_gateway_address(self) -> ActionResult:
        nat_id, allocation_ids = self._get_param("NatGatewayId"), self._get_param("AllocationIds")
        return self._addresses_of(self.ec2_backend.add_nat_addresses(nat_id, allocation_ids))

    def disassociate_nat_gateway_address(self) -> ActionResult:
        nat_id, association_ids = self._get_param("NatGatewayId"), self._get_param("AssociationIds")
        return self._addresses_of(self.ec2_backend.remove_nat_addresses(nat_id, association_ids))

    def _must_know_nat_gateway(self) -> None:
        nat_id = self._get_param("NatGatewayId")
        if nat_id and nat_id not in self.ec2_backend.nat_gateways:
            raise EC2ClientError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat_id}' does not exist")

    @staticmethod
    def _addresses_of(nat: Any) -> ActionResult:
        return ActionResult({"NatGatewayId": nat.id, "NatGatewayAddresses": nat.describe()["NatGatewayAddresses"]})


def _matches(nat: Shape, name: str, values: Sequence[str]) -> bool:
    if name.startswith("tag:"):
        found: Sequence[str | None] = [tag["Value"] for tag in nat["Tags"] if tag["Key"] == name.removeprefix("tag:")]
    elif name in NAT_FILTERS:
        found = NAT_FILTERS[name](nat)
    else:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return any(fnmatchcase(value or "", pattern) for value in found for pattern in values)
