"""EGRESS: the way out is the one that the request's contract names, with the addresses it names."""

from collections.abc import Collection, Iterable, Iterator

from control_plane.domain.account.case import Case, who
from control_plane.domain.account.path_walk import READS, End
from control_plane.domain.account.promise import SHOWN_WAYS
from control_plane.domain.findings import Finding, Rule, Severity
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
    for nat in case.nat_gateways:
        ways = [way for way in case.ways if way.public_ips - expected and way.nat_gateways[-1] == nat.nat_gateway_id]
        if ways:
            yield Finding.of(
                CENTRAL,
                subject=nat.nat_gateway_id,
                seen=f"leaves by {in_words(nat.public_ips)} ({who([one for way in ways for one in case.ways[way]])})",
                wanted=f"a way to one of {in_words(expected)}",
                remedy=f"Route to the central way out instead of {nat.nat_gateway_id}, or say Contract: NatGateway.",
            )


@checks(CLOSED, needs=READS, when=closed)
def judge_closed(case: Case) -> Iterator[Finding]:
    for subnet_id, ways in _by_subnet(case, {End.LEAVES}).items():
        yield Finding.of(
            CLOSED,
            subject=subnet_id,
            seen=ways,
            wanted="no way to the internet",
            remedy="Remove that route from the subnet's table, or say another Contract.",
        )


@checks(CLOSED_IN_SIGHT, needs=READS, when=closed)
def judge_closed_in_sight(case: Case) -> Iterator[Finding]:
    for subnet_id, ways in _by_subnet(case, {End.ELSEWHERE, End.OUT_OF_SIGHT}).items():
        yield Finding.of(
            CLOSED_IN_SIGHT,
            subject=subnet_id,
            seen=ways,
            wanted="no way to the internet",
            remedy="Ask whoever owns its other side whether it leads to the internet; the probe tells, too.",
        )


def _by_subnet(case: Case, ends: Collection[End]) -> dict[str, str]:
    """The ways that end so, detours included, in words, by the subnet they start in."""
    found: dict[str, dict[str, None]] = {}
    for placement, promise in case.promises:
        for way in promise.ways:
            if way.end in ends:
                found.setdefault(placement.subnet_id, {})[str(way)] = None
    return {subnet_id: "; ".join([*ways][:SHOWN_WAYS]) for subnet_id, ways in found.items()}
