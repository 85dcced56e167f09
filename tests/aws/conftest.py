"""A table like the deployed one, in moto; and runs to put into it."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.request import Request
from control_plane.domain.run import Kind, Run, run_id_of
from tests.aws.fakes import SilentBus, StateMachine
from tests.aws.nodes_on_loopback import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "runs"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")


def create_table(client: "DynamoDBClient") -> None:
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "open")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "Open",
                "KeySchema": [
                    {"AttributeName": "open", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


@contextmanager
def a_table() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table(client)
        yield client


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBClient"]:
    with a_table() as client:
        yield client


@pytest.fixture
def runs(dynamodb: "DynamoDBClient") -> RunTable:
    return RunTable(dynamodb, TABLE)


@pytest.fixture
def acceptance(dynamodb: "DynamoDBClient") -> Acceptance:
    return Acceptance(dynamodb, TABLE)


@pytest.fixture
def outbox(dynamodb: "DynamoDBClient") -> Outbox:
    return Outbox(dynamodb, TABLE)


@pytest.fixture
def evidence(dynamodb: "DynamoDBClient") -> EvidenceStore:  # the table's fixture keeps moto awake
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    return EvidenceStore(s3, "evidence")


@pytest.fixture
def machine() -> StateMachine:
    return StateMachine()


@pytest.fixture
def bus() -> SilentBus:
    return SilentBus()


def a_request(cluster_name: str = "vision", **terms: object) -> Request:
    return Request.from_wire({"Cluster": {"ClusterName": cluster_name}, **terms})


def a_run(request_id: str = "r-1", cluster_name: str = "vision", kind: Kind = Kind.PROVISION) -> Run:
    run_id = run_id_of(request_id)
    return Run(
        run_id=run_id,
        request_id=request_id,
        requested_by="arn:aws:iam::123456789012:role/ml",
        kind=kind,
        cluster_name=cluster_name,
        accepted_at=NOON,
        updated_at=NOON,
        deadline_at=NOON + timedelta(minutes=120),
        execution_arn=f"arn:aws:states:ap-northeast-1:123456789012:execution:provision:{run_id}",
    )


@pytest.fixture
def world(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Nodes that answer by a script, over loopback."""
    world = World(dynamodb, TABLE)
    monkeypatch.setattr(select, "select", world.select)
    with world.up():
        yield world
