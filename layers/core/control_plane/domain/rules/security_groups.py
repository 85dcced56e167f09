"""EFA: nodes of one cluster may talk to each other, in the one form that EFA accepts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from control_plane.domain.account.case import Case, Placement, who
from control_plane.domain.account.instance_types import efa_capable
from control_plane.domain.account.network import IpPermission, SecurityGroup
from control_plane.domain.account.packet_filters import ALL_PROTOCOLS
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.rulebook import checks

GROUPS = "ec2:DescribeSecurityGroups"

EFA_SELF = Rule(
    id="EFA-001",
    title="Every security group of an EFA group allows all traffic from and to itself, by its own id.",
    severity=Severity.BLOCKS,
    reason="HyperPod's EFA check fails without them, before any lifecycle script runs; 0.0.0.0/0 does not stand in.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-start.html",
)
SELF = Rule(
    id="EFA-002",
    title="Every security group allows all traffic from and to itself, by its own id.",
    severity=Severity.WARNS,
    reason="Schedulers and training jobs open connections between nodes on ports of their own choice.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html",
)


@checks(EFA_SELF, needs={GROUPS})
def judge_efa(case: Case) -> Iterator[Finding]:
    efa, _ = _users(case)
    yield from _without_self_rules(case, EFA_SELF, efa)


@checks(SELF, needs={GROUPS})
def judge_self(case: Case) -> Iterator[Finding]:
    efa, others = _users(case)
    yield from _without_self_rules(case, SELF, {group_id: others[group_id] for group_id in others.keys() - efa.keys()})


Users = dict[str, list[Placement]]


def _users(case: Case) -> tuple[Users, Users]:
    """Who uses each security group: EFA groups, and others."""
    efa: Users = defaultdict(list)
    others: Users = defaultdict(list)
    for placement in case.placements:
        for group_id in placement.security_group_ids:
            (efa if efa_capable(placement.group.instance_type) else others)[group_id].append(placement)
    return efa, others


def _without_self_rules(case: Case, rule: Rule, users: Users) -> Iterator[Finding]:
    for group in case.facts.network.security_groups:
        missing = _missing_directions(group)
        if group.group_id in users and missing:
            yield Finding.of(
                rule,
                subject=group.group_id,
                seen=f"no rule for all traffic {' or '.join(missing)} itself ({who(users[group.group_id])})",
                wanted=f"all traffic (-1) from {group.group_id} inbound, and to {group.group_id} outbound",
                remedy=f"Add both to {group.group_id}; its own id, not an address range, at the other end.",
            )


def _missing_directions(group: SecurityGroup) -> list[str]:
    """AWS folds rules of one protocol together: every pair of every permission counts, not the first."""
    directions = {"from": group.ip_permissions, "to": group.ip_permissions_egress}
    return [
        one for one, permissions in directions.items() if group.group_id not in _groups_for_all_traffic(permissions)
    ]


def _groups_for_all_traffic(permissions: Iterable[IpPermission]) -> set[str | None]:
    return {
        pair.group_id for one in permissions if one.ip_protocol == ALL_PROTOCOLS for pair in one.user_id_group_pairs
    }
