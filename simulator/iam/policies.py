"""A policy document, read: what each of its statements says of one action on one resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.cloudformation.registry import NotModelledError
from simulator.iam.conditions import Condition, Keys, conditions, like
from simulator.iam.ledger import Place

READ = {"Sid", "Effect", "Action", "Resource", "Condition"}
EVERYTHING = "*"


@dataclass(frozen=True)
class Ask:
    """One of the things that a call needs to be allowed: this action on this resource."""

    action: str
    resource: str  # an ARN; "*" stands for whatever there is, which only a grant on "*" covers
    keys: Keys = lambda _key: ()


@dataclass(frozen=True)
class Grant:
    """What one statement says of one action on one resource; a denial is no grant, but is written alike."""

    place: Place
    allows: bool
    resource: str
    conditions: tuple[Condition, ...]

    def covers(self, ask: Ask) -> bool:
        return _covers(self.resource, ask.resource) and all(each.holds(ask.keys) for each in self.conditions)


Grants = Mapping[str, tuple[Grant, ...]]  # by action, in lower case: IAM's actions know no other


@lru_cache(maxsize=1024)
def grants_of(role: str, policy: str, document: str) -> Grants:
    """Read a policy of a role.

    Raises:
        NotModelledError: it says something that is not read here, and might change what it allows.
    """
    found: dict[str, tuple[Grant, ...]] = {}
    for number, statement in enumerate(_listed(json.loads(document)["Statement"])):
        if unread := sorted(statement.keys() - READ):
            raise NotModelledError(f"{role}, {policy}: the simulator does not read {', '.join(unread)}.")
        for action, grant in _grants(role, policy, number, statement):
            found[action.lower()] = (*found.get(action.lower(), ()), grant)
    return found


def _grants(role: str, policy: str, number: int, statement: dict[str, Any]) -> Iterator[tuple[str, Grant]]:
    asked = conditions(statement.get("Condition", {}))
    for action in _listed(statement["Action"]):
        if "*" in action or "?" in action:
            raise NotModelledError(f"{role}, {policy}: the simulator reads actions by name, not {action}.")
        for position, resource in enumerate(_listed(statement["Resource"])):
            place = Place(role, policy, number, action, position)
            yield action, Grant(place, statement["Effect"] == "Allow", resource, asked)


def allowing(said: Sequence[Grant], ask: Ask) -> Grant | None:
    """The first grant that covers it, unless one denies it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html

    Raises:
        NotModelledError: the call's resources are not known here, and to some of its grants they matter.
    """
    covering = [grant for grant in said if grant.covers(ask)]
    if covering and all(grant.allows for grant in covering):
        return covering[0]
    if said and ask.resource == EVERYTHING:
        raise NotModelledError(f"The simulator does not know on which resources {ask.action} is granted.")
    return None


@lru_cache(maxsize=65_536)
def _covers(pattern: str, arn: str) -> bool:
    """Part by part, so that no ``*`` of one part of an ARN reaches into the next; a resource's own part may be any.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if EVERYTHING in (pattern, arn):
        return pattern == EVERYTHING
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    pairs = zip(wanted, given, strict=False)
    return len(wanted) == len(given) and all(like(part).fullmatch(has) for part, has in pairs)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
