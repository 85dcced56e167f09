"""Bring an event to one target of a rule, again if need be, and to the dead-letter queue at the end."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.models import lambda_backends
from moto.events.models import Rule

from simulator.clock import Clock
from simulator.cloudformation.registry import Aws, NotModelledError
from simulator.context import ACCOUNT, REGION
from simulator.eventbridge.inputs import Event, input_for

LONGEST_PAUSE = 900.0  # seconds between two tries
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
DEFAULT_POLICY = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400}


@dataclass(frozen=True)
class Refusal(Exception):
    """A target did not take an event; `code` is one of EventBridge's own.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    code: str
    message: str
    again: bool  # whether another try may help


class Deliveries:
    def __init__(self, clock: Clock, aws: Aws) -> None:
        self._clock = clock
        self._aws = aws
        self._takers: dict[str, Callable[[Rule, dict[str, Any], str], None]] = {
            "lambda": self._to_function,
            "states": self._to_state_machine,
            "sqs": self._to_queue,
        }

    def deliver(self, rule: Rule, target: dict[str, Any], event: Event) -> None:
        """Start delivering; whoever waits for the world to settle waits for this too.

        Raises:
            NotModelledError: the simulator knows no targets of this kind.
        """
        service = target["Arn"].split(":")[2]
        if service not in self._takers:
            raise NotModelledError(f"Rule {rule.name}: the simulator has no targets like {target['Arn']}.")
        name = f"delivery of {event['detail-type']} to {target['Id']}"
        self._clock.spawn(name, lambda: self._try_on(self._takers[service], rule, target, event))

    def _try_on(self, take: Callable[..., None], rule: Rule, target: dict[str, Any], event: Event) -> None:
        policy = DEFAULT_POLICY | target.get("RetryPolicy", {})
        give_up_at = self._clock.now() + timedelta(seconds=policy["MaximumEventAgeInSeconds"])
        retries = 0
        while True:
            try:
                return take(rule, target, input_for(target, event))
            except Refusal as refusal:
                pause = min(2.0**retries, LONGEST_PAUSE)
                if not refusal.again:
                    return self._bury(rule, target, event, refusal, retries, "")
                if retries >= policy["MaximumRetryAttempts"]:
                    return self._bury(rule, target, event, refusal, retries, "MaximumRetryAttempts")
                if self._clock.now() + timedelta(seconds=pause) > give_up_at:
                    return self._bury(rule, target, event, refusal, retries, "MaximumEventAgeInSeconds")
            self._clock.sleep(pause)
            retries += 1

    def _bury(
        self, rule: Rule, target: dict[str, Any], event: Event, refusal: Refusal, retries: int, exhausted: str
    ) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if not queue:
            return  # AWS drops it as well
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": refusal.code,
            "ERROR_MESSAGE": refusal.message,
            "RETRY_ATTEMPTS": str(retries),
            "EXHAUSTED_RETRY_CONDITION": exhausted,
        }
        send(self._aws, queue, json.dumps(event), {name: value for name, value in attributes.items() if value})

    def _to_function(self, rule: Rule, target: dict[str, Any], payload: str) -> None:
        name = target["Arn"].rpartition(":function:")[2]
        _check_permission(rule, name)
        with _refusals():
            self._aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)

    def _to_state_machine(self, _rule: Rule, target: dict[str, Any], payload: str) -> None:
        with _refusals():
            self._aws("stepfunctions").start_execution(stateMachineArn=target["Arn"], input=payload)

    def _to_queue(self, _rule: Rule, target: dict[str, Any], payload: str) -> None:
        with _refusals():
            send(self._aws, target["Arn"], payload, {})


def send(aws: Aws, queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    """Put a message on a queue of this account."""
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)


@contextmanager
def _refusals() -> Iterator[None]:
    """What a target's service says, in EventBridge's words."""
    try:
        yield
    except ClientError as error:
        raise _refusal_of(error) from error
    except BotoCoreError as error:
        raise Refusal("CONNECTION_FAILURE", str(error), again=True) from error


def _refusal_of(error: ClientError) -> Refusal:
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if "NotFound" in code or "DoesNotExist" in code or "NonExistent" in code:
        return Refusal("NO_RESOURCE", str(error), again=False)
    if "AccessDenied" in code:
        return Refusal("NO_PERMISSIONS", str(error), again=False)
    throttled = status == 429 or "Thrott" in code or "TooManyRequests" in code
    kind = "THROTTLING" if throttled else "ERROR_FROM_TARGET"
    return Refusal(kind, str(error), again=throttled or status >= 500)


def _check_permission(rule: Rule, function_name: str) -> None:
    """EventBridge may call a function only if the function's own policy says so, for this rule."""
    functions = lambda_backends[ACCOUNT][REGION]
    if not any(function.function_name == function_name for function in functions.list_functions()):
        raise Refusal("NO_RESOURCE", f"Function {function_name} does not exist.", again=False)
    for statement in functions.get_function(function_name).policy.statements:
        source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", rule.arn)
        if statement["Principal"] == {"Service": "events.amazonaws.com"} and source == rule.arn:
            return
    raise Refusal("NO_PERMISSIONS", f"{function_name} lets no {rule.arn} invoke it.", again=False)
