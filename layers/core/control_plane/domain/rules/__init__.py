"""The account's rules, a family a module. `docs/rules.md` is generated from them."""

from control_plane.domain.rules import addresses, cautions, egress, iam, lifecycle, name, network, path, security_groups
from control_plane.domain.rules.rulebook import CHECKS, judge

__all__ = [
    "CHECKS",
    "addresses",
    "cautions",
    "egress",
    "iam",
    "judge",
    "lifecycle",
    "name",
    "network",
    "path",
    "security_groups",
]
