"""Slack's incoming webhook. Its URL is a password: it stands in no error, no log line and no event.

urllib.request and not urllib3, which logs the path of every request at DEBUG.
Answers: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
Pace, 429 and Retry-After: https://docs.slack.dev/apis/web-api/rate-limits
"""

import json
import re
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

from control_plane.aws.secrets import read_secret
from control_plane.errors import ControlPlaneError, Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

WEBHOOK = re.compile(r"https://hooks\.slack(-gov)?\.com/[!-~]+")
TIMEOUT = 3.0  # seconds for each of connecting, the handshake, and the answer
PAUSES = (1.0, 2.0)  # seconds before the second and the third try
PATIENCE = 20.0  # seconds of pauses together: with three tries this stays within the function's 60 seconds


class SlackUnavailable(ControlPlaneError):
    """Slack did not answer, or asked us to come again; whether it took the message may not be known."""


class SlackRefused(ControlPlaneError):
    """Slack understood and said no; asking again changes nothing."""


@dataclass(frozen=True)
class Answer:
    """What came of one try. `status` 0: no answer; `word` then names the error, else it is Slack's own word."""

    status: int
    word: str
    retry_after: float | None = None  # seconds

    def __str__(self) -> str:
        return f"{self.status} {self.word}" if self.status else self.word


class AsAnswered(urllib.request.HTTPErrorProcessor):
    """Hand over each answer as it came: no redirect is followed, and no error of urllib's made: it holds the URL."""

    def https_response(self, _request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:
        return response


class Slack:
    def __init__(
        self,
        secretsmanager: "SecretsManagerClient",
        secret_arn: str,
        *,
        now: Callable[[], datetime],
        opener: urllib.request.OpenerDirector | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """The secret holds the webhook's URL, plain or as ``{"url": …}``; without an opener HTTPS_PROXY is honoured."""
        self._secretsmanager, self._secret_arn, self._now, self._sleep = secretsmanager, secret_arn, now, sleep
        self._opener = opener or urllib.request.build_opener(AsAnswered)

    def post(self, message: dict[str, Any]) -> None:
        """Post a message, asking again a few times where that may help.

        Raises:
            SlackRefused: the webhook is revoked, its channel archived, or the message malformed.
            SlackUnavailable: Slack did not take it in time; a later try may.
        """
        url = self._webhook()
        body, left = json.dumps(message).encode(), PATIENCE
        for pause in (*PAUSES, None):
            answer = self._try(url, body)
            if answer.status == 200:
                return
            if 0 < answer.status < 500 and answer.status != 429:
                raise SlackRefused(
                    f"Slack refused the message: {answer}. Unless it is 400, renew the webhook in {self._secret_arn}."
                )
            wait = answer.retry_after or pause
            if pause is None or wait is None or wait > left:
                break
            self._sleep(wait)
            left -= wait
        raise SlackUnavailable(f"Slack did not take the message: {answer}. It is tried again later.")

    def _try(self, url: str, body: bytes) -> Answer:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 (_webhook allows https to Slack only)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                return _answer(response)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            return Answer(0, type(reason).__name__)  # the name alone: the text can hold the URL

    def _webhook(self) -> str:
        url = _url_in(read_secret(self._secretsmanager, self._secret_arn, self._now()).strip())
        if not WEBHOOK.fullmatch(url):
            raise Misconfigured(f'Store https://hooks.slack.com/… in {self._secret_arn}, plain or as {{"url": …}}.')
        return url


def _url_in(secret: str) -> str:
    if not secret.startswith("{"):
        return secret
    try:
        return str(json.loads(secret).get("url"))
    except ValueError:  # its text holds the secret
        return ""


def _answer(response: HTTPResponse) -> Answer:
    if response.status == 200:  # taken, whatever becomes of the rest of the answer
        return Answer(200, "ok")
    return Answer(response.status, _word(response.read(100)), _seconds(response.headers.get("Retry-After")))


def _word(body: bytes) -> str:
    """Slack's reason ("no_service"); anything longer is not Slack's, and could repeat the URL."""
    word = body.decode("ascii", "replace").strip()
    return word if re.fullmatch("[a-z_]{1,60}", word) else "(no reason given)"


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and re.fullmatch("[0-9]{1,6}", retry_after) else None
