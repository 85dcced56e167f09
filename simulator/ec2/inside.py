"""Clients for the world's own looking around: AWS-shaped answers from moto's state, past the door and its records."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from moto.core.botocore_stubber import BotocoreStubber

# Whatever the environment says, these never leave the process.
_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]  # botocore has it, its stubs do not
)


@cache
def client(service: str, region: str) -> Any:
    """A boto3 client for this process's own moto; it goes on working when moto's state is replaced."""
    session = boto3.Session("the-world", "needs-no-secret", region_name=region)
    made = session.client(service, config=_CONFIG)  # type: ignore[call-overload]  # the stubs want a literal
    made.meta.events.register("before-send", _answer)
    return made


_answer = BotocoreStubber()
_answer.enabled = True
