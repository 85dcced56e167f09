"""EGRESS: the way out is the one that the request's contract names, with the addresses it names."""

from collections.abc import Callable
from typing import Any

import pytest

from control_plane.domain.findings import Severity
from tests.accounts import CONTROLLER, CONTROLLER_IP, WORKER, WORKER_IP, Account, Example, route
from tests.unit.test_rules_cautions import regional

BLOCKS, WARNS, UNKNOWN = Severity.BLOCKS, Severity.WARNS, Severity.UNKNOWN
IPS = "$.Egress.ExpectedPublicIps"
BOTH = [CONTROLLER_IP, WORKER_IP]
STRANGER = "203.0.113.1"


def terms(**terms: Any) -> Callable[[Account], None]:
    return lambda account: account.egress(**terms)


def everything_through(*routes: dict[str, Any], **terms: Any) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.routes("rtb-controller", *routes)
        account.routes("rtb-worker", *routes)
        account.egress(**terms)

    return change


def self_scaling(account: Account) -> None:
    regional(account)
    account.egress(ExpectedPublicIps=[CONTROLLER_IP])


def half_dead(account: Account) -> None:
    account.routes("rtb-worker")
    account.egress(ExpectedPublicIps=BOTH)


TGW = route(TransitGatewayId="tgw-1")

EXAMPLES = [
    Example("EGRESS-001", "an address is missing", terms(ExpectedPublicIps=[CONTROLLER_IP]), {IPS: BLOCKS}),
    Example("EGRESS-001", "an address is too many", terms(ExpectedPublicIps=[*BOTH, STRANGER]), {IPS: BLOCKS}),
    Example("EGRESS-001", "the set changes by itself", self_scaling, {IPS: WARNS}),
    Example("EGRESS-001", "it is the union of both groups", terms(ExpectedPublicIps=BOTH), {}),
    Example("EGRESS-001", "nothing is expected", lambda _: None, {}),
    Example("EGRESS-001", "the way of one address is cut, as another rule says", half_dead, {}),
    Example("EGRESS-002", "Central names no address", terms(Contract="Central"), {IPS: BLOCKS}),
    Example("EGRESS-002", "Closed names one", terms(Contract="Closed", ExpectedPublicIps=BOTH), {IPS: BLOCKS}),
    Example("EGRESS-002", "Central names some", terms(Contract="Central", ExpectedPublicIps=[STRANGER]), {}),
    Example(
        "EGRESS-003",
        "a group leaves by a NAT gateway of its own",
        terms(Contract="Central", ExpectedPublicIps=[CONTROLLER_IP]),
        {"nat-worker": BLOCKS},
    ),
    Example(
        "EGRESS-003",
        "two subnets leave by one NAT gateway",
        everything_through(route(NatGatewayId="nat-worker"), Contract="Central", ExpectedPublicIps=[STRANGER]),
        {"nat-worker": BLOCKS},
    ),
    Example(
        "EGRESS-003",
        "all is handed to the transit gateway",
        everything_through(TGW, Contract="Central", ExpectedPublicIps=[STRANGER]),
        {},
    ),
    Example(
        "EGRESS-004",
        "a NAT gateway is left",
        terms(Contract="Closed"),
        {CONTROLLER: BLOCKS, WORKER: BLOCKS},
    ),
    Example(
        "EGRESS-004",
        "one partner is still reached",
        everything_through(route("203.0.113.0/24", NatGatewayId="nat-worker"), Contract="Closed"),
        {CONTROLLER: BLOCKS, WORKER: BLOCKS},
    ),
    Example("EGRESS-004", "there is no route", everything_through(Contract="Closed"), {}),
    Example(
        "EGRESS-005",
        "a transit gateway takes all",
        everything_through(TGW, Contract="Closed"),
        {CONTROLLER: UNKNOWN, WORKER: UNKNOWN},
    ),
    Example("EGRESS-005", "there is no route", everything_through(Contract="Closed"), {}),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_says_so(example: Example) -> None:
    assert example.judged() == example.found
