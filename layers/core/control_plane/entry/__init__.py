"""The only room that knows Powertools: how a function is entered, what it logs, and what time it is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from control_plane.domain.wire import Wire
from control_plane.errors import RequestRejected

# ASCII: in a terminal, a log viewer or an editor, other characters can end lines, hide, or turn the reading round.
logger = Logger(service="hyperpod-vpc", json_serializer=partial(json.dumps, default=str))

RequestT = TypeVar("RequestT", bound=Wire)
Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def now() -> datetime:
    return datetime.now(UTC)


def step(shape: type[RequestT]) -> Callable[[Callable[[RequestT], Wire]], Handler]:
    """Make a Lambda handler of a function: check the payload, log both ends, answer in JSON.

    What it raises becomes the error name that the state machine matches.
    """

    def decorate(work: Callable[[RequestT], Wire]) -> Handler:
        @wraps(work)
        def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            logger.append_keys(run_id=event.get("RunId"), request_id=context.aws_request_id)
            report = work(_checked(shape, event)).to_wire()
            logger.info("step done", extra={"report": report})
            return report

        return handler

    return decorate


def _checked(shape: type[RequestT], event: dict[str, Any]) -> RequestT:
    try:
        return shape.from_wire(event)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise RequestRejected(f"This is no payload that the function knows: {faults}") from error
