"""What a run has to say, kept in the same transaction as the change it tells of; sent afterwards, marked when sent.

So an event can be late or repeated (always under one EventId), but is never lost, and never tells what did not happen.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.aws.keys import claim_key, cluster_key, event_key, proof_key, run_key
from control_plane.aws.run_table import update_of
from control_plane.aws.transactions import transact
from control_plane.domain.messages.announcements import Announcement
from control_plane.domain.run import Kind, Run
from control_plane.domain.run.size import within_item
from control_plane.domain.wire import rfc3339
from control_plane.errors import RunOver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

CREATES = frozenset({"dynamodb:PutItem", "dynamodb:UpdateItem"})
ENDS = CREATES | {"dynamodb:DeleteItem"}
SENDS = frozenset({"dynamodb:Query", "dynamodb:UpdateItem"})
ACTIONS = CREATES | ENDS | SENDS


class Outbox:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def record_creation(self, run_id: str, cluster_name: str, cluster_arn: str, announcement: Announcement) -> None:
        """AWS took the cluster: keep its ARN, point its name at this run, and have it announced. Twice is once.

        Raises:
            RunOver: the run ended meanwhile.
        """
        event = put_event(self._table, announcement)
        event["Put"]["ConditionExpression"] = "attribute_not_exists(pk)"
        made = {"ClusterArn": cluster_arn, "ClusterStatus": "Creating", "UpdatedAt": announcement.detail["Time"]}
        writes = [self._update(run_id, made), event, self._point(cluster_key(cluster_name), run_id)]
        if 0 in transact(self._dynamodb, "dynamodb:PutItem", writes):
            raise RunOver(f"{run_id} ended while its cluster was being created.")

    def end(self, run: Run, announcement: Announcement, *, whole: bool = True) -> None:
        """Write a run's end, release its name and have the end announced, if it is still running.

        Args:
            whole: False: it asked some groups only, which is no proof of the cluster.

        Raises:
            RunOver: it had ended before, and that end stands.
        """
        ending = self._update(run.run_id, within_item(run).to_wire(), closes=True)
        name = str(run.cluster_name)
        writes = [ending, put_event(self._table, announcement)]
        if run.kind is Kind.PROVISION:
            writes.append(self._release(run.run_id, run.cluster_name))
            if run.cluster_arn:  # perhaps seen only while its failure was explained
                writes.append(self._point(cluster_key(name), run.run_id))
        if run.cluster_arn and run.egress and whole:
            writes.append(self._point(proof_key(name), run.run_id))
        unmet = transact(self._dynamodb, "dynamodb:DeleteItem", writes)
        if run.kind is Kind.PROVISION and unmet == {
            2
        }:  # another run holds the name, so ours was taken from us; it is not ours to release
            unmet = transact(self._dynamodb, "dynamodb:UpdateItem", [*writes[:2], *writes[3:]])
        if unmet:
            raise RunOver(f"{run.run_id} had ended before.")

    def pending(self, run_id: str) -> list[Announcement]:
        """What is still to be sent of a run, oldest first."""
        with calling("dynamodb:Query"):
            answer = self._dynamodb.query(
                TableName=self._table,
                KeyConditionExpression="pk = :run AND begins_with(sk, :event)",
                FilterExpression="attribute_exists(#open)",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues=to_item({":run": f"RUN#{run_id}", ":event": "EVENT#"}),
                ConsistentRead=True,
            )
        found = [from_item(item) for item in answer["Items"]]
        return [_announcement(item) for item in sorted(found, key=lambda item: str(item["Time"]))]

    def mark_sent(self, announcement: Announcement, at: datetime) -> None:
        with calling("dynamodb:UpdateItem"):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=event_key(announcement.event_id),
                UpdateExpression="SET SentAt = :at REMOVE #open",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues=to_item({":at": rfc3339(at)}),
            )

    def _update(self, run_id: str, fields: dict[str, Any], *, closes: bool = False) -> "TransactWriteItemTypeDef":
        update: Any = {"TableName": self._table, "Key": run_key(run_id)} | update_of(fields, closes=closes)
        return {"Update": update}

    def _point(self, key: dict[str, Any], run_id: str) -> "TransactWriteItemTypeDef":
        return {"Put": {"TableName": self._table, "Item": key | to_item({"RunId": run_id})}}

    def _release(self, run_id: str, cluster_name: str | None) -> "TransactWriteItemTypeDef":
        return {
            "Delete": {
                "TableName": self._table,
                "Key": claim_key(cluster_name or ""),
                "ConditionExpression": "attribute_not_exists(pk) OR RunId = :mine",
                "ExpressionAttributeValues": to_item({":mine": run_id}),
            }
        }


def put_event(table: str, announcement: Announcement) -> "TransactWriteItemTypeDef":
    body = {
        "EventId": announcement.event_id,
        "DetailType": announcement.detail_type,
        "Time": announcement.detail["Time"],
        "Body": announcement.body,
        "open": "EVENT",
    }
    return {"Put": {"TableName": table, "Item": event_key(announcement.event_id) | to_item(body)}}


def _announcement(item: dict[str, Any]) -> Announcement:
    return Announcement(event_id=item["EventId"], detail_type=item["DetailType"], detail=json.loads(item["Body"]))
