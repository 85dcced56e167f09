"""Transactions that meet at an item: DynamoDB cancels all but one of them, and this one asks again."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from control_plane.aws.transactions import PAUSES, transact
from control_plane.errors import AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONDITION = ["ConditionalCheckFailed", "None"]
CONFLICT = ["TransactionConflict", "None"]
BOTH = ["TransactionConflict", "ConditionalCheckFailed"]
THROTTLED = ["None", "ThrottlingError"]


class Canceling:
    """DynamoDB that cancels transactions for these reasons, one after the other, and takes the next."""

    def __init__(self, *reasons: list[str]) -> None:
        self.reasons, self.calls = list(reasons), 0

    def transact_write_items(self, **_: Any) -> None:
        self.calls += 1
        if self.reasons:
            answer: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": [{"Code": reason} for reason in self.reasons.pop(0)],
            }
            raise ClientError(answer, "TransactWriteItems")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("control_plane.aws.transactions.time.sleep", waited.append)
    return waited


@pytest.mark.parametrize(
    ("reasons", "unmet"),
    [
        pytest.param([CONFLICT], set(), id="the other one was let through, and then ours"),
        pytest.param([BOTH, CONFLICT, CONDITION], {0}, id="what the other one wrote stands in our way"),
    ],
)
def test_a_transaction_that_met_another_one_asks_again(
    reasons: list[list[str]], unmet: set[int], pauses: list[float]
) -> None:
    dynamodb = Canceling(*reasons)
    assert transact(cast("DynamoDBClient", dynamodb), "dynamodb:PutItem", []) == unmet
    assert len(pauses) == dynamodb.calls - 1


@pytest.mark.parametrize(
    ("reasons", "calls"),
    [pytest.param(CONFLICT, len(PAUSES) + 1, id="a conflict that stays"), pytest.param(THROTTLED, 1, id="throttled")],
)
def test_what_stays_in_the_way_is_unavailable_after_so_many_calls(
    reasons: list[str], calls: int, pauses: list[float]
) -> None:
    dynamodb = Canceling(*[reasons] * 10)
    with pytest.raises(AwsUnavailable):
        transact(cast("DynamoDBClient", dynamodb), "dynamodb:PutItem", [])
    assert dynamodb.calls == calls
    assert sum(pauses) <= 1  # seconds: a gateway and a person wait for the answer
