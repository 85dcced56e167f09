"""What a fault's text stands for in the simulator's plan of faults.

=====================================  ===========================================================
``<function>/<call>/<nth>/<kind>``     what happens to the nth such call of a function; ``*2``: to this one and the next
``…/STALE-2``                          the answer is that of two states ago
``…/NEVER_BACK``                       the function dies there, and with it the whole control plane, for good
``function/<function>/<kind>``         what happens to a function's first invocation
``event/<detail-type>/<kind>``         what happens to all such events on their way
``execution/<state>/<kind>``           the execution is ended from outside when it comes to this state
``slack/<status>``                     how Slack answers: once, or from now on (404: the webhook is revoked)
=====================================  ===========================================================
"""

import re

from simulator.faults import (
    AnyFault,
    CallFault,
    CallKind,
    EventFault,
    EventKind,
    ExecutionFault,
    ExecutionKind,
    FunctionFault,
    FunctionKind,
    SlackFault,
)

REVOKED = 404


def fault_of(text: str) -> AnyFault:
    """
    >>> fault_of("slack/429")
    SlackFault(nth=1, times=1, probability=1.0, status=429, retry_after=0)

    Raises:
        ValueError: it is none.
    """
    match text.split("/"):
        case ["function", function, kind]:
            return FunctionFault(function, FunctionKind[kind])
        case ["event", detail_type, kind]:
            return EventFault(detail_type, EventKind[kind], nth=0)
        case ["execution", state, kind]:
            return ExecutionFault(state, ExecutionKind[kind])
        case ["slack", status]:
            return SlackFault(int(status), nth=0 if int(status) == REVOKED else 1)
        case [caller, call, nth, kind] if found := re.fullmatch(r"([A-Z_]+)(?:\*(\d))?(?:-(\d))?", kind):
            name, times, ago = found.groups(default="1")
            return CallFault(call, CallKind[name], caller, nth=int(nth), times=int(times), states_ago=int(ago))
    raise ValueError(f"{text} is no fault; {__name__} says what they look like.")
