"""What tells whether EC2 has been changed: who looks twice with no change between sees the same."""

_latest = object()


def note() -> None:
    """Say that something was changed, or is about to be: a look from the middle of a change holds for nobody else.

    Whatever changes EC2's state past its API has to call it. What time alone changes (a NAT gateway's life) needs none.
    """
    global _latest  # noqa: PLW0603 (one EC2 in a process, as moto has it)
    _latest = object()


def latest() -> object:
    """The same object for as long as nothing is changed; never one that was here before, in whatever thread."""
    return _latest
