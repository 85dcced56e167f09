"""ROUTE, NAT, ACL: what works, yet not as one would think."""

from collections.abc import Iterator

from control_plane.domain.account.case import Case, who
from control_plane.domain.account.facts import Network
from control_plane.domain.account.network import Route
from control_plane.domain.account.path_walk import READS
from control_plane.domain.account.promise import SHOWN_WAYS
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.egress import closed
from control_plane.domain.rules.path import ACLS, GROUPS, VPC_GUIDE, opens_to_the_internet
from control_plane.domain.rules.rulebook import checks

DETOUR = Rule(
    id="ROUTE-007",
    title="The whole internet is reached the same way.",
    severity=Severity.WARNS,
    reason="Some destinations are taken another way: an echo service or partner among them sees other addresses.",
    source=f"{VPC_GUIDE}/route-tables-priority.html",
)
INSPECTED = Rule(
    id="ROUTE-008",
    title="Nothing on the way may send the traffic elsewhere.",
    severity=Severity.WARNS,
    reason="What stands behind such an endpoint can drop traffic, or send it on by itself; the probe tells.",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-load-balancer-endpoints.html",
)
IPV6 = Rule(
    id="ROUTE-009",
    title="IPv6 does not lead around the NAT gateway.",
    severity=Severity.WARNS,
    reason="Nodes in a dual-stack subnet have IPv6 addresses of their own, and what prefers IPv6 is seen from those.",
    source=f"{VPC_GUIDE}/egress-only-internet-gateway.html",
)
S3 = Rule(
    id="ROUTE-010",
    title="S3 is reached by an endpoint of the VPC.",
    severity=Severity.INFO,
    reason="It spares the NAT gateway the traffic; a closed network gets its lifecycle scripts no other way.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html",
)
STEADY = Rule(
    id="NAT-005",
    title="The NAT gateway keeps its addresses.",
    severity=Severity.WARNS,
    reason="A regional one in automatic mode changes them by itself: an allow-list of today can be wrong tomorrow.",
    source=f"{VPC_GUIDE}/nat-gateways-regional.html",
)
SETTLED = Rule(
    id="NAT-006",
    title="No address of the NAT gateway is just coming or going.",
    severity=Severity.WARNS,
    reason="While an address is being taken away, open connections still leave by it.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGatewayAddress.html",
)
HALF_OPEN = Rule(
    id="ACL-002",
    title="The network ACLs let all of the answers' ports back.",
    severity=Severity.WARNS,
    reason="With some of the ports closed, some connections time out and others do not.",
    source=f"{VPC_GUIDE}/custom-network-acl.html#nacl-ephemeral-ports",
)


@checks(DETOUR, needs=READS | {ACLS, GROUPS}, when=opens_to_the_internet)
def judge_detours(case: Case) -> Iterator[Finding]:
    by_subnet: dict[str, set[str]] = {}
    for placement, promise in case.promises:
        by_subnet.setdefault(placement.subnet_id, set()).update(map(str, promise.detours))
    for subnet_id, detours in by_subnet.items():
        if detours:
            yield Finding.of(
                DETOUR,
                subject=subnet_id,
                seen="; ".join(sorted(detours)[:SHOWN_WAYS]),
                wanted="one way for all destinations outside the VPC",
                remedy="Nothing, if these destinations are meant to be apart; choose EchoUrls that are not among them.",
            )


@checks(INSPECTED, needs=READS, when=opens_to_the_internet)
def judge_inspection(case: Case) -> Iterator[Finding]:
    for endpoint_id in sorted({one for way in case.ways for one in way.inspected_by}):
        placements = [one for way, using in case.ways.items() if endpoint_id in way.inspected_by for one in using]
        yield Finding.of(
            INSPECTED,
            subject=endpoint_id,
            seen=f"{endpoint_id} is on the way of {who(placements)}",
            wanted="a way without inspection, or one whose inspector lets HTTPS through unchanged",
            remedy="Nothing, if the probe sees the expected addresses.",
        )


@checks(IPV6, needs=READS)
def judge_ipv6(case: Case) -> Iterator[Finding]:
    network = case.facts.network
    for subnet in network.subnets:
        table = network.table_of(subnet.subnet_id, subnet.vpc_id)
        around = [one for one in table.routes if _ipv6_way_out(one)] if table else []
        if subnet.dual_stack and around:
            yield Finding.of(
                IPV6,
                severity=Severity.BLOCKS if closed(case) else None,
                subject=subnet.subnet_id,
                seen=f"dual stack, and {around[0].destination} leads to {around[0].target}",
                wanted="no IPv6 route out",
                remedy="Remove the IPv6 route, or name a subnet without IPv6.",
            )


def _ipv6_way_out(route: Route) -> bool:
    """Unique local addresses (fc00::/7) stay inside, and so does everything that is local."""
    destination = route.destination_ipv6_cidr_block or ""
    return (
        route.state == "active"
        and destination.split("/")[0] in ("::", "2000::", "8000::")
        and route.gateway_id != "local"
    )


@checks(S3, needs=READS)
def judge_s3(case: Case) -> Iterator[Finding]:
    network = case.facts.network
    for subnet in network.subnets:
        if not _reaches_s3(network, subnet.subnet_id, subnet.vpc_id):
            yield Finding.of(
                S3,
                severity=Severity.BLOCKS if closed(case) else None,
                subject=subnet.subnet_id,
                seen=f"no S3 endpoint serves {subnet.subnet_id}",
                wanted="an S3 gateway endpoint on the subnet's route table",
                remedy=f"Create a gateway endpoint for S3 in {subnet.vpc_id}, on the subnet's route table.",
            )


def _reaches_s3(network: Network, subnet_id: str, vpc_id: str) -> bool:
    table = network.table_of(subnet_id, vpc_id)
    return any(
        one.service_name.endswith(".s3")
        and one.vpc_id == vpc_id
        and not one.gone
        and (one.vpc_endpoint_type != "Gateway" or (table is not None and table.route_table_id in one.route_table_ids))
        for one in network.vpc_endpoints
    )


@checks(STEADY, needs=READS, when=opens_to_the_internet)
def judge_steadiness(case: Case) -> Iterator[Finding]:
    for nat in case.nat_gateways:
        if nat.self_scaling:
            yield Finding.of(
                STEADY,
                subject=nat.nat_gateway_id,
                seen=f"automatic mode; now {', '.join(sorted(nat.public_ips))}",
                wanted="a zonal NAT gateway, or a regional one in manual mode",
                remedy="Pin its addresses if a partner allows them by list; prove again after every change.",
            )


@checks(SETTLED, needs=READS, when=opens_to_the_internet)
def judge_settledness(case: Case) -> Iterator[Finding]:
    for nat in case.nat_gateways:
        moving = [
            f"{one.public_ip} is {one.status}"
            for one in nat.nat_gateway_addresses
            if one.public_ip and one.status != "succeeded"
        ]
        if moving:
            yield Finding.of(
                SETTLED,
                subject=nat.nat_gateway_id,
                seen=", ".join(moving),
                wanted="status succeeded for every address",
                remedy="Wait until it has settled, then ask again; a failed one must be disassociated.",
            )


@checks(HALF_OPEN, needs=READS | {ACLS}, when=opens_to_the_internet)
def judge_half_open(case: Case) -> Iterator[Finding]:
    for acl_id in sorted({acl for way in case.ways for acl in way.half_open_acls}):
        placements = [one for way, using in case.ways.items() if acl_id in way.half_open_acls for one in using]
        yield Finding.of(
            HALF_OPEN,
            subject=acl_id,
            seen=f"{acl_id} lets part of the answers through ({who(placements)})",
            wanted="answers in to 32768-60999 at the node's subnet, to 1024-65535 at the NAT gateway's",
            remedy=f"Widen the allow entries of {acl_id}.",
        )
