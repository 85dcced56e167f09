"""Secrets Manager, read when needed and kept for a minute at most."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ACTIONS = frozenset({"secretsmanager:GetSecretValue"})


def read_secret(secretsmanager: "SecretsManagerClient", arn: str, at: datetime) -> str:
    """The secret's text, one read a minute per container.

    Lambda's first retry comes after a minute (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html),
    so that what failed because the secret had been replaced does not fail again.
    """
    return _read(secretsmanager, arn, int(at.timestamp() // 60))


@lru_cache(maxsize=1)
def _read(secretsmanager: "SecretsManagerClient", arn: str, _minute: int) -> str:
    with calling("secretsmanager:GetSecretValue"):
        found = secretsmanager.get_secret_value(SecretId=arn)
    if "SecretString" not in found:
        raise Misconfigured(f"The secret {arn} holds bytes. Store it as text.")
    return found["SecretString"]
