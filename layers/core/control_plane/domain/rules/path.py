"""ROUTE, NAT, ACL, SG: every way out ends where it should.

A fault is a row of `FAULTS`: how a walk ends, the rule that this breaks, and what to do.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from control_plane.domain.account.case import Case, Placement, who
from control_plane.domain.account.path_walk import READS, End, Way
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.request import Contract
from control_plane.domain.rules.rulebook import checks

GROUPS, ACLS = "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls"
VPC_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide"
NAT_TROUBLE = f"{VPC_GUIDE}/nat-gateway-troubleshooting.html"


def opens_to_the_internet(case: Case) -> bool:
    return case.contract is not Contract.CLOSED


def by_nat_gateway(case: Case) -> bool:
    return case.contract is Contract.NAT_GATEWAY


class Fault(NamedTuple):
    """`remedy` may name the resource where the walk ended as ``{at}``."""

    end: End
    rule: Rule
    wanted: str
    remedy: str
    needs: frozenset[str] = READS
    when: Callable[[Case], bool] = opens_to_the_internet

    def judge(self, case: Case) -> Iterator[Finding]:
        for at, ways in ending(case, self.end).items():
            placements = [one for using in ways.values() for one in using]
            yield Finding.of(
                self.rule,
                subject=at,
                seen=f"{'; '.join(dict.fromkeys(way.seen for way in ways))} ({who(placements)})",
                wanted=self.wanted,
                remedy=self.remedy.format(at=at),
            )


def ending(case: Case, end: End) -> dict[str, dict[Way, list[Placement]]]:
    """The main ways that end so, by the resource they end at, with who would go them."""
    found: dict[str, dict[Way, list[Placement]]] = {}
    for way, placements in case.ways.items():
        if way.end is end:
            found.setdefault(way.at, {})[way] = placements
    return found


def _blocks(rule_id: str, title: str, reason: str, source: str) -> Rule:
    return Rule(id=rule_id, title=title, severity=Severity.BLOCKS, reason=reason, source=source)


FAULTS = (
    Fault(
        End.NO_PUBLIC_ADDRESS,
        _blocks(
            "ROUTE-001",
            "A node's subnet is private by its route: it does not lead straight to an internet gateway.",
            "HyperPod gives a node's interface no public address, so an internet gateway drops what it sends: "
            "the create runs for a long time, then fails.",
            "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-eks-prerequisites.html",
        ),
        wanted="a default route to a NAT gateway that stands in another, public subnet",
        remedy="Name a private subnet instead, or route {at} to a NAT gateway.",
    ),
    Fault(
        End.NO_ROUTE,
        _blocks(
            "ROUTE-002",
            "A node's subnet has a route to the internet.",
            "Nodes reach no AWS endpoint, no package source and nothing else outside the VPC.",
            f"{VPC_GUIDE}/VPC_Route_Tables.html",
        ),
        wanted="a route 0.0.0.0/0",
        remedy="Add a default route to {at}, or say Contract: Closed if the cluster is to have no internet.",
    ),
    Fault(
        End.BLACKHOLE,
        _blocks(
            "ROUTE-003",
            "The route that wins leads to something that exists.",
            "A route outlives its target; it still wins by its prefix, and drops the traffic.",
            "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html",
        ),
        wanted="an active default route",
        remedy="Replace the route in {at}: its target was deleted or detached.",
    ),
    Fault(
        End.DEAD_END,
        _blocks(
            "ROUTE-004",
            "The route's target can carry traffic to the internet.",
            "Peering, for one, never carries traffic on to the other VPC's gateways.",
            "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html",
        ),
        wanted="a default route to a NAT gateway, or to a transit gateway or firewall under Contract: Central",
        remedy="Route the traffic past {at}.",
    ),
    Fault(
        End.ELSEWHERE,
        _blocks(
            "ROUTE-005",
            "Under the contract NatGateway, the way out is a NAT gateway of this VPC.",
            "What leaves by something else leaves from addresses that nothing here can promise.",
            f"{VPC_GUIDE}/vpc-nat-gateway.html",
        ),
        wanted="a default route to a NAT gateway",
        remedy="Route to a NAT gateway instead of {at}; or say Contract: Central, with its ExpectedPublicIps.",
        when=by_nat_gateway,
    ),
    Fault(
        End.OUT_OF_SIGHT,
        Rule(
            id="ROUTE-006",
            title="The whole way out can be seen from this account.",
            severity=Severity.UNKNOWN,
            reason="In a shared VPC the owner's route tables and NAT gateways are hidden: neither a pass nor a fail.",
            source=f"{VPC_GUIDE}/vpc-sharing.html",
        ),
        wanted="a way that ends at an internet gateway in sight",
        remedy="Ask the owner of {at} where its traffic leaves, and give those addresses as ExpectedPublicIps.",
    ),
    Fault(
        End.NAT_NOT_AVAILABLE,
        _blocks("NAT-001", "The NAT gateway is available.", "In any other state it carries no traffic.", NAT_TROUBLE),
        wanted="state available",
        remedy="Wait for {at} if it is pending; otherwise create another NAT gateway and replace the route.",
    ),
    Fault(
        End.PRIVATE_NAT,
        _blocks(
            "NAT-002",
            "The NAT gateway is a public one.",
            "A private NAT gateway translates to a private address, and an internet gateway drops that.",
            f"{VPC_GUIDE}/vpc-nat-gateway.html",
        ),
        wanted="ConnectivityType public",
        remedy="Create a public NAT gateway and replace the route to {at}.",
    ),
    Fault(
        End.NAT_WITHOUT_ADDRESS,
        _blocks(
            "NAT-003",
            "The NAT gateway has a public address in use.",
            "Without one it has nothing to send from.",
            "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGatewayAddress.html",
        ),
        wanted="an Elastic IP with status succeeded",
        remedy="Associate one: aws ec2 associate-nat-gateway-address --nat-gateway-id {at} --allocation-ids <id>",
    ),
    Fault(
        End.BEYOND_NAT,
        _blocks(
            "NAT-004",
            "The NAT gateway's own subnet leads to an internet gateway that is attached to the VPC.",
            "A NAT gateway uses its own subnet's routes; in a private subnet it goes nowhere, or in a circle.",
            NAT_TROUBLE,
        ),
        wanted="in the NAT gateway's subnet, an active route 0.0.0.0/0 to an attached internet gateway",
        remedy="Give the subnet of {at} a route to the VPC's internet gateway, or move it to a public subnet.",
    ),
    Fault(
        End.CLOSED_BY_ACL,
        _blocks(
            "ACL-001",
            "The network ACLs on the way let HTTPS out and its answers back.",
            "ACLs keep no state: without the answers' ports open, every connection times out.",
            f"{VPC_GUIDE}/custom-network-acl.html#nacl-ephemeral-ports",
        ),
        wanted="443 out, and answers back in: to 32768-60999 at the node's subnet, to 1024-65535 at the NAT gateway's",
        remedy="Add the missing allow entries to {at}.",
        needs=READS | {ACLS},
    ),
    Fault(
        End.CLOSED_BY_GROUPS,
        _blocks(
            "SG-001",
            "The security groups let HTTPS out.",
            "Lifecycle scripts, the session agent and every AWS endpoint are reached by HTTPS.",
            f"{VPC_GUIDE}/security-group-rules.html",
        ),
        wanted="an outbound rule for TCP 443, or all traffic, to 0.0.0.0/0",
        remedy="Add that rule to one of {at}; the rules of all groups add up.",
        needs=READS | {GROUPS},
    ),
)

for fault in FAULTS:
    checks(fault.rule, needs=fault.needs, when=fault.when)(fault.judge)
