"""May a role do this, and does it trust that service? As much of IAM as the world's own services ask for.

Statements with conditions count as if the condition held; boundaries, session and organisation policies are not read.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from simulator.ec2.inside import client

EC2 = "ec2.amazonaws.com"


def profile_may(profile_arn: str, actions: Iterable[str], region: str) -> bool:
    """Whether the profile's role trusts EC2 and has every one of the actions."""
    iam = client("iam", region)
    try:
        profile = iam.get_instance_profile(InstanceProfileName=profile_arn.rpartition("/")[2])["InstanceProfile"]
    except ClientError:
        return False
    return any(
        trusts(role, EC2) and _may(list(_statements(iam, role["RoleName"])), actions) for role in profile["Roles"]
    )


def trusts(role: Mapping[str, Any], service: str) -> bool:
    """Whether a role, as GetRole shows it, lets the service assume it."""
    statements = _listed(role["AssumeRolePolicyDocument"]["Statement"])
    return any(
        statement["Effect"] == "Allow" and service in _listed(_principal(statement).get("Service", []))
        for statement in statements
    )


def _principal(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal", {})
    return principal if isinstance(principal, Mapping) else {}


def _may(statements: list[Mapping[str, Any]], actions: Iterable[str]) -> bool:
    return all(_decide(statements, action) for action in actions)


def _decide(statements: list[Mapping[str, Any]], action: str) -> bool:
    """A deny beats every allow; what nobody mentions is denied."""
    effects = {statement["Effect"] for statement in statements if _names(statement, action)}
    return effects == {"Allow"}


def _names(statement: Mapping[str, Any], action: str) -> bool:
    patterns = [str(pattern).lower() for pattern in _listed(statement.get("Action", []))]
    return any(fnmatchcase(action.lower(), pattern) for pattern in patterns)


def _statements(iam: Any, role: str) -> Iterator[Mapping[str, Any]]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from _listed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        yield from _listed(document["Statement"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
