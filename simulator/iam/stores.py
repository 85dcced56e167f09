"""What calls to DynamoDB, S3 and Secrets Manager need."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.cloudformation.registry import NotModelledError
from simulator.context import ACCOUNT
from simulator.iam.calls import Asked, arn, keys, on
from simulator.iam.policies import Ask
from simulator.iam.resources import Resources

# ---------------------------------------------------------------- DynamoDB


@on("dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
def _by_key(asked: Asked, resources: Resources) -> Iterator[Ask]:
    yield _item(asked.action, asked.json["TableName"], [asked.json["Key"]], resources)


@on("dynamodb:PutItem")
def _put(asked: Asked, resources: Resources) -> Iterator[Ask]:
    yield _item(asked.action, asked.json["TableName"], [asked.json["Item"]], resources)


@on("dynamodb:BatchGetItem")
def _batch(asked: Asked, resources: Resources) -> Iterator[Ask]:
    for table, wanted in asked.json["RequestItems"].items():
        yield _item(asked.action, table, wanted["Keys"], resources)


@on("dynamodb:TransactWriteItems")
def _transaction(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    for write in asked.json["TransactItems"]:
        for name, what in write.items():
            yield _item(f"dynamodb:{name}Item", what["TableName"], [what.get("Key") or what["Item"]], resources)


@on("dynamodb:BatchWriteItem")
def _write_batch(asked: Asked, resources: Resources) -> Iterator[Ask]:
    for table, requests in asked.json["RequestItems"].items():
        puts = [what.get("Item") or what["Key"] for request in requests for what in request.values()]
        yield _item(asked.action, table, puts, resources)


# A condition on the partition's key is all that a query of ours asks of it, and stands first.
PARTITION = re.compile(r"(?P<name>#?\w+) = (?P<value>:\w+)")


@on("dynamodb:Query")
def _query(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """Of an index no leading keys: where a condition wants them, that is no absence that it may pass by."""
    table, index = asked.json["TableName"], asked.json.get("IndexName")
    found = PARTITION.match(asked.json.get("KeyConditionExpression", ""))

    def leading(key: str) -> Sequence[str]:
        if key != "dynamodb:LeadingKeys":
            return ()
        if index or not found or found["name"] != resources.partition_key(table):
            raise NotModelledError("The simulator reads no leading keys out of this Query's expression.")
        return [str(next(iter(asked.json["ExpressionAttributeValues"][found["value"]].values())))]

    yield Ask(asked.action, arn("dynamodb", f"table/{table}" + (f"/index/{index}" if index else "")), leading)


def _item(action: str, table: str, items: Sequence[Mapping[str, Any]], resources: Resources) -> Ask:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    name = resources.partition_key(table)
    leading = [str(next(iter(item[name].values()))) for item in items]
    return Ask(action, arn("dynamodb", f"table/{table}"), keys({"dynamodb:LeadingKeys": leading}))


# ---------------------------------------------------------------- S3


@on("s3:PutObject")
def _put_object(asked: Asked, _: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, f"arn:aws:s3:::{'/'.join(asked.place)}")


@on("s3:GetObject")
def _get_object(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """Only who may list is told that there is no such object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    bucket, key = asked.place
    yield Ask(asked.action, f"arn:aws:s3:::{bucket}/{key}")
    if resources.has_bucket(bucket) and not resources.has_object(bucket, key):
        yield _listing(bucket)


@on("s3:ListObjectsV2")
def _list_objects(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """Of a bucket that is not there S3 says so, whoever asks."""
    bucket, _ = asked.place
    if resources.has_bucket(bucket):
        yield _listing(bucket)


def _listing(bucket: str) -> Ask:
    return Ask("s3:ListBucket", f"arn:aws:s3:::{bucket}", keys({"aws:ResourceAccount": [ACCOUNT]}))


# ---------------------------------------------------------------- Secrets Manager


@on("secretsmanager:GetSecretValue")
def _secret(asked: Asked, resources: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, resources.arn_of_secret(asked.json["SecretId"]))
