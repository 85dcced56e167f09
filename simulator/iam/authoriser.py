"""Judges each call of a deployed function by the policies that its role has at that moment."""

from collections.abc import Iterator, Sequence
from typing import Any

from moto.iam.models import Role, iam_backends

from simulator.cloudformation.deploy import Deployed
from simulator.cloudformation.registry import NotModelledError
from simulator.context import ACCOUNT
from simulator.hyperpod.service import HyperPod
from simulator.iam import ec2, services, sessions, stores  # noqa: F401 (they register what calls need)
from simulator.iam.calls import ASKS, Asked
from simulator.iam.ledger import Ledger
from simulator.iam.policies import EVERYTHING, Ask, Grant, Grants, allowing, grants_of
from simulator.iam.resources import GLOBAL, Resources
from simulator.operations import Call, Refusal
from simulator.responses import denied


class Authoriser:
    def __init__(self, plane: Deployed, hyperpod: HyperPod, ledger: Ledger) -> None:
        """
        Raises:
            NotModelledError: a function's role says something that is not read here.
        """
        self._ledger, self._resources = ledger, Resources(hyperpod)
        named = plane.physical("AWS::IAM::Role") | plane.physical("AWS::IAM::ManagedPolicy")
        self._logical = {name: logical_id for logical_id, name in named.items()}
        self._role_of = _roles_of_functions(plane)
        for name in set(self._role_of.values()):
            list(self._policies(name))

    def judge(self, call: Call, environ: dict[str, Any], body: bytes) -> Refusal | None:
        """Why a call is refused; None if it is allowed, or nobody's whom a role of this stack speaks for."""
        role = self._role_of.get(call.caller)
        if role is None:
            return None
        try:
            refused = self._refused(role, Asked(call, environ, body))
        except NotModelledError as lack:
            self._ledger.refuse(str(lack))
            return Refusal("NotModelled", str(lack))
        if refused is None:
            return None
        told = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{call.caller} is not authorized to perform: {refused}"
        self._ledger.refuse(told)
        opening = "You are not authorized to perform this operation. " if call.service == "ec2" else ""
        return denied(call.service, opening + told)

    def role_of(self, caller: str) -> str:
        """The role that a function acts in, by physical names; anybody else goes by the name of theirs."""
        return self._role_of.get(caller, caller)

    def _refused(self, role: str, asked: Asked) -> str | None:
        """The first of all that a call needs that no statement allows, or that one denies; and which of both."""
        policies = list(self._policies(role))
        self._ledger.called()
        for ask in asks_of(asked, self._resources):
            said = [grant for grants in policies for grant in grants.get(ask.action.lower(), ())]
            if (grant := allowing(said, ask)) is None:
                return _told(ask, said)
            self._ledger.allow(grant.place)
        return None

    def _policies(self, name: str) -> Iterator[Grants]:
        role, logical_id = iam_backends[ACCOUNT][GLOBAL].get_role(name), self._logical[name]
        for policy, document in _documents(role):
            yield grants_of(logical_id, self._logical.get(policy, policy), document)


def asks_of(asked: Asked, resources: Resources) -> list[Ask]:
    """All that a call needs. One that is not described here is asked for on everything there is."""
    describe = ASKS.get(asked.call.name)
    return list(describe(asked, resources)) if describe else [Ask(asked.action, EVERYTHING)]


def _roles_of_functions(plane: Deployed) -> dict[str, str]:
    """Each function's role, by physical names."""
    of_template = plane.template["Resources"]
    roles = plane.physical("AWS::IAM::Role")
    return {
        name: roles[of_template[logical_id]["Properties"]["Role"]["Fn::GetAtt"][0]]
        for logical_id, name in plane.physical("AWS::Lambda::Function").items()
    }


def _documents(role: Role) -> Iterator[tuple[str, str]]:
    """Its policies by name, those attached by ARN."""
    yield from [*role.policies.items()]
    for arn, policy in [*role.managed_policies.items()]:
        yield arn, next(version.document for version in policy.versions if version.is_default)


def _told(ask: Ask, said: Sequence[Grant]) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
    denied = any(grant.covers(ask) and not grant.allows for grant in said)
    why = (
        "with an explicit deny in an identity-based policy"
        if denied
        else f"because no identity-based policy allows the {ask.action} action"
    )
    return f"{ask.action} on resource: {ask.resource} {why}"
