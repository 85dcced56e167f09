"""Change moto where it does less than AWS, and put everything back."""

from collections.abc import Callable
from functools import partial
from typing import Any


class Patches:
    """Replaced attributes; one that no longer exists is an error, so that a new moto cannot silently undo us."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Replace `owner.name` and answer what was there."""
        before = vars(owner)[name]
        self._undo.append(partial(setattr, owner, name, before))
        setattr(owner, name, value)
        return before

    def put(self, mapping: Any, key: str, value: Any) -> None:
        """Replace `mapping[key]`."""
        self._undo.append(partial(mapping.__setitem__, key, mapping[key]))
        mapping[key] = value

    def undo(self) -> None:
        while self._undo:
            self._undo.pop()()
