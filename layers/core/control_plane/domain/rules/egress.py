"""EGRESS: the way out is the one that the request's contract names, with the addresses it names."""

from collections.abc import Iterable, Iterator

from control_plane.domain.case import Case, who
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.path_walk import READS, End
from control_plane.domain.request import Contract
from control_plane.domain.rules.path import VPC_GUIDE, by_nat_gateway
from control_plane.domain.rules.rulebook import checks

IPS = "$.Egress.ExpectedPublicIps"

AS_PROMISED = Rule(
    id="EGRESS-001",
    title="ExpectedPublicIps are exactly the addresses that the groups' subnets promise.",
    severity=Severity.BLOCKS,
    reason="A partner's allow-list would be wrong: it would refuse one of ours, or admit a stranger's.",
    source=f"{VPC_GUIDE}/nat-gateway-basics.html",
)
TERMS_FIT = Rule(
    id="EGRESS-002",
    title="The contract and ExpectedPublicIps fit together.",
    severity=Severity.BLOCKS,
    reason="The addresses of a central way out cannot be read here, so they must be given; a closed network has none.",
    source="https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-nat-igw.html",
)
CENTRAL = Rule(
    id="EGRESS-003",
    title="Under the contract Central, no group leaves by a NAT gateway of this VPC with other addresses.",
    severity=Severity.BLOCKS,
    reason="The central way out would be passed by, and whoever watches or allows only that one would see strangers.",
    source="https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-nat-igw.html",
)
CLOSED = Rule(
    id="EGRESS-004",
    title="Under the contract Closed, there is no way out.",
    severity=Severity.BLOCKS,
    reason="The network was said to be closed, and is not.",
    source=f"{VPC_GUIDE}/VPC_Route_Tables.html",
)
CLOSED_IN_SIGHT = Rule(
    id="EGRESS-005",
    title="Under the contract Closed, nothing is handed to a gateway whose other side cannot be seen.",
    severity=Severity.UNKNOWN,
    reason="Whether a transit gateway leads on to the internet is decided elsewhere.",
    source="https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-nat-igw.html",
)


def central(case: Case) -> bool:
    return case.contract is Contract.CENTRAL


def closed(case: Case) -> bool:
    return case.contract is Contract.CLOSED


def in_words(public_ips: Iterable[str]) -> str:
    return ", ".join(sorted(public_ips)) or "none"


@checks(
    AS_PROMISED, needs=READS, when=lambda case: by_nat_gateway(case) and bool(case.request.egress.expected_public_ips)
)
def judge_promised(case: Case) -> Iterator[Finding]:
    """Compares the union over all groups. Where a way is cut or hidden, as other rules say, only what is extra."""
    expected = frozenset(case.request.egress.expected_public_ips)
    promised = frozenset[str]().union(*(promise.public_ips for _, promise in case.promises))
    complete = bool(case.ways) and all(way.end is End.LEAVES for way in case.ways)
    extra, lacking = promised - expected, expected - promised if complete else frozenset()
    if extra or lacking:
        scaling = any(nat.self_scaling for nat in case.nat_gateways)
        yield Finding.of(
            AS_PROMISED,
            severity=Severity.WARNS if scaling else None,  # the set may be another tomorrow, by AWS's own doing
            subject=IPS,
            seen=f"promised: {in_words(promised)}; not expected: {in_words(extra)}; not promised: {in_words(lacking)}",
            wanted=in_words(expected),
            remedy="Correct ExpectedPublicIps, or route the groups through the NAT gateways that have these addresses.",
        )


@checks(TERMS_FIT, needs=(), when=lambda case: central(case) or closed(case))
def judge_terms(case: Case) -> Iterator[Finding]:
    expected = case.request.egress.expected_public_ips
    if central(case) and not expected:
        yield Finding.of(
            TERMS_FIT,
            subject=IPS,
            seen="none, under Contract: Central",
            wanted="the addresses of the central way out",
            remedy="Ask the network's owner for them and add them.",
        )
    if closed(case) and expected:
        yield Finding.of(
            TERMS_FIT,
            subject=IPS,
            seen=f"{in_words(expected)}, under Contract: Closed",
            wanted="none",
            remedy="Remove ExpectedPublicIps, or say another Contract.",
        )


@checks(CENTRAL, needs=READS, when=central)
def judge_central(case: Case) -> Iterator[Finding]:
    expected = set(case.request.egress.expected_public_ips)
    for way, placements in case.ways.items():
        if way.end is End.LEAVES and not way.public_ips <= expected:
            yield Finding.of(
                CENTRAL,
                subject=way.nat_gateways[-1],
                seen=f"{way} ({who(placements)})",
                wanted=f"a way to one of {in_words(expected)}",
                remedy=f"Route to the central way out instead of {way.nat_gateways[-1]}, or say Contract: NatGateway.",
            )


@checks(CLOSED, needs=READS, when=closed)
def judge_closed(case: Case) -> Iterator[Finding]:
    for placement, promise in case.promises:
        open_ways = [way for way in promise.ways if way.end is End.LEAVES]
        if open_ways:
            yield Finding.of(
                CLOSED,
                subject=str(placement),
                seen="; ".join(map(str, open_ways)),
                wanted="no way to the internet",
                remedy=f"Remove that route from {placement.subnet_id}'s table, or say another Contract.",
            )


@checks(CLOSED_IN_SIGHT, needs=READS, when=closed)
def judge_closed_in_sight(case: Case) -> Iterator[Finding]:
    for placement, promise in case.promises:
        hidden = [way for way in promise.ways if way.end in (End.ELSEWHERE, End.OUT_OF_SIGHT)]
        if hidden:
            yield Finding.of(
                CLOSED_IN_SIGHT,
                subject=str(placement),
                seen="; ".join(map(str, hidden)),
                wanted="no way to the internet",
                remedy=f"Ask the owner of {hidden[0].at} whether it leads to the internet; the probe tells, too.",
            )
