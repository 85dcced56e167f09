"""Which events have been told outside AWS: EventBridge delivers at least once, and Slack has no idempotency key.

Never lost comes first, once comes second. An event is claimed before it is posted, for as long as a function can run,
and marked when it was posted. A poster that dies leaves a claim that runs out before Lambda's retry; a repeat at the
same moment meets the claim, fails, and is retried when the mark is there. So a message is posted twice only when its
poster died, or was left without Slack's answer or DynamoDB's, between the post and the mark.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from control_plane.aws.calls import calling
from control_plane.aws.items import to_item
from control_plane.aws.keys import run_key
from control_plane.domain.wire import rfc3339
from control_plane.errors import ControlPlaneError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = frozenset({"dynamodb:UpdateItem"})

FREE = "attribute_not_exists(PostedAt) AND (attribute_not_exists(ClaimedUntil) OR ClaimedUntil <= :now)"
# The function's time-out in template.yaml, and no longer than Lambda waits before it tries again (one minute):
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
CLAIM = timedelta(seconds=60)


class DeliveryUnderWay(ControlPlaneError):
    """Somebody else is posting this event just now; asking again later tells whether they managed."""


class Deliveries:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def claim(self, run_id: str, event_id: str, at: datetime) -> bool:
        """Whether this event is ours to post; not if it was posted before.

        Raises:
            DeliveryUnderWay: it is neither posted nor free.
        """
        with calling("dynamodb:UpdateItem"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key=run_key(run_id, f"SLACK#{event_id}"),
                    UpdateExpression="SET ClaimedUntil = :until",
                    ConditionExpression=FREE,
                    ExpressionAttributeValues=to_item({":until": rfc3339(at + CLAIM), ":now": rfc3339(at)}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as taken:
                if "PostedAt" in cast("dict[str, Any]", taken.response).get("Item", {}):
                    return False
                raise DeliveryUnderWay(
                    f"{event_id} is being posted by another invocation; Lambda tries again."
                ) from None
        return True

    def posted(self, run_id: str, event_id: str, at: datetime) -> None:
        with calling("dynamodb:UpdateItem"):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=run_key(run_id, f"SLACK#{event_id}"),
                UpdateExpression="SET PostedAt = :now",
                ExpressionAttributeValues=to_item({":now": rfc3339(at)}),
            )
