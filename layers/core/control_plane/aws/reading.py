"""Reads that may be denied. What is denied is noted and left empty; nothing else fails because of it."""

from collections.abc import Callable
from typing import TypeVar

from control_plane.domain.account.facts import NotRead
from control_plane.errors import AccessDenied, AwsRefused

AnswerT = TypeVar("AnswerT")


class Reading:
    """One read pass over an account."""

    def __init__(self) -> None:
        self._unread: list[NotRead] = []

    @property
    def unread(self) -> tuple[NotRead, ...]:
        return tuple(self._unread)

    def attempt(self, read: Callable[[], AnswerT], *, subject: str, whole: bool = True) -> list[AnswerT]:
        """Read something.

        Args:
            read: the call; its errors are those of `calling`.
            subject: what it is about, as it is named to AWS.
            whole: whether all that this action tells is lost when it is denied, or only this subject's part.

        Returns:
            The one answer, or none, and a note, when it was denied or refused.

        Raises:
            AwsUnavailable: AWS was busy; the whole pass is worth another try.
        """
        try:
            return [read()]
        except (AccessDenied, AwsRefused) as refusal:
            reason = f"{refusal.code}: {refusal.message}"
            self._unread.append(NotRead(action=refusal.action, subject=subject, reason=reason, whole=whole))
            return []
