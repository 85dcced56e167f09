"""Posting to Slack over a real connection: patient, bounded, and silent about the webhook."""

import logging
import traceback
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from control_plane.aws.deliveries import Deliveries
from control_plane.aws.slack import PATIENCE, WEBHOOK, Slack, SlackRefused, SlackUnavailable
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.errors import AccessDenied, AwsRefused, ControlPlaneError, Misconfigured
from control_plane.steps.notify_slack import Report, notify_slack
from tests.aws.conftest import NOON, TABLE
from tests.aws.slack_server import CUT_OFF, HANG_UP, Says, SlackServer, slack_server

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

CANARY = "T0CANARY/B0CANARY/c4n4ry"
URL = f"https://hooks.slack.com/services/{CANARY}"
MACHINE = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:provision-cluster"
MESSAGE = {"text": "✅ Provisioned: reference", "blocks": []}


@pytest.fixture
def secrets() -> Iterator["SecretsManagerClient"]:
    with mock_aws():
        yield boto3.client("secretsmanager")


class Poster:
    """A `Slack` that notes its pauses and takes none."""

    def __init__(self, secrets: "SecretsManagerClient", secret: str = URL) -> None:
        self.now = NOON
        self.pauses: list[float] = []
        self._secrets = secrets
        self.arn = secrets.create_secret(Name="slack", SecretString=secret)["ARN"]

    def to(self, server: SlackServer) -> Slack:
        return Slack(self._secrets, self.arn, now=lambda: self.now, opener=server.opener, sleep=self.pauses.append)


@pytest.mark.parametrize("secret", [URL, f"  {URL}\n", f'{{"url": "{URL}"}}'], ids=["plain", "with space", "JSON"])
def test_a_message_is_posted_once_to_the_webhook_of_the_secret(secrets: "SecretsManagerClient", secret: str) -> None:
    with slack_server() as server:
        Poster(secrets, secret).to(server).post(MESSAGE)
    assert server.requests == [(f"/services/{CANARY}", MESSAGE)]


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [
        pytest.param([Says(503, "")], [1.0], id="a fault of Slack's"),
        pytest.param([Says(500, "rollup_error"), Says(502, "")], [1.0, 2.0], id="two faults"),
        pytest.param([HANG_UP, HANG_UP], [1.0, 2.0], id="no connection"),
        pytest.param([CUT_OFF], [1.0], id="no answer"),
        pytest.param([Says(429, "", {"Retry-After": "7"})], [7.0], id="too many, come again in 7 seconds"),
        pytest.param([Says(429, "", {"Retry-After": "soon"})], [1.0], id="too many, come again some time"),
        pytest.param(
            [Says(429, "", {"Retry-After": "8"}), Says(429, "", {"Retry-After": "12"})], [8, 12], id="20 in all"
        ),
    ],
)
def test_what_passes_is_waited_for(
    secrets: "SecretsManagerClient", answers: list[Says | str], pauses: list[float]
) -> None:
    poster = Poster(secrets)
    with slack_server(*answers, Says()) as server:
        poster.to(server).post(MESSAGE)
    assert poster.pauses == pauses
    assert server.requests[-1][1] == MESSAGE


@pytest.mark.parametrize(
    ("answer", "word", "pauses"),
    [
        pytest.param(Says(503, ""), "503", [1.0, 2.0], id="Slack is down"),
        pytest.param(HANG_UP, "Error", [1.0, 2.0], id="nothing answers"),
        pytest.param(Says(429, "", {"Retry-After": "21"}), "429", [], id="more patience asked for than we have"),
        pytest.param(Says(429, "", {"Retry-After": "12"}), "429", [12.0], id="patience used up"),
    ],
)
def test_what_does_not_pass_is_given_up_while_the_function_still_runs(
    secrets: "SecretsManagerClient", answer: Says | str, word: str, pauses: list[float]
) -> None:
    poster = Poster(secrets)
    with slack_server(answer) as server, pytest.raises(SlackUnavailable, match=word):
        poster.to(server).post(MESSAGE)
    assert poster.pauses == pauses
    assert sum(pauses) <= PATIENCE


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(Says(404, "no_service"), "404 no_service.* renew the webhook in arn:aws", id="revoked"),
        pytest.param(Says(410, "channel_is_archived"), "410 channel_is_archived", id="archived"),
        pytest.param(Says(403, "action_prohibited"), "403 action_prohibited", id="prohibited"),
        pytest.param(Says(400, "invalid_blocks"), "400 invalid_blocks", id="malformed"),
        pytest.param(Says(302, "", {"Location": "https://evil.example/"}), "302", id="sent elsewhere"),
        pytest.param(Says(404, "<p>{path} is not here</p>"), r"404 \(no reason given\)", id="in a proxy's words"),
    ],
)
def test_a_no_is_not_asked_again(secrets: "SecretsManagerClient", answer: Says, words: str) -> None:
    poster = Poster(secrets)
    with slack_server(answer) as server, pytest.raises(SlackRefused, match=words):
        poster.to(server).post(MESSAGE)
    assert (len(server.requests), poster.pauses) == (1, [])


NO_WEBHOOKS = [
    pytest.param(f"http://hooks.slack.com/services/{CANARY}", id="not encrypted"),
    pytest.param(f"https://hooks.slack.com.evil.example/{CANARY}", id="another host that begins like Slack's"),
    pytest.param(f"https://hooks.slack.com@evil.example/{CANARY}", id="Slack's name as a user's"),
    pytest.param(f"https://hooks-slack.com/{CANARY}", id="another host"),
    pytest.param(f"https://hooks.slack.com/a b\r\nX: {CANARY}", id="a header inside"),
    pytest.param(f'{{"url": "{URL}"', id="broken JSON"),
    pytest.param(f'{{"webhook": "{URL}"}}', id="JSON without url"),
    pytest.param(f'{{"url": ["{URL}"]}}', id="JSON with another url"),
]


@pytest.mark.parametrize("secret", NO_WEBHOOKS)
def test_a_secret_that_holds_no_webhook_of_slacks_is_never_called(secrets: "SecretsManagerClient", secret: str) -> None:
    poster = Poster(secrets, secret)
    with slack_server() as server, pytest.raises(Misconfigured, match=poster.arn) as raised:
        poster.to(server).post(MESSAGE)
    assert server.requests == []
    assert "CANARY" not in told_by(raised.value)


def test_govclouds_slack_is_slack() -> None:
    assert WEBHOOK.fullmatch("https://hooks.slack-gov.com/services/T0/B0/x")


FAILURES = [
    Says(404, "<p>{path} is not here</p>"), Says(400, "{path}"), Says(503, "{path}"), HANG_UP, CUT_OFF,
    Says(302, "", {"Location": URL}), Says(429, "{path}", {"Retry-After": "99"}),
]  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_no_failure_tells_the_webhook(
    secrets: "SecretsManagerClient", failure: Says | str, caplog: pytest.LogCaptureFixture
) -> None:
    poster = Poster(secrets)
    with (
        slack_server(failure) as server,
        caplog.at_level(logging.INFO),
        caplog.at_level(logging.DEBUG, "control_plane"),
        caplog.at_level(logging.DEBUG, "urllib3"),
        caplog.at_level(logging.DEBUG, "http"),
        pytest.raises(ControlPlaneError) as raised,
    ):
        poster.to(server).post(MESSAGE)
    assert "CANARY" not in told_by(raised.value)
    assert "CANARY" not in caplog.text


def told_by(error: BaseException | None) -> str:
    """All that anybody can print of an error, and of what it came from."""
    lines = []
    while error:
        lines += [*traceback.format_exception(error, chain=False), repr(error), str(vars(error))]
        error = error.__cause__ or error.__context__
    return "".join(lines)


def test_a_container_reads_the_secret_once_a_minute_and_sees_a_new_one_then(secrets: "SecretsManagerClient") -> None:
    poster = Poster(secrets)
    with slack_server() as server:
        poster.to(server).post(MESSAGE)
        secrets.put_secret_value(SecretId=poster.arn, SecretString=URL.replace(CANARY, "new"))
        poster.to(server).post(MESSAGE)
        poster.now += timedelta(minutes=1)
        poster.to(server).post(MESSAGE)
    assert [path for path, _ in server.requests] == [f"/services/{CANARY}", f"/services/{CANARY}", "/services/new"]


def test_a_secret_that_is_gone_is_an_error_that_names_the_call(secrets: "SecretsManagerClient") -> None:
    poster = Poster(secrets)
    poster.arn = poster.arn.replace("slack", "none")
    with slack_server() as server, pytest.raises(AwsRefused, match="secretsmanager:GetSecretValue"):
        poster.to(server).post(MESSAGE)


# The step: claim, post, mark.


@pytest.fixture
def deliveries(dynamodb: "DynamoDBClient") -> Deliveries:
    return Deliveries(dynamodb, TABLE)


def envelope(**changes: Any) -> BusEvent:
    detail = {"RunId": "run-1", "EventId": "run-1/HyperPod Cluster Failed", "ClusterName": "reference"}
    event = {"id": "5d1f8a3c", "detail-type": "HyperPod Cluster Failed", "source": "hyperpod-vpc", "detail": detail}
    return BusEvent.from_wire({"account": "123456789012", "region": "ap-northeast-1", **event, **changes})


def notify(poster: Poster, server: SlackServer, deliveries: Deliveries, event: BusEvent) -> Report:
    return notify_slack(
        event,
        state_machine_arn=MACHINE,
        deliveries=deliveries,
        slack=poster.to(server),
        now=lambda: poster.now,
    )


def test_an_event_delivered_twice_is_told_once(secrets: "SecretsManagerClient", deliveries: Deliveries) -> None:
    poster, twice = Poster(secrets), [envelope(), envelope(id="another id of EventBridge's")]
    with slack_server() as server:
        reports = [notify(poster, server, deliveries, event) for event in twice]
    assert [report.posted for report in reports] == [True, False]
    assert [message["text"].splitlines()[0] for _, message in server.requests] == ["❌ Failed: reference"]


def test_an_event_that_slack_did_not_take_is_told_when_lambda_tries_again(
    secrets: "SecretsManagerClient", deliveries: Deliveries
) -> None:
    poster = Poster(secrets)
    with slack_server(Says(503), Says(503), Says(503), Says()) as server:
        with pytest.raises(SlackUnavailable):
            notify(poster, server, deliveries, envelope())
        poster.now += timedelta(seconds=61)
        assert notify(poster, server, deliveries, envelope()).posted
    assert len(server.requests) == 4


def test_an_event_without_our_ids_goes_by_eventbridges_own(
    secrets: "SecretsManagerClient", deliveries: Deliveries
) -> None:
    poster, event = Poster(secrets), envelope(detail={"Hello": "there"}, **{"detail-type": "HyperPod Something New"})
    with slack_server() as server:
        reports = [notify(poster, server, deliveries, event) for _ in range(2)]
    assert [(report.event_id, report.posted) for report in reports] == [("5d1f8a3c", True), ("5d1f8a3c", False)]
    assert "Hello" in server.requests[0][1]["text"]


def test_an_event_is_not_posted_where_it_cannot_be_claimed(secrets: "SecretsManagerClient") -> None:
    poster = Poster(secrets)
    with slack_server() as server, pytest.raises((AccessDenied, AwsRefused), match="dynamodb:UpdateItem"):
        notify(poster, server, Deliveries(boto3.client("dynamodb"), "no-such-table"), envelope())
    assert server.requests == []
