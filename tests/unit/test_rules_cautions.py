"""ROUTE, NAT, ACL: what works, yet not as one would think."""

import pytest

from control_plane.domain.findings import Severity
from tests.accounts import (
    CONTROLLER,
    PUBLIC,
    VPC,
    WORKER,
    WORKER_IP,
    Account,
    Example,
    acl_entry,
    open_acl,
    route,
    route_table,
    subnet,
)

BLOCKS, WARNS, INFO = Severity.BLOCKS, Severity.WARNS, Severity.INFO


def detour(account: Account) -> None:
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), route("203.0.113.0/24", TransitGatewayId="tgw-1"))


def company_routes(account: Account) -> None:
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), route("172.16.0.0/12", TransitGatewayId="tgw-1"))


def firewall(account: Account) -> None:
    account.network["Subnets"].append(subnet("subnet-fw", "10.0.9.0/24"))
    account.network["VpcEndpoints"].append(
        {
            "VpcEndpointId": "vpce-fw",
            "VpcId": VPC,
            "VpcEndpointType": "GatewayLoadBalancer",
            "ServiceName": "com.amazonaws.vpce.ap-northeast-1.vpce-svc-1",
            "State": "available",
            "SubnetIds": ["subnet-fw"],
        }
    )
    account.network["RouteTables"].append(route_table("rtb-fw", "subnet-fw", routes=[route(NatGatewayId="nat-worker")]))
    account.routes("rtb-worker", route(GatewayId="vpce-fw"))


def dual_stack(account: Account) -> None:
    block = {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}
    account.one(WORKER)["Ipv6CidrBlockAssociationSet"] = [block]


def around(account: Account) -> None:
    dual_stack(account)
    account.one("rtb-worker")["Routes"].append(
        {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"}
    )


def around_although_closed(account: Account) -> None:
    around(account)
    account.egress(Contract="Closed")


def no_s3(account: Account) -> None:
    account.one("vpce-s3")["RouteTableIds"] = ["rtb-controller"]


def s3_going(account: Account) -> None:
    account.one("vpce-s3")["State"] = "deleting"


def no_s3_although_closed(account: Account) -> None:
    no_s3(account)
    account.egress(Contract="Closed")


def regional(account: Account) -> None:
    nat = account.one("nat-worker")
    del nat["SubnetId"]
    nat.update(AvailabilityMode="regional", AutoScalingIps="enabled", RouteTableId="rtb-public")


def leaving_address(account: Account) -> None:
    account.one("nat-worker")["NatGatewayAddresses"].append({"PublicIp": "198.51.100.9", "Status": "disassociating"})


def half_of_the_ports(account: Account) -> None:
    account.one("acl-1")["Associations"] = [{"SubnetId": PUBLIC}, {"SubnetId": CONTROLLER}]
    entries = [acl_entry(100, "allow", egress=True), acl_entry(100, "allow", egress=False, ports=(40000, 65535))]
    account.network["NetworkAcls"].append(open_acl("acl-worker", WORKER) | {"Entries": entries})


EXAMPLES = [
    Example("ROUTE-007", "a partner is routed apart", detour, {WORKER: WARNS}),
    Example("ROUTE-007", "only private addresses are routed apart", company_routes, {}),
    Example("ROUTE-008", "a firewall endpoint is on the way", firewall, {"vpce-fw": WARNS}),
    Example("ROUTE-008", "nothing inspects the traffic", lambda _: None, {}),
    Example("ROUTE-009", "IPv6 leaves by itself", around, {WORKER: WARNS}),
    Example("ROUTE-009", "IPv6 leaves a closed network", around_although_closed, {WORKER: BLOCKS}),
    Example("ROUTE-009", "there is IPv6 without a way out", dual_stack, {}),
    Example("ROUTE-010", "the S3 endpoint is being deleted", s3_going, {CONTROLLER: INFO, WORKER: INFO}),
    Example("ROUTE-010", "a table lacks the S3 endpoint", no_s3, {WORKER: INFO}),
    Example("ROUTE-010", "a closed network lacks it", no_s3_although_closed, {WORKER: BLOCKS}),
    Example("ROUTE-010", "every table has it", lambda _: None, {}),
    Example("NAT-005", "a regional gateway scales by itself", regional, {"nat-worker": WARNS}),
    Example("NAT-005", "the gateways are zonal", lambda _: None, {}),
    Example("NAT-006", "an address is being taken away", leaving_address, {"nat-worker": WARNS}),
    Example("NAT-006", f"{WORKER_IP} has settled", lambda _: None, {}),
    Example("ACL-002", "part of the answers' ports is open", half_of_the_ports, {"acl-worker": WARNS}),
    Example("ACL-002", "all of them are open", lambda _: None, {}),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_says_so(example: Example) -> None:
    assert example.judged() == example.found
