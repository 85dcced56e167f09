"""Conditions of a statement, and the keys that a call is known to have.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.cloudformation.registry import NotModelledError

Keys = Callable[[str], Sequence[str]]  # the values that a call has for a key; none: the key is absent
Holds = Callable[[Sequence[str], Sequence[str]], bool]  # what the call has, what the policy wants

# Keys that `calls` fills in where AWS does; what ends with a slash is followed by a tag's name.
KNOWN = (
    "aws:RequestTag/", "aws:ResourceAccount", "aws:ResourceTag/", "dynamodb:LeadingKeys", "ec2:CreateAction",
    "ec2:InstanceType", "ec2:Owner", "iam:AWSServiceName", "iam:PassedToService", "sagemaker:TaggingAction",
    "ssm:SessionDocumentAccessCheck", "ssm:resourceTag/",
)  # fmt: skip


def like(pattern: str) -> re.Pattern[str]:
    """What a pattern with ``*`` and ``?`` matches; nothing else in it is special."""
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _equal(has: str, wanted: Sequence[str]) -> bool:
    return has in wanted


def _like(has: str, wanted: Sequence[str]) -> bool:
    return any(like(pattern).fullmatch(has) for pattern in wanted)


def _absent(has: Sequence[str], wanted: Sequence[str]) -> bool:
    return [str(not has).lower()] == [*wanted]


def _any(one: Callable[[str, Sequence[str]], bool]) -> Holds:
    return lambda has, wanted: any(one(value, wanted) for value in has)


def _all(one: Callable[[str, Sequence[str]], bool]) -> Holds:
    return lambda has, wanted: all(one(value, wanted) for value in has)


def _if_exists(holds: Holds) -> Holds:
    return lambda has, wanted: not has or holds(has, wanted)


OPERATORS: dict[str, Holds] = {
    "StringEquals": _any(_equal),
    "StringLike": _any(_like),
    "ForAllValues:StringEquals": _all(_equal),
    "ForAllValues:StringLike": _all(_like),
    "BoolIfExists": _if_exists(_any(_equal)),
    "Null": _absent,
}


@dataclass(frozen=True)
class Condition:
    key: str
    wanted: tuple[str, ...]
    operator: Holds

    def holds(self, keys: Keys) -> bool:
        return self.operator(keys(self.key), self.wanted)


def conditions(written: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Read the Condition of a statement.

    Raises:
        NotModelledError: an operator, a key or a policy variable that is not known here.
    """
    return tuple(
        Condition(_known(key), tuple(_constant(value) for value in _listed(wanted)), _operator(name))
        for name, by_key in written.items()
        for key, wanted in by_key.items()
    )


def _operator(name: str) -> Holds:
    if name not in OPERATORS:
        raise NotModelledError(f"The simulator reads no condition operator {name}.")
    return OPERATORS[name]


def _known(key: str) -> str:
    if not any(key == known or (known.endswith("/") and key.startswith(known)) for known in KNOWN):
        raise NotModelledError(f"The simulator knows no condition key {key}.")
    return key


def _constant(value: str) -> str:
    if "${" in value:
        raise NotModelledError(f"The simulator fills in no policy variables: {value}")
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
