"""How often EC2 has been changed: who looks twice in one moment, with no change between, sees the same."""

_count = 0


def note() -> None:
    """Say that something was changed, or is about to be: a look from the middle of a change holds for nobody else."""
    global _count  # noqa: PLW0603 (one EC2 in a process, as moto has it)
    _count += 1


def count() -> int:
    return _count
