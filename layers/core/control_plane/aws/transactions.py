"""Several writes, all or none."""

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from control_plane.aws.calls import calling
from control_plane.errors import AwsRefused, AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


CONFLICT = "TransactionConflict"
# Reasons that pass by themselves. They go first: beside one of them, a condition that failed says nothing yet.
PASSING = {CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded"}

# Longest pauses, in seconds. Of transactions that meet at an item DynamoDB lets one through and cancels the others at
# once; no SDK asks again, and at the API's door nobody else would.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
PAUSES = (0.05, 0.1, 0.2, 0.4)


def transact(dynamodb: "DynamoDBClient", action: str, writes: Sequence["TransactWriteItemTypeDef"]) -> frozenset[int]:
    """Apply all the writes, or none.

    Args:
        action: the IAM action that the error should name; a transaction has none of its own.

    Returns:
        The places of the writes whose condition did not hold; empty when all were applied.

    Raises:
        AwsUnavailable: throttled, or another transaction was at the same items; asking again is right.

    Source:
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    for pause in PAUSES:
        try:
            return _once(dynamodb, action, writes)
        except AwsUnavailable as error:
            if error.code != CONFLICT:
                raise
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 # nosec B311 # spreads callers, hides nothing
    return _once(dynamodb, action, writes)


def _once(dynamodb: "DynamoDBClient", action: str, writes: Sequence["TransactWriteItemTypeDef"]) -> frozenset[int]:
    try:
        with calling(action):
            dynamodb.transact_write_items(TransactItems=writes)
    except AwsRefused as error:
        reasons = [reason.get("Code") for reason in _reasons(error)]
        if PASSING & {*reasons}:
            raise AwsUnavailable(action, CONFLICT if CONFLICT in reasons else error.code, error.message) from error
        if unmet := frozenset(place for place, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"):
            return unmet
        raise
    return frozenset()


def _reasons(error: AwsRefused) -> list[dict[str, Any]]:
    answer: dict[str, Any] = error.__cause__.response if isinstance(error.__cause__, ClientError) else {}  # type: ignore[assignment]  # the stubs know only the common keys
    return answer.get("CancellationReasons") or []
