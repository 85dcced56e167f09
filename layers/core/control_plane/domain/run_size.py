"""A run's record stays small whatever the request: an item of DynamoDB holds 400 kB, names included.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeVar

from control_plane.domain.egress import worst_rows_first
from control_plane.domain.findings import worst_first
from control_plane.domain.run import Run
from control_plane.domain.wire import Wire

LIST_BYTES = 90_000  # three lists of this size, the groups and the rest stay below 400 kB

RowT = TypeVar("RowT", bound=Wire)


def fitting(rows: Sequence[RowT], limit: int) -> tuple[RowT, ...]:
    """The first rows that fit into `limit` bytes of JSON together."""
    sizes = accumulate(len(row.model_dump_json(by_alias=True).encode()) + 1 for row in rows)
    return tuple(row for row, size in zip(rows, sizes, strict=True) if size <= limit)


def within_item(run: Run) -> Run:
    """The same run with its long lists cut to fit, the worst rows kept and the cut ones counted.

    Only fields that are set are looked at, so a handful of changed fields can be passed as a run of its own.
    """
    changes: dict[str, Any] = {}
    if "findings" in run.model_fields_set:
        changes["findings"] = fitting(worst_first(run.findings), LIST_BYTES)
        changes["omitted_findings"] = len(run.findings) - len(changes["findings"])
    if "egress" in run.model_fields_set:
        changes["egress"] = fitting(worst_rows_first(run.egress), LIST_BYTES)
        changes["omitted_egress"] = len(run.egress) - len(changes["egress"])
    if "predicted_egress" in run.model_fields_set:
        changes["predicted_egress"] = fitting(run.predicted_egress, LIST_BYTES)
    return run.model_copy(update=changes)
