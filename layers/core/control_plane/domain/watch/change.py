"""A change that CloudTrail tells of: who did what, when, and to which resources.

The records of EC2's calls are irregular: ids are looked for wherever they stand.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from control_plane.domain.wire import Moment, Wire

RESOURCE = re.compile(
    r"(acl|aclassoc|eigw|eipalloc|eipassoc|eni|igw|nat|pcx|pl|rtb|rtbassoc|sg|subnet|tgw|vgw|vpc|vpce)-[0-9a-f]{8,17}"
)
NAMED = {"roleName": "role/", "clusterName": "cluster/"}  # IAM's and SageMaker's calls say names
# Seconds until CloudTrail has told of a change, mostly; it promises none.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
HEARSAY = 240
SHOWN = 200  # characters of a name that others may choose


class Change(Wire):
    by: str
    event_name: str
    at: Moment

    @property
    def words(self) -> str:
        return f"{self.by} ({self.event_name})"


def change_in(detail: Mapping[str, Any]) -> Change:
    return Change(
        by=_who(detail.get("userIdentity") or {})[:SHOWN],
        event_name=str(detail.get("eventName"))[:SHOWN],
        at=datetime.fromisoformat(str(detail.get("eventTime")).replace("Z", "+00:00")),
    )


def _who(identity: Mapping[str, Any]) -> str:
    """The role, where a session of one did it: "role/ops".

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    arn = str(issuer.get("arn") or identity.get("arn") or "")
    return arn.rpartition(":")[2] or str(identity.get("invokedBy") or identity.get("type") or "somebody")


def resources_in(detail: Mapping[str, Any]) -> set[str]:
    """Ids of EC2 resources in what was asked for, and in what was answered; "role/x" and "cluster/x" by name.

    >>> sorted(resources_in({"requestParameters": {"routeTableId": "rtb-0123456789abcdef0", "roleName": "hyperpod"}}))
    ['role/hyperpod', 'rtb-0123456789abcdef0']
    """
    asked = detail.get("requestParameters") or {}
    named = {f"{kind}{str(asked[key]).rpartition('/')[2]}" for key, kind in NAMED.items() if asked.get(key)}
    return named | {*ids_in(asked), *ids_in(detail.get("responseElements"))}


def ids_in(part: Any) -> Iterator[str]:
    if isinstance(part, str) and RESOURCE.fullmatch(part):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from ids_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from ids_in(value)
