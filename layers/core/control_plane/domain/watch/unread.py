"""What could not be read, told as what it is: nothing is known of it. It is no drift, and hides none that stands."""

from hashlib import sha256

from control_plane.domain.account.facts import NotRead
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity


def unread(one: NotRead) -> Drift:
    """Told once, as long as it is about the same read; and that it is over, when it can be read again."""
    return Drift(
        fingerprint=sha256(f"{Kind.UNREAD}|{one.action}".encode()).hexdigest()[:16],
        kind=Kind.UNREAD,
        subject=one.action,
        instance_group_names=(),
        was="read",
        is_=one.reason,
        effect=f"Whether anything has changed cannot be told: {one.action} was not answered.",
        severity=Severity.UNKNOWN,
        remedy=f"Grant {one.action} to the watcher's role, or look by hand: {one.by_hand}",
    )
