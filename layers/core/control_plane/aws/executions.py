"""Executions of the state machine; each has its run's id for a name, so that a repeat meets its own."""

import json
from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

STARTS = frozenset({"states:StartExecution"})
ACTIONS = STARTS | {"states:DescribeExecution", "states:StopExecution"}


class Executions:
    def __init__(self, stepfunctions: "SFNClient", state_machine_arn: str) -> None:
        self._stepfunctions, self._machine = stepfunctions, state_machine_arn

    def arn_of(self, name: str) -> str:
        """
        >>> Executions(None, "arn:aws:states:eu-west-1:123456789012:stateMachine:provision").arn_of("run-1")
        'arn:aws:states:eu-west-1:123456789012:execution:provision:run-1'
        """
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"

    def start(self, name: str, payload: dict[str, object]) -> None:
        """Start an execution of this name, unless there is, or was, one. Names stay taken for 90 days.

        Source:
            https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        try:
            with calling("states:StartExecution"):
                self._stepfunctions.start_execution(stateMachineArn=self._machine, name=name, input=json.dumps(payload))
        except AwsRefused as error:
            if error.code != "ExecutionAlreadyExists":
                raise

    def status(self, name: str) -> str | None:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE; None: no such execution."""
        try:
            with calling("states:DescribeExecution"):
                return self._stepfunctions.describe_execution(executionArn=self.arn_of(name))["status"]
        except AwsRefused as error:
            if error.code == "ExecutionDoesNotExist":
                return None
            raise

    def stop(self, name: str, error: str, cause: str) -> None:
        """Stop an execution; one that is over, or never was, is as good."""
        try:
            with calling("states:StopExecution"):
                self._stepfunctions.stop_execution(executionArn=self.arn_of(name), error=error, cause=cause)
        except AwsRefused as refusal:
            if refusal.code not in {"ExecutionDoesNotExist", "ValidationException"}:
                raise
