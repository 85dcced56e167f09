"""What changes by itself, or without any effect, and is therefore no drift.

Each line stands with its reason, and a test shows that it is silent. What is never read into the parts of a network is
noise as well: tags, free addresses, other teams' subnets and groups, any order.
"""

from collections.abc import Mapping
from typing import Any

from control_plane.domain.account.network import NatGateway, Route
from control_plane.domain.drift.parts import Part, Parts, Sort

# Rules that are about a cluster before it is made, or about what passes by itself.
NOT_JUDGED_AGAIN: Mapping[str, str] = {
    "NAME-001": "The cluster has its own name.",
    "ADDR-001": "Free addresses are counted before nodes are made; a running cluster has taken its own.",
    "ADDR-002": "Free addresses are counted before nodes are made; a running cluster has taken its own.",
    "ADDR-003": "Free addresses are counted before nodes are made; a running cluster has taken its own.",
    "NAT-006": "An address that comes or goes is told when it has come or gone.",
}


def settled(wanted: Parts, seen: Parts) -> dict[Part, Any]:
    """What is seen, without what passes by itself, and each cause once."""
    gone = {part for part in wanted if part.sort in (Sort.NAT, Sort.GATEWAY) and part not in seen}
    deleted = {part: _deleted(wanted[part]) for part in gone if part.sort is Sort.NAT and _leads_to(part.id, seen)}
    steady = {part: _steady(wanted[part], seen[part]) for part in seen if part.sort is Sort.NAT and part in wanted}
    return {part: _alive(value, {one.id for one in gone}) for part, value in seen.items()} | deleted | steady


def _leads_to(nat_id: str, parts: Parts) -> bool:
    return any(part.sort is Sort.ROUTE and value.target.id == nat_id for part, value in parts.items())


def _deleted(nat: NatGateway) -> NatGateway:
    """AWS lists a deleted NAT gateway for about an hour, and then no more: one drift, from its first moment.

    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html
    """
    return nat.model_copy(update={"state": "deleted", "failure_message": None})


def _alive(value: Any, gone: set[str]) -> Any:
    """A route is a blackhole because its gateway is gone: the gateway tells it."""
    dead = isinstance(value, Route) and value.state == "blackhole" and value.target.id in gone
    return value.model_copy(update={"state": "active"}) if dead else value


def _steady(wanted: NatGateway, seen: NatGateway) -> NatGateway:
    if seen.state in ("deleting", "deleted"):
        return wanted if wanted.state == "deleted" else _deleted(wanted)
    gained, lost = seen.public_ips - wanted.public_ips, wanted.public_ips - seen.public_ips
    if seen.self_scaling and wanted.self_scaling and gained and not lost:
        return _with_addresses_of(wanted, seen)  # AWS adds addresses as it needs them
    if seen.public_ips and lost and not gained and lost <= _draining(seen):
        return _with_addresses_of(wanted, seen)  # connections still leave by it; told when it has gone
    return seen if gained or lost else _with_addresses_of(wanted, seen)


def _draining(nat: NatGateway) -> set[str | None]:
    return {one.public_ip for one in nat.nat_gateway_addresses if one.status == "disassociating"}


def _with_addresses_of(wanted: NatGateway, seen: NatGateway) -> NatGateway:
    return seen.model_copy(update={"nat_gateway_addresses": wanted.nat_gateway_addresses})
