"""What a request may accept knowingly."""

from collections.abc import Collection


def suppressible() -> Collection[str]:
    """The ids of the account's rules; imported only when a request names one, because few do."""
    from control_plane.domain.rules import CHECKS  # noqa: PLC0415

    return CHECKS
