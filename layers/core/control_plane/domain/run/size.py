"""A run's record stays small whatever the request: an item of DynamoDB holds 400 kB, names included.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from control_plane.domain.egress import worst_rows_first
from control_plane.domain.findings import worst_first
from control_plane.domain.run import Run
from control_plane.domain.wire import Wire

LIST_BYTES = 90_000  # three lists of this size, the groups and the rest stay below 400 kB

ORDERS: dict[str, Callable[[Any], Sequence[Any]]] = {
    "findings": worst_first,
    "egress": worst_rows_first,
    "predicted_egress": list,
}

RowT = TypeVar("RowT", bound=Wire)


def fitting(rows: Sequence[RowT], limit: int) -> tuple[RowT, ...]:
    """The rows that fit into `limit` bytes of JSON together; one that is too long makes room for those behind it."""
    kept, size = [], 0
    for row in rows:
        length = len(row.model_dump_json(by_alias=True).encode()) + 1
        if size + length <= limit:
            kept.append(row)
            size += length
    return tuple(kept)


def within_item(run: Run) -> Run:
    """The same run with its long lists cut to fit, the worst rows kept, and those cut now added to those cut before.

    Only fields that are set are looked at, so a handful of changed fields can be passed as a run of its own.
    """
    changes: dict[str, Any] = {}
    for name, order in ORDERS.items():
        if name in run.model_fields_set:
            rows = order(getattr(run, name))
            changes[name] = fitting(rows, LIST_BYTES)
            changes[f"omitted_{name}"] = getattr(run, f"omitted_{name}") + len(rows) - len(changes[name])
    return run.model_copy(update=changes)
