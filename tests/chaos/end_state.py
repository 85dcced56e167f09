"""How a run ended, without what is never the same twice; and what must not be left of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NEVER_THE_SAME = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC)", "<time>"),
    (r"\b[0-9a-f]{64}\b", "<sha>"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\b(i|eni|subnet|sg|vpc|nat|rtb|igw|eipalloc)-[0-9a-f]{17}\b", r"<\1>"),
    (r'"DurationSeconds": \d+', '"DurationSeconds": "<seconds>"'),
)


@dataclass(frozen=True)
class EndState:
    """All of it must equal the undisturbed run's."""

    run: Any  # as GET /runs/{id} answers
    events: dict[str, Any]  # detail by EventId, however often it was told
    slack: list[str]  # EventIds, each once: Slack may hear one twice, and lacks none
    execution: str  # how the run's own execution ended
    clusters: int  # of its name, that exist

    def differences(self, undisturbed: "EndState") -> list[str]:
        return list(_differences("end", vars(self), vars(undisturbed)))


@dataclass(frozen=True)
class Remains:
    """What is left of a run. Nothing to complain of, however it was disturbed."""

    state: str  # "" where there is no run
    probes: list[str]  # instances that are not terminated
    clusters: set[str]  # ARNs of all that ever began to live under its name
    open_items: list[str]  # what the table still holds open
    running: list[str]  # executions that have not ended
    ends: set[str]  # each distinct announcement of an end

    @property
    def at_rest(self) -> bool:
        return self.state not in ("", "Running") and not self.open_items and not self.running

    def of_money(self) -> list[str]:
        """Complaints about what costs money, also while there is nobody who could see to it."""
        wrong = {
            f"probe instances are left: {self.probes}": self.probes,
            f"clusters were made: {sorted(self.clusters)}": len(self.clusters) > 1,
        }
        return [complaint for complaint, is_wrong in wrong.items() if is_wrong]

    def complaints(self) -> list[str]:
        wrong = {
            f"the run is {self.state or 'not there'}": self.state in ("", "Running"),
            f"still open: {self.open_items}": self.open_items,
            f"still running: {self.running}": self.running,
            f"{len(self.ends)} different ends were told": len(self.ends) != 1,
        }
        return [*self.of_money(), *(complaint for complaint, is_wrong in wrong.items() if is_wrong)]


def alike(document: Any, names: dict[str, str]) -> Any:
    """A document with the run's own names, and all ids and times, replaced by words.

    >>> alike({"RunId": "run-1", "At": "2026-11-24T09:00:00Z"}, {"run-1": "<run>"})
    {'RunId': '<run>', 'At': '<time>'}
    """
    text = json.dumps(document, sort_keys=True)
    for name, word in names.items():
        text = text.replace(name, word)
    for pattern, word in NEVER_THE_SAME:
        text = re.sub(pattern, word, text)
    return json.loads(text)


def _differences(path: str, here: Any, there: Any) -> Iterator[str]:
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted(here.keys() | there.keys()):
            yield from _differences(f"{path}.{key}", here.get(key), there.get(key))
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for place, (one, other) in enumerate(zip(here, there, strict=True)):
            yield from _differences(f"{path}[{place}]", one, other)
    elif here != there:
        yield f"{path}: {here!r}, undisturbed {there!r}"
