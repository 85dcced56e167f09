"""IAM: the roles exist and trust who uses them."""

from collections.abc import Iterator
from typing import Any

from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import Role
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.rulebook import checks

GET_ROLE = "iam:GetRole"
ASSUME = ("sts:AssumeRole", "sts:*", "*")
SAGEMAKER, HYPERPOD = "sagemaker.amazonaws.com", "hyperpod.sagemaker.amazonaws.com"
GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites-iam.html"

EXISTS = Rule(
    id="IAM-001",
    title="Every role that the request names exists.",
    severity=Severity.BLOCKS,
    reason="HyperPod makes the nodes' network interfaces, and the nodes their calls, with the execution role.",
    source=GUIDE,
)
TRUSTS_SAGEMAKER = Rule(
    id="IAM-002",
    title="Every execution role trusts sagemaker.amazonaws.com.",
    severity=Severity.BLOCKS,
    reason="SageMaker cannot assume a role that does not trust it.",
    source=GUIDE,
)
TRUSTS_HYPERPOD = Rule(
    id="IAM-003",
    title="The cluster role trusts hyperpod.sagemaker.amazonaws.com.",
    severity=Severity.BLOCKS,
    reason="Autoscaling assumes the cluster role, and by that name.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-eks-autoscaling-iam.html",
)


@checks(EXISTS, needs={GET_ROLE})
def judge_exists(case: Case) -> Iterator[Finding]:
    for arn, role in sorted(case.facts.roles.items()):
        if role is None:
            yield Finding.of(
                EXISTS,
                subject=arn,
                seen=f"there is no role {arn}",
                wanted="a role of this account",
                remedy="Correct the ARN, its account and path included, or create the role.",
            )


@checks(TRUSTS_SAGEMAKER, needs={GET_ROLE})
def judge_execution_roles(case: Case) -> Iterator[Finding]:
    named = sorted({group.execution_role for group in case.request.shape.groups})
    yield from _distrusting(case, TRUSTS_SAGEMAKER, named, SAGEMAKER)


@checks(TRUSTS_HYPERPOD, needs={GET_ROLE})
def judge_cluster_role(case: Case) -> Iterator[Finding]:
    role = case.request.shape.cluster_role
    yield from _distrusting(case, TRUSTS_HYPERPOD, [role] if role else [], HYPERPOD)


def _distrusting(case: Case, rule: Rule, arns: list[str], service: str) -> Iterator[Finding]:
    for arn in arns:
        role = case.facts.roles.get(arn)
        if role and not trusts(role, service):
            yield Finding.of(
                rule,
                subject=arn,
                seen=f"its trust policy does not let {service} call sts:AssumeRole",
                wanted=f"a statement that allows it to the service principal {service}",
                remedy=f"Add that statement to the trust policy of {arn}.",
            )


def trusts(role: Role, service: str) -> bool:
    """Whether a service may assume a role. A condition cannot be told beforehand: met on Allow, not on Deny."""
    statements = _many(role.assume_role_policy_document.get("Statement", []))
    about = [one for one in statements if _names(one, service)]
    denied = any(one.get("Effect") == "Deny" and not one.get("Condition") for one in about)
    return not denied and any(one.get("Effect") == "Allow" for one in about)


def _names(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal", {})
    services = ["*"] if principal == "*" else _many(principal.get("Service", []))
    return bool({service, "*"} & set(services)) and bool(set(ASSUME) & set(_many(statement.get("Action", []))))


def _many(value: Any) -> list[Any]:
    """A policy writes one of anything without its brackets."""
    return value if isinstance(value, list) else [value]
