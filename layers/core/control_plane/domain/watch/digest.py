"""How all watched clusters stand, once a day. What could not be looked at is unknown, and never called fine."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from control_plane.domain.findings import Severity
from control_plane.domain.run.size import fitting
from control_plane.domain.watch.book import Book
from control_plane.domain.wire import Wire

ROWS_MAX = 100_000  # bytes; an event of ours has at most twice as many


class Standing(StrEnum):
    DRIFTING = "Drifting"
    UNKNOWN = "Unknown"  # something of it could not be read, and nothing is known to have changed
    ACKNOWLEDGED = "Acknowledged"  # somebody knows of all that stands open
    AS_WANTED = "AsWanted"


class Row(Wire):
    cluster_name: str
    standing: Standing
    open: int  # drifts that stand open


class Digest(Wire):
    watched: int
    as_wanted: int
    drifting: int
    acknowledged: int
    unknown: int
    clusters: tuple[Row, ...]  # that are not as wanted, the worst first
    omitted_clusters: int  # rows that there was no room for


def digest(books: Mapping[str, Book]) -> Digest:
    rows = [_row(name, book) for name, book in sorted(books.items())]
    count, told = Counter(row.standing for row in rows), [one for one in rows if one.standing is not Standing.AS_WANTED]
    worst_first = sorted(told, key=lambda row: [*Standing].index(row.standing))
    shown = fitting(worst_first, ROWS_MAX)
    return Digest(
        watched=len(rows),
        as_wanted=count[Standing.AS_WANTED],
        drifting=count[Standing.DRIFTING],
        acknowledged=count[Standing.ACKNOWLEDGED],
        unknown=count[Standing.UNKNOWN],
        clusters=shown,
        omitted_clusters=len(told) - len(shown),
    )


def _row(name: str, book: Book) -> Row:
    drifts, standing = book.shown, Standing.AS_WANTED
    if drifts:
        standing = Standing.ACKNOWLEDGED
    if any(drift.severity is Severity.UNKNOWN for drift in drifts):
        standing = Standing.UNKNOWN
    if any(drift.severity is not Severity.UNKNOWN and drift.acknowledged is None for drift in drifts):
        standing = Standing.DRIFTING
    return Row(cluster_name=name, standing=standing, open=len(drifts))


def day_to_tell(at: datetime, hour: int | None, every: timedelta) -> str | None:
    """The day whose digest is due, if the look that the clock asks for now is the first one after this hour (UTC).

    >>> from datetime import UTC
    >>> [day_to_tell(datetime(2026, 11, 24, 9, minute, tzinfo=UTC), 9, timedelta(minutes=15)) for minute in (14, 29)]
    ['2026-11-24', None]
    """
    if hour is None:
        return None
    begins = at.replace(hour=hour, minute=0, second=0, microsecond=0)
    begins -= timedelta(days=begins > at)
    return begins.date().isoformat() if at - begins < every else None
