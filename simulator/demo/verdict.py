"""Whether the demo showed what it is there to show; read off the run, against the world that it ran in."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

PROOFS = ("BeforeCreate", "OnNodes")
ROLES = {"controller-group": "controller", "worker-group": "worker"}  # instance group → role in the reference network


def failings(run: Mapping[str, Any], world: Mapping[str, Any]) -> list[str]:
    """What did not come out as promised; empty: each group seen from its own NAT gateway's address, by both proofs."""
    return [*_state(run), *_addresses(run, world)]


def _state(run: Mapping[str, Any]) -> Iterator[str]:
    if run["State"] != "Provisioned":
        yield f"the run ended as {run['State']}: {run['CauseDetail'] or run['Findings']}"


def _addresses(run: Mapping[str, Any], world: Mapping[str, Any]) -> Iterator[str]:
    seen = {(row["InstanceGroupName"], row["Via"]): row for row in run["Egress"]}
    for (group, role), via in product(ROLES.items(), PROOFS):
        own = {"subnet": world["Subnets"][role], "addresses": [world["PublicIps"][role]]}
        row = seen.get((group, via))
        found = row and {"subnet": row["SubnetId"], "addresses": row["ObservedPublicIps"]}
        if found != own:
            yield f"{group} should have been seen from {own} ({via}), and was from {found}"
