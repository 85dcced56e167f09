"""A call with its parameters, and the register of what calls need to be allowed: actions, resources, condition keys.

Sources: the page of each service (its actions, the resource types they require, their condition keys and dependent
actions) below
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from simulator.context import ACCOUNT, REGION
from simulator.iam.conditions import Keys
from simulator.iam.policies import Ask
from simulator.iam.resources import Resources
from simulator.operations import Call

PREFIXES = {"stepfunctions": "states"}  # where an action's prefix is not the client's name


@dataclass(frozen=True)
class Asked:
    """A call with its parameters."""

    call: Call
    environ: dict[str, Any]
    body: bytes

    @property
    def action(self) -> str:
        return f"{PREFIXES.get(self.call.service, self.call.service)}:{self.call.operation}"

    @cached_property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @cached_property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    def numbered(self, name: str) -> list[str]:
        """The values of ``<name>.1``, ``<name>.2``, ..."""
        return [value for key, value in self.form.items() if key.startswith(f"{name}.") and key.count(".") == 1]

    @property
    def place(self) -> tuple[str, str]:
        """Bucket and key of a call to S3, whose path names them."""
        bucket, _, key = unquote(self.environ["PATH_INFO"]).lstrip("/").partition("/")
        return bucket, key


Asks = Callable[[Asked, Resources], Iterable[Ask]]
ASKS: dict[str, Asks] = {}


def on(*names: str) -> Callable[[Asks], Asks]:
    def register(describe: Asks) -> Asks:
        ASKS.update(dict.fromkeys(names, describe))
        return describe

    return register


def keys(values: Mapping[str, Sequence[str]]) -> Keys:
    return lambda key: values.get(key, ())


def tag_keys(prefix: str, tags: Mapping[str, str]) -> dict[str, Sequence[str]]:
    return {f"{prefix}/{name}": (value,) for name, value in tags.items()}


def arn(service: str, resource: str, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def passing(role: str, service: str) -> Ask:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    return Ask("iam:PassRole", role, keys({"iam:PassedToService": (service,)}))
