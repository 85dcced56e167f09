"""What IAM says of the roles that a request names."""

from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.domain.account.facts import Role, role_name
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACTIONS = frozenset({"iam:GetRole"})


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
