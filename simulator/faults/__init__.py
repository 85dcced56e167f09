"""Faults: what may happen to calls, functions, events, executions, Slack, sessions; as a plan that can be replayed."""

from simulator.faults.in_force import Faults
from simulator.faults.kinds import (
    AnyFault,
    CallFault,
    CallKind,
    EventFault,
    EventKind,
    ExecutionFault,
    ExecutionKind,
    FunctionFault,
    FunctionKind,
    SessionFault,
    SessionKind,
    SlackFault,
)

__all__ = [
    "AnyFault",
    "CallFault",
    "CallKind",
    "EventFault",
    "EventKind",
    "ExecutionFault",
    "ExecutionKind",
    "Faults",
    "FunctionFault",
    "FunctionKind",
    "SessionFault",
    "SessionKind",
    "SlackFault",
]
