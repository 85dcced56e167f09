"""What a cluster names and no rule judges: which policies its roles have, and what its scripts hold.

Names of policies do not say whether nodes may do what they need, and no script is read. But what was there when the
cluster was accepted worked: a policy or a script that has gone is worth a warning. One policy more is told mildly: it
stops nothing unless it denies, but the role may do more than anybody has looked at.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from control_plane.domain.account.facts import Facts, role_name
from control_plane.domain.account.lifecycle import S3Object
from control_plane.domain.drift.told import Told
from control_plane.domain.findings import Severity
from control_plane.domain.wire import rfc3339

ATTACH = "aws iam attach-role-policy --role-name {role} --policy-arn {policy}"
DETACH = "aws iam detach-role-policy --role-name {role} --policy-arn {policy}"
PUT = "aws iam put-role-policy --role-name {role} --policy-name {policy} --policy-document file://{policy}.json"
DELETE = "aws iam delete-role-policy --role-name {role} --policy-name {policy}"


class Changed(NamedTuple):
    subject: str  # a role's ARN, a script's URI
    aspect: str
    told: Told
    effect: str  # to be read after "nothing for egress, but "
    severity: Severity
    since: datetime | None = None


def changed(was: Facts, now: Facts, cluster_name: str) -> Iterator[Changed]:
    """What differs between two reads. Both know the same roles and scripts, see `sides`."""
    yield from _policies(was.attached_policies, now.attached_policies, give=ATTACH, take=DETACH)
    yield from _policies(was.inline_policies, now.inline_policies, give=PUT, take=DELETE)
    yield from _scripts(was, now, cluster_name)


Policies = Mapping[str, tuple[str, ...]]


def _policies(was: Policies, now: Policies, *, give: str, take: str) -> Iterator[Changed]:
    for arn in sorted(was):
        role, trail = role_name(arn), (f"role/{role_name(arn)}",)
        before, after = set(was[arn]), set(now[arn])
        for policy in sorted(before - after):
            told = Told(policy, "gone", give.format(role=role, policy=policy), trail)
            effect = f"role/{role} no longer has the policy {_short(policy)}: what is done in its name may be denied"
            yield Changed(arn, policy, told, effect, Severity.WARNS)
        for policy in sorted(after - before):
            told = Told("not there", policy, take.format(role=role, policy=policy), trail)
            effect = f"role/{role} has one policy more, {_short(policy)}: it may do more, or less where that denies"
            yield Changed(arn, policy, told, effect, Severity.INFO)


def _short(policy: str) -> str:
    return policy.rpartition("/")[2]


def _scripts(was: Facts, now: Facts, cluster_name: str) -> Iterator[Changed]:
    """The same content uploaded again is another moment, and no other script."""
    for uri, before in sorted(was.lifecycle_contents.items()):
        after = now.lifecycle_contents[uri]
        if after.e_tag != before.e_tag:
            told = Told(_etag(before.e_tag), _etag(after.e_tag), _put_back(uri, before.last_modified, cluster_name))
            effect = f"nodes that come from now on run another {_short(uri)} than was checked"
            yield Changed(uri, "content", told, effect, Severity.WARNS, since=after.last_modified)


def _etag(e_tag: str) -> str:
    return "ETag " + e_tag.strip('"')


def _put_back(uri: str, at: datetime, cluster_name: str) -> str:
    file = S3Object.of(uri)
    find = f" (aws s3api list-object-versions --bucket {file.bucket} --prefix {file.key})" if file else ""
    accept = f"accept it with a reason: PUT /clusters/{cluster_name}/baseline"
    return f"Put back the version of {rfc3339(at)}{find}, or {accept}"
