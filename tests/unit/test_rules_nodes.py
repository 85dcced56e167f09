"""ADDR, EFA: the subnets have room for the nodes, and the nodes may talk to each other."""

from collections.abc import Callable
from typing import Any

import pytest

from control_plane.domain.findings import Severity
from tests.accounts import CONTROLLER, WORKER, Account, Example

BLOCKS, WARNS, UNKNOWN = Severity.BLOCKS, Severity.WARNS, Severity.UNKNOWN
EKS = {"Eks": {"ClusterArn": "arn:aws:eks:ap-northeast-1:123456789012:cluster/one"}}


def workers(
    kind: str, count: int, orchestrator: dict[str, Any] | None = None, **more: Any
) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.groups[1].update({"InstanceType": kind, "InstanceCount": count, **more})
        account.request["Cluster"].update({"Orchestrator": orchestrator} if orchestrator else {})

    return change


def two_candidates(count: int, *free: int) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.groups[:] = account.groups[1:]
        account.groups[0].update(InstanceCount=count)
        account.groups[0]["OverrideVpcConfig"]["Subnets"] = [CONTROLLER, WORKER]
        for name, number in zip((CONTROLLER, WORKER), free, strict=True):
            account.one(name)["AvailableIpAddressCount"] = number

    return change


def rules_of(kind: str, direction: str, **permission: Any) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.groups[1]["InstanceType"] = kind
        account.one("sg-1")[direction] = [{"IpProtocol": "-1", **permission}]

    return change


ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}

EXAMPLES = [
    Example("ADDR-001", "Slurm nodes of p5 take 32 each", workers("ml.p5.48xlarge", 7), {WORKER: BLOCKS}),
    Example("ADDR-001", "six of them fit", workers("ml.p5.48xlarge", 6), {}),
    Example("ADDR-001", "EKS nodes of p5 take 81 each", workers("ml.p5.48xlarge", 3, EKS), {WORKER: BLOCKS}),
    Example("ADDR-001", "two of them fit", workers("ml.p5.48xlarge", 2, EKS), {}),
    Example("ADDR-001", "fewer would do at first", workers("ml.p5.48xlarge", 7, MinInstanceCount=6), {}),
    Example("ADDR-001", "two small subnets do together", two_candidates(30, 20, 20), {}),
    Example("ADDR-001", "two small subnets do not", two_candidates(50, 20, 20), {f"{CONTROLLER}, {WORKER}": BLOCKS}),
    Example("ADDR-002", "one candidate is too small", two_candidates(30, 20, 200), {CONTROLLER: WARNS}),
    Example("ADDR-002", "every candidate is large", two_candidates(30, 200, 200), {}),
    Example(
        "ADDR-003",
        "nobody has said what it takes",
        workers("ml.c8g.large", 1, EKS),
        {"$.Cluster.InstanceGroups[1]": UNKNOWN},
    ),
    Example("ADDR-003", "on Slurm it takes one", workers("ml.c8g.large", 1), {}),
    Example(
        "EFA-001",
        "the way in is open by address only",
        rules_of("ml.p5.48xlarge", "IpPermissions", **ANYWHERE),
        {"sg-1": BLOCKS},
    ),
    Example(
        "EFA-001",
        "the way out is open by address only",
        rules_of("ml.p5.48xlarge", "IpPermissionsEgress", **ANYWHERE),
        {"sg-1": BLOCKS},
    ),
    Example(
        "EFA-001",
        "the way in names another group first",
        rules_of("ml.p5.48xlarge", "IpPermissions", UserIdGroupPairs=[{"GroupId": "sg-2"}, {"GroupId": "sg-1"}]),
        {},
    ),
    Example("EFA-001", "the type has no EFA", rules_of("ml.c5.large", "IpPermissions", **ANYWHERE), {}),
    Example("EFA-002", "the type has no EFA", rules_of("ml.c5.large", "IpPermissions", **ANYWHERE), {"sg-1": WARNS}),
    Example("EFA-002", "an EFA rule says it already", rules_of("ml.p5.48xlarge", "IpPermissions", **ANYWHERE), {}),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_says_so(example: Example) -> None:
    assert example.judged() == example.found
