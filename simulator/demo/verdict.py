"""Whether the demo showed what it is there to show; read off the run, against the world that it ran in."""

from collections.abc import Iterator, Mapping
from typing import Any

ROLES = {"controller-group": "controller", "worker-group": "worker"}  # instance group → role in the reference network


def failings(run: Mapping[str, Any], world: Mapping[str, Any]) -> list[str]:
    """What did not come out as promised; empty: two groups, each seen from its own NAT gateway's address."""
    return [*_state(run), *_addresses(run, world)]


def _state(run: Mapping[str, Any]) -> Iterator[str]:
    if run["State"] != "Provisioned":
        yield f"the run ended as {run['State']}: {run['CauseDetail'] or run['Findings']}"


def _addresses(run: Mapping[str, Any], world: Mapping[str, Any]) -> Iterator[str]:
    seen = {row["InstanceGroupName"]: row for row in run["Egress"]}
    for group, role in ROLES.items():
        own = {"subnet": world["Subnets"][role], "addresses": [world["PublicIps"][role]]}
        row = seen.get(group)
        found = row and {"subnet": row["SubnetId"], "addresses": row["ObservedPublicIps"]}
        if found != own:
            yield f"{group} should have been seen from {own}, and was from {found}"
