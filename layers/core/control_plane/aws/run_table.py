"""One run at a time, as its steps read and write it.

A run lives in one DynamoDB table under the partition ``RUN#<run id>``:

===================  ==========================================================================
``RUN``              the run itself, one attribute a field; ``open`` only while it is running
``REQUEST``          the request, as JSON text
``EVENT#<type>``     what is, or was, to be announced; ``open`` only until it is sent
``DECISION``         that an event was let in or refused; under the run id of the event's own id
===================  ==========================================================================

The sparse index ``Open`` holds just what still has an ``open``: all that a sweep has to look at.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.aws.items import from_item, to_item
from control_plane.aws.keys import run_key
from control_plane.domain.request import Request, stored_request
from control_plane.domain.run import Phase, Run, State
from control_plane.domain.run.lifecycle import check_alive, entered
from control_plane.domain.run.size import within_item
from control_plane.errors import AwsRefused, RunNotFound, RunOver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READS = frozenset({"dynamodb:GetItem"})
ACTIONS = READS | {"dynamodb:UpdateItem"}

FIELDS = frozenset(field.alias or name for name, field in Run.model_fields.items())


def run_in(item: Mapping[str, Any]) -> Run:
    """The run in its item, which holds more than the run: keys, ``open``, a fingerprint."""
    return Run.from_wire({name: value for name, value in item.items() if name in FIELDS})


class RunTable:
    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def get(self, run_id: str) -> Run:
        """Read a run, consistently."""
        return run_in(self._item(run_id))

    def request_of(self, run_id: str) -> Request:
        return stored_request(self._item(run_id, "REQUEST")["Body"])

    def fence(self, run_id: str, now: datetime) -> Run:
        """Read a run just before something is done in its name.

        Raises:
            RunOver: somebody ended it meanwhile.
            DeadlinePassed: it is too late to start anything.
        """
        return check_alive(self.get(run_id), now)

    def enter(self, run_id: str, phase: Phase, now: datetime) -> Run:
        """Move a run on to a phase, and read it; entering twice, or going back, changes nothing. Raises as `fence`."""
        before = self.fence(run_id, now)
        run = entered(before, phase, now)
        if run is not before:
            self.note(run_id, phase=run.phase, phases=run.phases, updated_at=run.updated_at)
        return run

    def note(self, run_id: str, **fields: Any) -> None:
        """Set fields of a run that has not ended, by the names they have in `Run`.

        Raises:
            RunOver: the run has ended, and stays as it ended.
        """
        changes = within_item(Run.model_construct(**fields)).model_dump(mode="json", by_alias=True, exclude_unset=True)
        try:
            with calling("dynamodb:UpdateItem"):
                self._dynamodb.update_item(TableName=self._table, Key=run_key(run_id), **update_of(changes))
        except AwsRefused as error:
            if error.code == "ConditionalCheckFailedException":
                raise RunOver(f"{run_id} has ended; nothing more is noted.") from error
            raise

    def _item(self, run_id: str, sort: str = "RUN") -> dict[str, Any]:
        with calling("dynamodb:GetItem"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=run_key(run_id, sort), ConsistentRead=True)
        if "Item" not in answer:
            raise RunNotFound(f"There is no run {run_id}. Its RunId is in the answer to the request and in its events.")
        return from_item(answer["Item"])


def update_of(fields: dict[str, Any], *, closes: bool = False) -> dict[str, Any]:
    """The expression that sets these attributes of a running run; `closes`: and takes it off the index of open ones."""
    names = {f"#{place}": name for place, name in enumerate(fields)}
    values = {f":{place}": value for place, value in enumerate(fields.values())}
    sets = ", ".join(f"#{place} = :{place}" for place in range(len(fields)))
    return {
        "UpdateExpression": f"SET {sets}" + (" REMOVE #open" if closes else ""),
        "ConditionExpression": "#state = :running",
        "ExpressionAttributeNames": names | {"#state": "State"} | ({"#open": "open"} if closes else {}),
        "ExpressionAttributeValues": to_item(values | {":running": State.RUNNING.value}),
    }
