"""Sessions, by API and gateway: started once, opened where they are, terminated without fuss; secrets stay secret."""

import logging
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from control_plane.aws.sessions import Session, Sessions
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable, CallFailed
from tests.aws.gateway_on_loopback import Api, Gateway, api, gateway
from tests.session.agent import NOON

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

SESSION_ID = "ask-nodes-0a1b2c3d4e5f67890"
TOKEN = "AAEAAToken"  # noqa: S105 # a made-up one
CREDENTIALS = Credentials("ASIATESTING", "made-up", "made-up-session-token")
DOCUMENT = "NodeProbe"


def client(endpoint: str | None = None) -> "SSMClient":
    once = Config(retries={"total_max_attempts": 1})
    return boto3.client("ssm", endpoint_url=endpoint, config=once)


class Service:
    """Session Manager's two ends, and what its API answers next."""

    def __init__(self, calls: Api, channels: Gateway) -> None:
        self.calls, self.channels = calls, channels
        self.sessions = Sessions(client(calls.url), CREDENTIALS, DOCUMENT, now=lambda: NOON)

    def answers(self, answer: dict[str, Any] | tuple[int, str]) -> None:
        self.calls.answer = lambda *_: answer

    def session(self, url: str = "") -> Session:
        return Session(SESSION_ID, url or self.channels.url(SESSION_ID), TOKEN)


@pytest.fixture
def service() -> Iterator[Service]:
    with api(lambda *_: {}) as calls, gateway() as channels:
        yield Service(calls, channels)


def test_a_session_is_started_with_our_document_and_the_reason_that_cloudtrail_shows(service: Service) -> None:
    service.answers({"SessionId": SESSION_ID, "StreamUrl": "wss://…", "TokenValue": TOKEN})
    session = service.sessions.start("sagemaker-cluster:abc_g-i-1", {"Nonce": "n", "EchoUrls": "-"}, "run-1")
    assert service.calls.calls == [
        (
            "StartSession",
            {
                "Target": "sagemaker-cluster:abc_g-i-1",
                "DocumentName": DOCUMENT,
                "Parameters": {"Nonce": ["n"], "EchoUrls": ["-"]},
                "Reason": "run-1",
            },
        )
    ]
    assert session == Session(SESSION_ID, "wss://…", TOKEN)
    assert repr(session) == f"Session(session_id='{SESSION_ID}')"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param((400, "TargetNotConnected"), AwsRefused, id="the node is not connected"),
        pytest.param((400, "InvalidDocument"), AwsRefused, id="no such document"),
        pytest.param((400, "AccessDeniedException"), AccessDenied, id="not allowed"),
        pytest.param((400, "ThrottlingException"), AwsUnavailable, id="too often"),
        pytest.param((500, "InternalServerError"), AwsUnavailable, id="AWS's own fault"),
    ],
)
def test_a_session_that_does_not_start_keeps_its_code_and_is_asked_for_once(
    service: Service, answer: tuple[int, str], kind: type[CallFailed]
) -> None:
    service.answers(answer)
    with pytest.raises(kind, match="ssm:StartSession") as raised:
        service.sessions.start("t", {}, "run-1")
    assert raised.type is kind
    assert raised.value.code == answer[1]
    assert len(service.calls.calls) == 1


def test_a_channel_is_opened_signed_with_the_functions_own_credentials(service: Service) -> None:
    service.sessions.open(service.session()).close()
    headers = service.channels.peer().request.headers
    assert "Credential=ASIATESTING/" in headers["Authorization"]
    assert (
        "/ap-northeast-1/ssmmessages/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token"
        in (headers["Authorization"])
    )
    assert headers["X-Amz-Security-Token"] == "made-up-session-token"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(401, AccessDenied, id="not known"),
        pytest.param(403, AccessDenied, id="not allowed"),
        pytest.param(429, AwsUnavailable, id="too often"),
        pytest.param(503, AwsUnavailable, id="AWS's own fault"),
    ],
)
def test_a_channel_that_does_not_open_names_the_action(service: Service, status: int, kind: type[CallFailed]) -> None:
    service.channels.status = status
    with pytest.raises(kind, match="ssmmessages:OpenDataChannel") as raised:
        service.sessions.open(service.session())
    assert (raised.type, raised.value.code) == (kind, str(status))


def test_a_gateway_that_is_not_there_is_unavailable(service: Service) -> None:
    service.channels.port = 1
    with pytest.raises(AwsUnavailable, match="ConnectionRefusedError"):
        service.sessions.open(service.session())


@pytest.mark.parametrize("url", ["wss://evil.example/v1/data-channel/", "ws://10.0.0.1:80/v1/data-channel/"])
def test_a_url_that_leads_elsewhere_is_not_followed(service: Service, url: str) -> None:
    with pytest.raises(AwsRefused, match="WrongStreamUrl"):
        service.sessions.open(service.session(f"{url}{SESSION_ID}"))


@pytest.mark.parametrize("endpoint", [None, "https://127.0.0.1:8443", "http://127.0.0.1.evil.example"])
def test_this_machine_is_followed_only_where_the_api_itself_is_on_it(service: Service, endpoint: str | None) -> None:
    sessions = Sessions(client(endpoint), CREDENTIALS, DOCUMENT, now=lambda: NOON)
    with pytest.raises(AwsRefused, match="scheme is ws"):
        sessions.open(service.session())
    assert service.channels.channels.empty()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"SessionId": SESSION_ID}, id="it ran"),
        pytest.param((400, "DoesNotExistException"), id="it is gone"),
        pytest.param((400, "ValidationException"), id="it is over"),
    ],
)
def test_to_terminate_a_session_is_harmless_whatever_became_of_it(
    service: Service, answer: dict[str, Any] | tuple[int, str]
) -> None:
    service.answers(answer)
    service.sessions.terminate(SESSION_ID)
    assert service.calls.calls == [("TerminateSession", {"SessionId": SESSION_ID})]


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [((400, "AccessDeniedException"), AccessDenied, 1), ((500, "InternalServerError"), AwsUnavailable, 2)],
    ids=["not allowed", "AWS's own fault, twice"],
)
def test_a_session_that_may_still_run_is_told_of(
    service: Service, answer: tuple[int, str], kind: type[CallFailed], calls: int
) -> None:
    service.answers(answer)
    with pytest.raises(kind, match="ssm:TerminateSession"):
        service.sessions.terminate(SESSION_ID)
    assert len(service.calls.calls) == calls


@pytest.mark.parametrize("status", [101, 403, 503, 0])
def test_neither_token_nor_signature_nor_url_is_told(
    service: Service, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    service.channels.status = status or 101
    service.channels.answer = None if status else b"garbage\r\n\r\n"
    told = ""
    with caplog.at_level(logging.DEBUG, "control_plane"), caplog.at_level(logging.DEBUG, "websockets.client"):
        try:
            channel = service.sessions.open(service.session())
            channel.send(TOKEN)
            channel.close()
        except CallFailed as failure:
            told = "".join(traceback.format_exception(failure)) + repr(failure) + str(vars(failure))
    for secret in (TOKEN, "made-up", "Signature=", "cell-number"):
        assert secret not in told + caplog.text
