"""Session Manager: sessions are started, opened and terminated, each of them once.

The client must not repeat a call by itself: a StartSession that it repeats has no slot of the account's pace, and
starts a second session when only the first one's answer was lost.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.aws.data_channel import DataChannel, NotOpened
from control_plane.aws.signature import signed_headers
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable, CallFailed
from control_plane.session.stream_url import WrongStreamUrl, read_stream_url

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_ssm import SSMClient

ACTIONS = frozenset({"ssm:StartSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"})

# What TerminateSession says of a session that is over, or was.
GONE = frozenset({"DoesNotExistException", "ValidationException"})


@dataclass(frozen=True)
class Session:
    session_id: str
    url: str = field(repr=False)
    token: str = field(repr=False)


class Sessions:
    def __init__(
        self, ssm: "SSMClient", credentials: "Credentials | None", document: str, *, now: Callable[[], float]
    ) -> None:
        """
        Args:
            ssm: with one attempt a call.
            credentials: the client's own, to sign the channels with.
            document: of type Session, and with the sessionType NonInteractiveCommands.
        """
        self._ssm, self._credentials, self._document, self._now = ssm, credentials, document, now
        self._tls = ssl.create_default_context()
        # Against a simulated AWS its channels too are on this machine.
        self._loopback = ssm.meta.endpoint_url.startswith(("http://127.0.0.1:", "http://localhost:"))

    def start(self, target: str, parameters: Mapping[str, str], reason: str) -> Session:
        """Start a session; whose channel is to be opened at once: its agent waits 15 seconds for the handshake.

        Raises:
            AwsRefused: ``TargetNotConnected``, ``InvalidDocument``, ...
            AwsUnavailable: ``ThrottlingException``, ...; without an answer there may be a session, which ends itself.
        """
        with calling("ssm:StartSession"):
            answer = self._ssm.start_session(
                Target=target,
                DocumentName=self._document,
                Parameters={name: [value] for name, value in parameters.items()},
                Reason=reason,
            )
        return Session(answer["SessionId"], answer["StreamUrl"], answer["TokenValue"])

    def open(self, session: Session) -> DataChannel:
        region = self._ssm.meta.region_name
        try:
            url = read_stream_url(session.url, session_id=session.session_id, region=region, loopback=self._loopback)
            headers = signed_headers(url, region, self._credentials)
            return DataChannel.open(url, headers, self._tls, self._now)
        except (WrongStreamUrl, NotOpened) as error:
            raise _in_our_words("ssmmessages:OpenDataChannel", error) from error

    def terminate(self, session_id: str) -> None:
        """End a session, and what its command still does; harmless if it is over."""
        try:
            self._terminate(session_id)
        except AwsUnavailable:
            self._terminate(session_id)

    def _terminate(self, session_id: str) -> None:
        try:
            with calling("ssm:TerminateSession"):
                self._ssm.terminate_session(SessionId=session_id)
        except AwsRefused as error:
            if error.code not in GONE:
                raise


def _in_our_words(action: str, error: WrongStreamUrl | NotOpened) -> CallFailed:
    if isinstance(error, WrongStreamUrl):
        return AwsRefused(action, "WrongStreamUrl", str(error))
    code = str(error.status or error.reason)
    if error.status in (401, 403):
        return AccessDenied(action, code, "the upgrade of the connection was refused")
    return AwsUnavailable(action, code, "the connection could not be opened")
