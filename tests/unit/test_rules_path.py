"""ROUTE, NAT, ACL, SG: every way out ends where it should."""

from collections.abc import Callable
from typing import Any

import pytest

from control_plane.domain.findings import Severity
from tests.accounts import PUBLIC, WORKER, Account, Example, acl_entry, nat_gateway, open_acl, route

BLOCKS, UNKNOWN = Severity.BLOCKS, Severity.UNKNOWN


def worker_goes(*routes: dict[str, Any], contract: str = "NatGateway") -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.routes("rtb-worker", *routes)
        account.egress(Contract=contract)

    return change


def worker_nat(**fields: Any) -> Callable[[Account], None]:
    return lambda account: account.one("nat-worker").update(fields)


def no_address_in_use(account: Account) -> None:
    account.one("nat-worker")["NatGatewayAddresses"][0]["Status"] = "disassociating"


def nat_in_a_private_subnet(account: Account) -> None:
    account.network["NatGateways"].append(nat_gateway("nat-lost", "198.51.100.9", subnet_id=WORKER))
    account.routes("rtb-worker", route(NatGatewayId="nat-lost"))


def without(name: str) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        for shapes in account.network.values():
            shapes[:] = [shape for shape in shapes if name not in list(shape.values())[:1]]

    return change


def worker_acl(*entries: dict[str, Any]) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.one("acl-1")["Associations"] = [{"SubnetId": PUBLIC}]
        account.network["NetworkAcls"].append(open_acl("acl-worker", WORKER) | {"Entries": list(entries)})

    return change


def groups_let_out(*permissions: dict[str, Any]) -> Callable[[Account], None]:
    return lambda account: account.one("sg-1").update(IpPermissionsEgress=list(permissions))


IGW, TGW = route(GatewayId="igw-1"), route(TransitGatewayId="tgw-1")
HTTPS_OUT = acl_entry(100, "allow", egress=True, ports=(443, 443))

EXAMPLES = [
    Example("ROUTE-001", "the subnet leads to an internet gateway", worker_goes(IGW), {WORKER: BLOCKS}),
    Example("ROUTE-001", "the network is meant to be closed", worker_goes(IGW, contract="Closed"), {}),
    Example("ROUTE-002", "the table has no default route", worker_goes(), {"rtb-worker": BLOCKS}),
    Example(
        "ROUTE-002",
        "half of the internet has no route",
        worker_goes(route("0.0.0.0/1", NatGatewayId="nat-worker")),
        {"rtb-worker": BLOCKS},
    ),
    Example(
        "ROUTE-002",
        "two halves make a whole",
        worker_goes(route("0.0.0.0/1", NatGatewayId="nat-worker"), route("128.0.0.0/1", NatGatewayId="nat-worker")),
        {},
    ),
    Example(
        "ROUTE-003",
        "the default route is a blackhole",
        worker_goes(route(NatGatewayId="nat-gone") | {"State": "blackhole"}),
        {"rtb-worker": BLOCKS},
    ),
    Example(
        "ROUTE-003",
        "only a route inside the company is a blackhole",
        worker_goes(
            route(NatGatewayId="nat-worker"),
            route("10.8.0.0/13", TransitGatewayId="tgw-1") | {"State": "blackhole"},
        ),
        {},
    ),
    Example(
        "ROUTE-004", "a peer should carry it", worker_goes(route(VpcPeeringConnectionId="pcx-1")), {"pcx-1": BLOCKS}
    ),
    Example("ROUTE-004", "the reference network is as it was", lambda _: None, {}),
    Example("ROUTE-005", "a transit gateway takes it", worker_goes(TGW), {"tgw-1": BLOCKS}),
    Example("ROUTE-005", "a NAT instance takes it", worker_goes(route(InstanceId="i-1")), {"i-1": BLOCKS}),
    Example("ROUTE-005", "the contract is Central", worker_goes(TGW, contract="Central"), {}),
    Example("ROUTE-006", "the NAT gateway is somebody else's", without("nat-worker"), {"nat-worker": UNKNOWN}),
    Example("ROUTE-006", "everything is in sight", lambda _: None, {}),
    Example("NAT-001", "it is pending", worker_nat(State="pending"), {"nat-worker": BLOCKS}),
    Example("NAT-001", "it failed", worker_nat(State="failed", FailureMessage="no"), {"nat-worker": BLOCKS}),
    Example("NAT-001", "it was deleted", worker_nat(State="deleted"), {"nat-worker": BLOCKS}),
    Example("NAT-001", "it is available", lambda _: None, {}),
    Example(
        "NAT-002",
        "it is private",
        worker_nat(ConnectivityType="private", NatGatewayAddresses=[{"PrivateIp": "10.0.101.9"}]),
        {"nat-worker": BLOCKS},
    ),
    Example("NAT-002", "it is public", lambda _: None, {}),
    Example("NAT-003", "its only address is going", no_address_in_use, {"nat-worker": BLOCKS}),
    Example("NAT-003", "it has an address", lambda _: None, {}),
    Example("NAT-004", "it stands in a private subnet", nat_in_a_private_subnet, {"nat-lost": BLOCKS}),
    Example(
        "NAT-004",
        "the internet gateway is detached",
        without("igw-1"),
        {"nat-controller": BLOCKS, "nat-worker": BLOCKS},
    ),
    Example(
        "NAT-004",
        "its subnet has no way out",
        lambda account: account.routes("rtb-public"),
        {"nat-controller": BLOCKS, "nat-worker": BLOCKS},
    ),
    Example("NAT-004", "its subnet is public", lambda _: None, {}),
    Example("ACL-001", "answers are not let in", worker_acl(HTTPS_OUT), {"acl-worker": BLOCKS}),
    Example(
        "ACL-001",
        "HTTPS is not let out",
        worker_acl(acl_entry(100, "allow", egress=False, ports=(1024, 65535))),
        {"acl-worker": BLOCKS},
    ),
    Example(
        "ACL-001",
        "exactly what is needed is open",
        worker_acl(HTTPS_OUT, acl_entry(100, "allow", egress=False, ports=(1024, 65535))),
        {},
    ),
    Example(
        "SG-001",
        "only talk among the nodes is let out",
        groups_let_out({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}),
        {"sg-1": BLOCKS},
    ),
    Example(
        "SG-001",
        "only HTTPS to one partner is let out",
        groups_let_out({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}),
        {"sg-1": BLOCKS},
    ),
    Example(
        "SG-001",
        "HTTPS is let out",
        groups_let_out({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
        {},
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_says_so(example: Example) -> None:
    assert example.judged() == example.found
