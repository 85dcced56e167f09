"""One drift, as it goes out: by itself, so that whoever only tells of drift need not load what finds it."""

from enum import StrEnum
from hashlib import sha256

from control_plane.domain.findings import Severity
from control_plane.domain.wire import Moment, Wire


class Kind(StrEnum):
    """What has changed, by what it does."""

    EGRESS = "Egress"  # where a group's traffic leaves
    NETWORK = "Network"  # something else of the network that the cluster needs
    # Outside the network, a role or a script: a rule that held, or warned, now blocks; or it is not as it was checked.
    RULE = "Rule"
    CONFIGURATION = "Configuration"  # the cluster itself
    CLUSTER = "Cluster"  # it is gone, or another one has its name
    UNREAD = "Unread"  # nothing is known to have changed: it could not be read


class Drift(Wire):
    """One cause of a difference. The fingerprint is of what has changed, not of what it has become."""

    fingerprint: str  # 16 hex digits
    kind: Kind
    subject: str  # a resource's id or ARN, or a place in the cluster: "$.InstanceGroups[worker].ExecutionRole"
    instance_group_names: tuple[str, ...]
    was: str
    is_: str
    effect: str  # a sentence for people
    severity: Severity
    since: Moment | None = None
    by: str | None = None
    remedy: str  # a command or an instruction


def fingerprint(kind: Kind, subject: str, aspect: str = "") -> str:
    """
    >>> len(fingerprint(Kind.EGRESS, "rtb-1", "0.0.0.0/0"))
    16
    """
    return sha256("|".join((kind, subject, aspect)).encode()).hexdigest()[:16]
