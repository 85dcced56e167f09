"""NET: what the request names exists, and lies together."""

from typing import Any

import pytest

from control_plane.domain.findings import Severity
from tests.accounts import CONTROLLER, VPC, WORKER, Account, Example, security_group, subnet

BLOCKS = Severity.BLOCKS


def without_vpc(account: Account) -> None:
    del account.groups[1]["OverrideVpcConfig"]


def default_vpc(account: Account) -> None:
    without_vpc(account)
    account.request["Cluster"]["VpcConfig"] = {"Subnets": [CONTROLLER], "SecurityGroupIds": ["sg-1"]}


def names(account: Account, **vpc: Any) -> None:
    account.groups[1]["OverrideVpcConfig"] |= vpc


def strange_group(account: Account) -> None:
    account.network["SecurityGroups"].append(security_group("sg-2") | {"VpcId": "vpc-2"})
    names(account, SecurityGroupIds=["sg-1", "sg-2"])


def strange_subnet(account: Account) -> None:
    account.network["Subnets"].append(subnet("subnet-2", "10.9.0.0/24") | {"VpcId": "vpc-2"})
    names(account, Subnets=["subnet-2"])


EXAMPLES = [
    Example(
        "NET-001",
        "a group has neither an override nor the cluster's VPC",
        without_vpc,
        {"$.Cluster.InstanceGroups[1]": BLOCKS},
    ),
    Example("NET-001", "a group takes the cluster's VPC", default_vpc, {}),
    Example(
        "NET-002",
        "a subnet is not there",
        lambda account: names(account, Subnets=["subnet-gone", WORKER]),
        {"subnet-gone": BLOCKS},
    ),
    Example("NET-002", "all subnets are there", lambda _: None, {}),
    Example(
        "NET-003",
        "a subnet is still being made",
        lambda account: account.one(WORKER).update(State="pending"),
        {WORKER: BLOCKS},
    ),
    Example("NET-003", "all subnets are available", lambda _: None, {}),
    Example(
        "NET-004",
        "a security group is not there",
        lambda account: names(account, SecurityGroupIds=["sg-1", "sg-gone"]),
        {"sg-gone": BLOCKS},
    ),
    Example("NET-004", "all security groups are there", lambda _: None, {}),
    Example("NET-005", "a security group is of another VPC", strange_group, {"sg-2": BLOCKS}),
    Example("NET-005", "a subnet is of another VPC", strange_subnet, {"subnet-2": BLOCKS}),
    Example("NET-005", "everything is in one VPC", lambda _: None, {}),
    Example("NET-006", "DNS support is off", lambda account: account.dns_support.update({VPC: False}), {VPC: BLOCKS}),
    Example("NET-006", "DNS support is on", lambda _: None, {}),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_says_so(example: Example) -> None:
    assert example.judged() == example.found
