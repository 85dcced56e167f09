"""Step "Sweep runs": by the clock for all, by Step Functions' event for the one run whose execution ended."""

from control_plane.aws.bus import Bus
from control_plane.aws.clients import client
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.executions import Executions
from control_plane.aws.open_items import OpenItems
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.messages.bus_event import BusEvent
from control_plane.entry import now, step
from control_plane.settings import setting
from control_plane.steps.sweep_runs import Report, Sweeper, run_id_in


@step(BusEvent)
def lambda_handler(event: BusEvent) -> Report:
    dynamodb, table = client("dynamodb"), setting("TABLE_NAME")
    sweeper = Sweeper(
        runs=RunTable(dynamodb, table),
        open_items=OpenItems(dynamodb, table),
        executions=Executions(client("stepfunctions"), setting("STATE_MACHINE_ARN")),
        outbox=Outbox(dynamodb, table),
        bus=Bus(client("events"), setting("EVENT_BUS_NAME")),
        evidence=EvidenceStore(client("s3"), setting("EVIDENCE_BUCKET")),
        now=now,
    )
    return sweeper.sweep(run_id_in(event))
