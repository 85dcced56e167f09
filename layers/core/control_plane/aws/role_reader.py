"""What IAM says of the roles that a request names."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.aws.reading import Reading
from control_plane.domain.account.facts import Facts, Role, role_name
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

TRUST = frozenset({"iam:GetRole"})
POLICIES = frozenset({"iam:ListAttachedRolePolicies", "iam:ListRolePolicies"})
ACTIONS = TRUST | POLICIES


def read_role(iam: "IAMClient", arn: str) -> Role | None:
    """Read the role of this ARN. None: there is none, or one of that name with another path or in another account."""
    try:
        with calling("iam:GetRole"):
            role = Role.model_validate(iam.get_role(RoleName=role_name(arn))["Role"])
    except AwsRefused as refusal:
        if refusal.code == "NoSuchEntity":
            return None
        raise
    return role if role.arn == arn else None


def with_policies(iam: "IAMClient", facts: Facts) -> Facts:
    """These facts, and which policies each of their roles has.

    Raises:
        AwsUnavailable: AWS was busy; nothing was changed, so all of it can be asked again.
    """
    reading, arns = Reading(), sorted(arn for arn, role in facts.roles.items() if role)

    def each(read: Callable[["IAMClient", str], tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        tries = {arn: reading.attempt(partial(read, iam, arn), subject=arn, whole=False) for arn in arns}
        return {arn: found for arn, answers in tries.items() for found in answers}

    policies = {"attached_policies": each(_attached), "inline_policies": each(_inline)}
    return facts.model_copy(update={**policies, "unread": facts.unread + reading.unread})


def _attached(iam: "IAMClient", arn: str) -> tuple[str, ...]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name(arn))
    with calling("iam:ListAttachedRolePolicies"):
        return tuple(sorted(one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]))


def _inline(iam: "IAMClient", arn: str) -> tuple[str, ...]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role_name(arn))
    with calling("iam:ListRolePolicies"):
        return tuple(sorted(name for page in pages for name in page["PolicyNames"]))
