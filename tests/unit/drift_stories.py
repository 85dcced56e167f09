"""A baseline of the reference account, and everything that may happen to it afterwards."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import Facts
from control_plane.domain.account.network import NetworkInterface
from control_plane.domain.drift.baseline import take
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline, Comparison, Seen
from control_plane.domain.drift.row import Drift
from control_plane.domain.request import EgressTerms, Request
from control_plane.domain.rules import judge
from control_plane.domain.run import Run
from tests.accounts import Account, Shape

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARN = "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/abcdefghijkl"
RUN = Run(
    run_id="run-0123456789abcdef01234567",
    request_id="team-a",
    requested_by="arn:aws:iam::123456789012:role/ml",
    cluster_name="vision",
    cluster_arn=ARN,
    accepted_at=NOON,
    updated_at=NOON,
    deadline_at=NOON,
)

Change = Callable[["WatchedAccount"], object]


class WatchedAccount(Account):
    """The reference account, with the public addresses of its interfaces."""

    def __init__(self) -> None:
        super().__init__()
        self.interfaces: list[Shape] = []

    def facts(self) -> Facts:
        facts, interfaces = super().facts(), tuple(map(NetworkInterface.model_validate, self.interfaces))
        return facts.model_copy(update={"network": facts.network.model_copy(update={"interfaces": interfaces})})


def nothing(_: WatchedAccount) -> None:
    """Leave the account as it is."""


def described(account: WatchedAccount) -> dict[str, Any]:
    """The cluster as DescribeCluster tells what it is made of: counts as they stand, images, states."""
    cluster: Shape = deepcopy(account.request["Cluster"])
    for group in cluster["InstanceGroups"]:
        count = group.pop("InstanceCount", 1)
        group.update(CurrentCount=count, TargetCount=count, Status="InService", CurrentImageId="ami-1")
    return cluster | {"NodeRecovery": "Automatic"}


def baseline_of(account: WatchedAccount) -> Baseline:
    facts = account.facts()
    terms = EgressTerms.from_wire(deepcopy(account.request["Egress"]))
    run = RUN.model_copy(update={"findings": tuple(judge(Case(Request.from_wire(deepcopy(account.request)), facts)))})
    return take(run, described(account), terms, facts, at=NOON)


def seen_of(account: WatchedAccount) -> Seen:
    return Seen(facts=account.facts(), cluster=described(account), cluster_arn=ARN, at=NOON)


def compared(change: Change, given: Change = nothing) -> Comparison:
    """What is told after a change of an account in which `given` was so from the start."""
    account = WatchedAccount()
    given(account)
    baseline = baseline_of(account)
    change(account)
    return compare(baseline, seen_of(account))


def drifts(change: Change, given: Change = nothing) -> list[Drift]:
    return [found.drift for found in compared(change, given).found]
