"""Lambda's own queue: events are answered for at once, run later, tried again, and sent on when all tries failed.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import itertools
import json
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


class Asynchronous:
    def __init__(self, context: Context, runtime: Runtime, aws: Aws) -> None:
        self._context = context
        self._runtime = runtime
        self._aws = aws

    def take(self, function: LambdaFunction, payload: str) -> None:
        """Take an event in; it runs at once, if Lambda is not busy."""
        self._context.clock.spawn(f"event for {function.function_name}", lambda: self._run(function, payload))

    def _run(self, function: LambdaFunction, payload: str) -> None:
        clock = self._context.clock
        config = DEFAULTS | (function.event_invoke_config[0].config if function.event_invoke_config else {})
        too_old = clock.now() + timedelta(seconds=config["MaximumEventAgeInSeconds"])
        pauses = PAUSES[: config["MaximumRetryAttempts"]]
        for tries in itertools.count(1):
            outcome = self._when_there_is_room(function, payload)
            if not outcome.error:
                return self._send_on("OnSuccess", config, function, payload, outcome, tries, "Success")
            if tries > len(pauses):
                return self._send_on("OnFailure", config, function, payload, outcome, tries, "RetriesExhausted")
            if clock.now() + timedelta(seconds=pauses[tries - 1]) > too_old:
                return self._send_on("OnFailure", config, function, payload, outcome, tries, "EventAgeExceeded")
            clock.sleep(pauses[tries - 1])

    def _when_there_is_room(self, function: LambdaFunction, payload: str) -> Outcome:
        while True:
            try:
                return self._runtime.invoke(function.function_name, payload)
            except Throttled:
                self._context.clock.sleep(1.0)

    def _send_on(
        self,
        which: str,
        config: dict[str, Any],
        function: LambdaFunction,
        payload: str,
        outcome: Outcome,
        tries: int,
        condition: str,
    ) -> None:
        destination = config.get("DestinationConfig", {}).get(which, {}).get("Destination")
        if not destination:
            return
        if ":sqs:" not in destination:
            raise NotModelledError(f"The simulator sends no invocation records to {destination}.")
        how = {"functionError": outcome.error} if outcome.error else {}
        record = {
            "version": "1.0",
            "timestamp": rfc3339(self._context.clock.now()),
            "requestContext": {
                "requestId": outcome.request_id,
                "functionArn": f"{function.function_arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": tries,
            },
            "requestPayload": json.loads(payload),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"} | how,
            "responsePayload": json.loads(outcome.payload),
        }
        send(self._aws, destination, json.dumps(record), {})
