"""Our events on the bus: taken whole, or an error that says whether to try again."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from control_plane.aws.bus import Bus
from control_plane.domain.messages.announcements import Announcement, DetailType
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable, CallFailed

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

EVENT = Announcement(
    event_id="run-1/HyperPod Cluster Failed",
    detail_type=DetailType.FAILED,
    detail={"ClusterName": "é→✅", "Remedy": None},
)


@pytest.fixture
def events() -> Iterator["EventBridgeClient"]:
    with mock_aws():
        yield boto3.client("events", region_name="ap-northeast-1")


def received(events: "EventBridgeClient") -> "list[dict[str, Any]]":
    """Publish `EVENT` on a bus with a queue behind it, and read the queue."""
    sqs = boto3.client("sqs", region_name="ap-northeast-1")
    queue = sqs.create_queue(QueueName="all")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="hyperpod-vpc")
    events.put_rule(Name="all", EventBusName="hyperpod-vpc", EventPattern='{"source": ["hyperpod-vpc"]}')
    events.put_targets(Rule="all", EventBusName="hyperpod-vpc", Targets=[{"Id": "all", "Arn": arn}])
    Bus(events, "hyperpod-vpc").put(EVENT)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    return [json.loads(message["Body"]) for message in messages]


def test_an_announcement_arrives_on_our_bus_as_it_was_written(events: "EventBridgeClient") -> None:
    (event,) = received(events)
    assert (event["source"], event["detail-type"], event["detail"]) == (
        "hyperpod-vpc",
        "HyperPod Cluster Failed",
        EVENT.detail,
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("InternalFailure", AwsUnavailable, id="AWS's own fault"),
        pytest.param("ThrottlingException", AwsUnavailable, id="too many"),
        pytest.param("MalformedDetail", AwsRefused, id="not understood"),
        pytest.param("NotAuthorizedForSourceException", AwsRefused, id="not with this source"),
        pytest.param("AccessDeniedException", AccessDenied, id="not allowed"),
        pytest.param("SomethingNew", AwsRefused, id="never seen"),
    ],
)
def test_an_entry_that_was_not_taken_is_an_error_although_the_call_succeeds(
    events: "EventBridgeClient", code: str, error: type[CallFailed]
) -> None:
    failed = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}
    with Stubber(events) as stub:
        stub.add_response("put_events", failed)
        with pytest.raises(CallFailed, match="events:PutEvents") as raised:
            Bus(events, "hyperpod-vpc").put(EVENT)
    assert (type(raised.value), raised.value.code) == (error, code)
