"""Lambda's own queue: events are answered for at once, run later, tried again, and sent on when all tries failed.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.awslambda.models import LambdaFunction

from simulator.awslambda.runtime import Outcome, Runtime, Throttled
from simulator.cloudformation.registry import Aws, NotModelledError
from simulator.context import Context
from simulator.eventbridge.buses import rfc3339
from simulator.eventbridge.deliveries import send

PAUSES = (60.0, 120.0)  # seconds before the first and the second retry
DEFAULTS = {"MaximumRetryAttempts": len(PAUSES), "MaximumEventAgeInSeconds": 21_600}


@dataclass(frozen=True)
class Tried:
    """What came of all tries."""

    last: Outcome
    tries: int
    condition: str  # "Success", "RetriesExhausted" or "EventAgeExceeded"


class Asynchronous:
    def __init__(self, context: Context, runtime: Runtime, aws: Aws) -> None:
        self._context = context
        self._runtime = runtime
        self._aws = aws

    def take(self, function: LambdaFunction, payload: str) -> None:
        """Take an event in; it runs at once, if Lambda is not busy."""
        self._context.clock.spawn(f"event for {function.function_name}", lambda: self._run(function, payload))

    def _run(self, function: LambdaFunction, payload: str) -> None:
        config = DEFAULTS | (function.event_invoke_config[0].config if function.event_invoke_config else {})
        tried = self._try(function, payload, config)
        which = "OnFailure" if tried.last.error else "OnSuccess"
        if destination := config.get("DestinationConfig", {}).get(which, {}).get("Destination"):
            self._send_on(destination, function, payload, tried)

    def _try(self, function: LambdaFunction, payload: str, config: dict[str, Any]) -> Tried:
        clock, pauses = self._context.clock, [*PAUSES[: config["MaximumRetryAttempts"]], None]
        too_old = clock.now() + timedelta(seconds=config["MaximumEventAgeInSeconds"])
        tries = 0
        while True:
            outcome, pause = self._when_there_is_room(function, payload), pauses[tries]
            tries += 1
            if not outcome.error:
                return Tried(outcome, tries, "Success")
            if pause is None:
                return Tried(outcome, tries, "RetriesExhausted")
            if clock.now() + timedelta(seconds=pause) > too_old:
                return Tried(outcome, tries, "EventAgeExceeded")
            clock.sleep(pause)

    def _when_there_is_room(self, function: LambdaFunction, payload: str) -> Outcome:
        while True:
            try:
                return self._runtime.invoke(function.function_name, payload)
            except Throttled:
                self._context.clock.sleep(1.0)

    def _send_on(self, destination: str, function: LambdaFunction, payload: str, tried: Tried) -> None:
        if ":sqs:" not in destination:
            raise NotModelledError(f"The simulator sends no invocation records to {destination}.")
        error = {"functionError": tried.last.error} if tried.last.error else {}
        record = {
            "version": "1.0",
            "timestamp": rfc3339(self._context.clock.now()),
            "requestContext": {
                "requestId": tried.last.request_id,
                "functionArn": f"{function.function_arn}:$LATEST",
                "condition": tried.condition,
                "approximateInvokeCount": tried.tries,
            },
            "requestPayload": json.loads(payload),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"} | error,
            "responsePayload": json.loads(tried.last.payload),
        }
        send(self._aws, destination, json.dumps(record), {})
