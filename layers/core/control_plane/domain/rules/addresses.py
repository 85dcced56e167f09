"""ADDR: the subnets have addresses for the nodes."""

from collections import defaultdict
from collections.abc import Iterator

from control_plane.domain.account.case import Case
from control_plane.domain.account.instance_types import addresses_per_node
from control_plane.domain.cluster.shape import InstanceGroup
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.rulebook import checks

SUBNETS = "ec2:DescribeSubnets"
PREREQUISITES = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html"

ENOUGH = Rule(
    id="ADDR-001",
    title="A group's subnets together have addresses for its nodes.",
    severity=Severity.BLOCKS,
    reason="A node takes up to 81 addresses; when they run out, the create fails after its first nodes were paid for.",
    source=PREREQUISITES,
)
EACH_ENOUGH = Rule(
    id="ADDR-002",
    title="Every candidate subnet has addresses for all groups that may land in it.",
    severity=Severity.WARNS,
    reason="HyperPod picks the subnet: it may pick the one that is too small.",
    source=PREREQUISITES,
)
KNOWN_NEED = Rule(
    id="ADDR-003",
    title="It is known how many addresses a node of every group takes.",
    severity=Severity.UNKNOWN,
    reason="AWS publishes the number for some types only.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-eks-prerequisites.html",
)


def _per_node(case: Case, group: InstanceGroup) -> int | None:
    return addresses_per_node(group.instance_type, eks="Eks" in (case.request.shape.orchestrator or {}))


def _candidates(case: Case) -> dict[InstanceGroup, frozenset[str]]:
    """The existing subnets that each group may land in."""
    subnets: dict[InstanceGroup, set[str]] = defaultdict(set)
    for placement, subnet in case.seated:
        subnets[placement.group].add(subnet.subnet_id)
    return {group: frozenset(ids) for group, ids in subnets.items()}


@checks(ENOUGH, needs={SUBNETS})
def judge_enough(case: Case) -> Iterator[Finding]:
    """Groups confined to the same subnets need that much together; counted by what must come up at the least."""
    candidates, free = _candidates(case), _free(case)
    for subnets in sorted(set(candidates.values()), key=sorted):
        confined = [group for group, own in candidates.items() if own <= subnets]
        need = sum(_need(case, group, _least(group)) for group in confined)
        if need > sum(free[one] for one in subnets):
            yield Finding.of(
                ENOUGH,
                subject=", ".join(sorted(subnets)),
                seen=f"{sum(free[one] for one in subnets)} free addresses",
                wanted=f"{need}, for {_names(confined)}",
                remedy="Name larger subnets, or ask for fewer nodes.",
            )


@checks(EACH_ENOUGH, needs={SUBNETS})
def judge_each_enough(case: Case) -> Iterator[Finding]:
    candidates = _candidates(case)
    for subnet_id, free in _free(case).items():
        groups = [group for group, own in candidates.items() if subnet_id in own]
        need = sum(_need(case, group, group.instance_count) for group in groups)
        if need > free:
            yield Finding.of(
                EACH_ENOUGH,
                subject=subnet_id,
                seen=f"{free} free addresses",
                wanted=f"{need}, if {_names(groups)} land in it",
                remedy="Leave this subnet out, or give each group subnets of its own by OverrideVpcConfig.",
            )


@checks(KNOWN_NEED, needs=())
def judge_known_need(case: Case) -> Iterator[Finding]:
    for group in case.request.shape.groups:
        if _per_node(case, group) is None:
            look = f"aws ec2 describe-instance-types --instance-types {(group.instance_type or 'ml.…')[3:]}"
            yield Finding.of(
                KNOWN_NEED,
                subject=case.spot(group),
                seen=f"not known for {group.instance_type or 'several types'}; {group.instance_group_name} is left out",
                wanted="a published number",
                remedy=f"Count by hand, from NetworkInfo of: {look}",
            )


def _names(groups: list[InstanceGroup]) -> str:
    return ", ".join(group.instance_group_name for group in groups)


def _least(group: InstanceGroup) -> int:
    return group.instance_count if group.min_instance_count is None else group.min_instance_count


def _need(case: Case, group: InstanceGroup, count: int) -> int:
    return count * (_per_node(case, group) or 0)


def _free(case: Case) -> dict[str, int]:
    return {subnet.subnet_id: subnet.available_ip_address_count for subnet in case.facts.network.subnets}
