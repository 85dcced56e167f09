"""The door's side of the table: a request becomes a run, and its cluster's name is claimed, in one transaction."""

from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.aws.keys import claim_key, run_key
from control_plane.aws.outbox import put_event
from control_plane.aws.run_table import run_in
from control_plane.aws.transactions import transact
from control_plane.domain.door.conflicts import Conflict, Over
from control_plane.domain.messages.announcements import Announcement
from control_plane.domain.request import Request
from control_plane.domain.run import Kind, Run, run_id_of
from control_plane.domain.run.size import within_item
from control_plane.errors import AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

ACTIONS = frozenset({"dynamodb:GetItem", "dynamodb:PutItem"})

IS_NEW = "attribute_not_exists(pk)"


class Acceptance:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def accept(self, run: Run, request: Request, fingerprint: str, event_id: str | None = None) -> Run | Conflict:
        """Store a run, and claim its name if it is to make a cluster, once.

        Args:
            fingerprint: tells whether a second request under the same RequestId asks for the same.
            event_id: of the event that asks, if one does; of all its deliveries one decides.

        Returns:
            The run: this one, or the one that the same request made before, or that event's refusal. Else what is in
            the way.
        """
        name = request.shape.cluster_name
        writes = [self._put_run(run, fingerprint, is_open=True), self._put_request(run, request)]
        if run.kind is Kind.PROVISION:
            writes.append(self._put_claim(name, run.run_id))
        if event_id:
            writes.append(self._put_decision(run_id_of(event_id)))
        unmet = transact(self._dynamodb, "dynamodb:PutItem", writes)
        if not unmet:
            return run
        if event_id and unmet == {len(writes) - 1}:  # another delivery of this event met a name that was still taken
            return run_in(self._get(run_key(run_id_of(event_id))))
        holder = run.run_id if 0 in unmet else self._holder_of(name)
        if holder == run.run_id:
            return self._same_or_conflict(run.run_id, fingerprint)
        return Conflict(Over.CLUSTER_NAME, holder)

    def refuse(self, run: Run, announcement: Announcement) -> bool:
        """Store a run that was born terminal, and what is to be said of it; the second time changes nothing.

        Returns:
            False: another delivery of the same event was let in, so there is nothing to refuse.
        """
        writes = [
            self._put_run(run, "", is_open=False),
            put_event(self._table, announcement),
            self._put_decision(run.run_id),
        ]
        return transact(self._dynamodb, "dynamodb:PutItem", writes) != {2}

    def find(self, run_id: str) -> Run | None:
        item = self._get(run_key(run_id))
        return run_in(item) if item else None

    def _same_or_conflict(self, run_id: str, fingerprint: str) -> Run | Conflict:
        item = self._get(run_key(run_id))
        return run_in(item) if item.get("Fingerprint") == fingerprint else Conflict(Over.REQUEST_ID, run_id)

    def _holder_of(self, cluster_name: str) -> str:
        claim = self._get(claim_key(cluster_name))
        if not claim:  # its run ended between our transaction and this read
            raise AwsUnavailable("dynamodb:GetItem", "ClaimGone", f"The claim on {cluster_name} went away; ask again.")
        return str(claim["RunId"])

    def _put_run(self, run: Run, fingerprint: str, *, is_open: bool) -> "TransactWriteItemTypeDef":
        item = run_key(run.run_id) | to_item(
            within_item(run).to_wire() | {"Fingerprint": fingerprint} | ({"open": "RUN"} if is_open else {})
        )
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": IS_NEW}}

    def _put_request(self, run: Run, request: Request) -> "TransactWriteItemTypeDef":
        item = run_key(run.run_id, "REQUEST") | to_item({"Body": request.model_dump_json(by_alias=True)})
        return {"Put": {"TableName": self._table, "Item": item}}

    def _put_claim(self, cluster_name: str, run_id: str) -> "TransactWriteItemTypeDef":
        item = claim_key(cluster_name) | to_item({"RunId": run_id})
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": IS_NEW}}

    def _put_decision(self, run_id: str) -> "TransactWriteItemTypeDef":
        """An event is let in or refused, and not both, whatever its deliveries meet; keyed as its refusal would be."""
        item = run_key(run_id, "DECISION")
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": IS_NEW}}

    def _get(self, key: dict[str, Any]) -> dict[str, Any]:
        with calling("dynamodb:GetItem"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return from_item(answer.get("Item", {}))
