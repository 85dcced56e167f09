"""Once to Slack for each event, and never not at all."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from control_plane.aws.deliveries import CLAIM, Deliveries, DeliveryUnderWay
from tests.aws.conftest import NOON, TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVENT_ID = "run-1/HyperPod Cluster Failed"
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def deliveries(dynamodb: "DynamoDBClient") -> Deliveries:
    return Deliveries(dynamodb, TABLE)


def test_what_was_posted_is_never_ours_to_post_again(deliveries: Deliveries) -> None:
    assert deliveries.claim("run-1", EVENT_ID, NOON)
    deliveries.posted("run-1", EVENT_ID, NOON)
    assert not deliveries.claim("run-1", EVENT_ID, NOON)
    assert not deliveries.claim("run-1", EVENT_ID, NOON + timedelta(days=90))


def test_a_second_delivery_waits_while_the_first_is_under_way(deliveries: Deliveries) -> None:
    deliveries.claim("run-1", EVENT_ID, NOON)
    with pytest.raises(DeliveryUnderWay, match=EVENT_ID):
        deliveries.claim("run-1", EVENT_ID, NOON + CLAIM - MOMENT)


def test_a_poster_that_died_holds_nothing_up_for_longer_than_a_claim(deliveries: Deliveries) -> None:
    deliveries.claim("run-1", EVENT_ID, NOON)
    assert deliveries.claim("run-1", EVENT_ID, NOON + CLAIM)


def test_two_events_of_a_run_are_posted_apart(deliveries: Deliveries) -> None:
    assert deliveries.claim("run-1", EVENT_ID, NOON)
    assert deliveries.claim("run-1", "run-1/HyperPod Cluster Creating", NOON)
