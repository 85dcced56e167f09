"""A run as it stands: what its record says, and the states that its execution went through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

ENDS = frozenset({"SucceedStateEntered", "FailStateEntered"})
# What takes time, or ends it; choices are left to the state machine's own picture.
SHOWN = ENDS | {"TaskStateEntered", "WaitStateEntered"}


@dataclass(frozen=True)
class Look:
    run: dict[str, Any]  # as GET /runs/{id} answers
    states: tuple[tuple[datetime, str], ...]  # when each was entered, in order
    over: bool

    @classmethod
    def at(cls, run: dict[str, Any], stepfunctions: Any) -> "Look":
        pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=run["ExecutionArn"])
        events = [event for page in pages for event in page["events"] if event["type"] in SHOWN]
        states = tuple((event["timestamp"], event["stateEnteredEventDetails"]["name"]) for event in events)
        return cls(run, states, over=any(event["type"] in ENDS for event in events))

    @property
    def steps(self) -> list[tuple[datetime, str, int]]:
        """The states, those of one loop folded into one line: when first entered, name, how often."""
        folded: dict[str, tuple[datetime, int]] = {}
        for when, name in self.states:
            first, times = folded.get(name, (when, 0))
            folded[name] = (first, times + 1)
        return [(when, name, times) for name, (when, times) in folded.items()]
