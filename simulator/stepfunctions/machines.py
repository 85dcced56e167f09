"""Step Functions as the control plane meets it: moto's executions, started, stopped and told about as AWS does."""

import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

import yaml
from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from simulator.awslambda.runtime import Runtime, Throttled
from simulator.cloudformation.registry import Aws, Made, NotModelledError, Properties, resource
from simulator.context import Context
from simulator.door import Door
from simulator.faults import CallKind, ExecutionKind
from simulator.faults.calls import refusal_of
from simulator.operations import Call
from simulator.patching import Patches
from simulator.stepfunctions import jsonata, time

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
LARGEST_INPUT = 262_144
INVOKE = Call("states", "lambda", "Invoke", "rest")


class Machines:
    """All executions, and whoever waits for one of them."""

    def __init__(self, context: Context, runtime: Runtime, door: Door) -> None:
        self._context = context
        self._runtime = runtime
        self._door = door
        self._changing = threading.Lock()
        self._to_end: dict[str, ExecutionKind] = {}  # by execution: a fault's wish, until its time has come
        self._ended = threading.Condition()

    def install(self, patches: Patches) -> None:
        time.install(patches, self._context.clock)
        jsonata.install(patches)
        patches.put(default_user_config["stepfunctions"], "execute_state_machine", value=True)
        patches.replace(boto_client, "moto_server_port", lambda: self._context.aws_url.rpartition(":")[2])
        patches.replace(lambda_eval_utils, "_invoke_lambda_function", self._invoke)
        self._start_in_moto = patches.replace(StepFunctionsParserBackend, "start_execution", self._start_method())
        self._end_in_moto = patches.replace(BaseExecutionWorkerCommunication, "terminated", self._end_method())
        patches.replace(StepFunctionResponse, "stop_execution", self._stop_method())
        self._enter_in_moto = patches.replace(CommonStateField, "_eval_body", self._enter_method())
        self._task_in_moto = patches.replace(StateTaskServiceLambda, "_eval_service_task", self._task_method())
        for name in ("describe_execution", "list_executions"):
            patches.replace(StepFunctionResponse, name, _with_stop_date(vars(StepFunctionResponse)[name]))

    def executions(self) -> list[Execution]:
        backend = stepfunctions_parser_backends[self._context.account][self._context.region]
        return [cast("Execution", execution) for machine in backend.state_machines for execution in machine.executions]

    def state_names(self) -> set[str]:
        """Of all machines, those within a Map or a Parallel state included."""
        backend = stepfunctions_parser_backends[self._context.account][self._context.region]
        return {name for machine in backend.state_machines for name in _states_in(json.loads(machine.definition))}

    def wait_for(self, name: str, real_seconds: float) -> str:
        """Wait until an execution of this name has ended, and answer its ARN.

        Raises:
            TimeoutError: it has not, after so many real seconds.
        """

        def ended() -> list[str]:
            return [it.exec_arn for it in self.executions() if it.name == name and it.stop_date]

        with self._ended:
            if not self._ended.wait_for(ended, real_seconds):
                known = {it.name: it.status for it in self.executions()}
                raise TimeoutError(f"No execution {name} has ended; at work: {self._context.clock.holders()}; {known}.")
            return ended()[0]

    def _start_method(self) -> Callable[..., Execution]:
        def start_execution(
            backend: StepFunctionsParserBackend, arn: str, name: str | None, execution_input: str, *_: Any
        ) -> Execution:
            if len(execution_input.encode()) > LARGEST_INPUT:
                raise ValidationException(f"Member 'input' must have length less than or equal to {LARGEST_INPUT}")
            with self._changing:
                known = {id(execution) for execution in self.executions()}
                execution: Execution = self._start_in_moto(
                    backend, arn, name or str(mock_random.uuid4()), execution_input
                )
                if id(execution) not in known:
                    self._tell(execution)
            return execution

        return start_execution

    def _end_method(self) -> Callable[[BaseExecutionWorkerCommunication], None]:
        def terminated(communication: BaseExecutionWorkerCommunication) -> None:
            with self._changing:
                if communication.execution.stop_date is not None:
                    return  # it was stopped, and all is said
                self._end_in_moto(communication)
            self._tell(communication.execution)

        return terminated

    def _stop_method(self) -> Callable[[StepFunctionResponse], ActionResult]:
        def stop_execution(response: StepFunctionResponse) -> ActionResult:
            asked = response._get_param
            execution = cast("Execution", response.stepfunction_backend.describe_execution(asked("executionArn")))
            self._stop(execution, asked("error"), asked("cause"))
            return ActionResult({"stopDate": execution.stop_date})

        return stop_execution

    def _enter_method(self) -> Callable[[CommonStateField, Environment], None]:
        def enter(state: CommonStateField, env: Environment) -> None:
            if fault := self._door.faults.for_state(state.name):
                self._to_end[_arn(env)] = fault.kind
            if not isinstance(state, StateTaskServiceLambda):
                self._end_as_asked(env)
            self._enter_in_moto(state, env)

        return enter

    def _task_method(self) -> Callable[..., None]:
        def task(state: StateTaskServiceLambda, env: Environment, **arguments: Any) -> None:
            self._end_as_asked(env)  # the function is on its way: it goes on unheard
            self._task_in_moto(state, env=env, **arguments)

        return task

    def _end_as_asked(self, env: Environment) -> None:
        kind = self._to_end.pop(_arn(env), None)
        for execution in [each for each in self.executions() if kind and each.exec_arn == _arn(env)]:
            if kind is ExecutionKind.STOP:
                self._stop(execution, None, None)
            else:
                self._stop(execution, "States.Timeout", None, ExecutionStatus.TIMED_OUT)

    def _stop(
        self,
        execution: Execution,
        error: str | None,
        cause: str | None,
        status: ExecutionStatus = ExecutionStatus.ABORTED,
    ) -> None:
        """End it at once, as AWS does, even if a task of it still runs and ends later, unheard."""
        with self._changing:
            if execution.stop_date is not None:
                return
            execution.exec_status = status
            execution.stop_date, execution.error, execution.cause = self._context.clock.now(), error, cause
        if execution.exec_worker and execution.exec_worker.env:
            if status == ExecutionStatus.TIMED_OUT:
                execution.exec_worker.env.set_timed_out()
            else:
                execution.stop(execution.stop_date, error, cause)
        self._tell(execution)

    def _tell(self, execution: Execution) -> None:
        self._context.emit(
            "aws.states",
            "Step Functions Execution Status Change",
            _detail(execution),
            resources=[execution.exec_arn],
        )
        with self._ended:
            self._ended.notify_all()

    def _invoke(self, parameters: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The Lambda task, without the way through HTTP, but with the door's faults and its record."""
        fault = self._door.faults.for_call(INVOKE)
        if refusal := fault and refusal_of(fault, INVOKE):
            self._door.record(INVOKE, refusal.status)
            raise _client_error(refusal.code, refusal.message, refusal.status)
        if fault and fault.kind is CallKind.RESET:
            raise self._lost()
        try:
            outcome = self._runtime.invoke(parameters["FunctionName"], parameters.get("Payload", b"{}").decode())
        except UnknownFunctionException as unknown:
            raise _client_error("ResourceNotFoundException", str(unknown), 404) from unknown
        except Throttled as throttled:
            raise _client_error("TooManyRequestsException", "Rate Exceeded.", 429) from throttled
        if fault and fault.kind is CallKind.CUT:
            raise self._lost()
        self._door.record(INVOKE, 200)
        answer = {"ExecutedVersion": "$LATEST", "StatusCode": 200, "Payload": json.loads(outcome.payload)}
        return answer | ({"FunctionError": outcome.error} if outcome.error else {})

    def _lost(self) -> ClientError:
        """https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
        self._door.record(INVOKE, 0)
        return _client_error("SdkClientException", "The reply to Invoke is lost.", 0)


def _client_error(code: str, message: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": str(mock_random.uuid4())}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Invoke")  # type: ignore[typeddict-item]  # as much of it as moto reads


def _detail(execution: Execution) -> dict[str, Any]:
    """Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    succeeded = execution.exec_status == ExecutionStatus.SUCCEEDED
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": execution.execution_input,
        "output": to_json_str(execution.output) if succeeded else None,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def _arn(env: Environment) -> str:
    return str(env.states.context_object.context_object_data["Execution"]["Id"])


def _states_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("States", {})
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _states_in(inner)


def _milliseconds(moment: datetime | None) -> int | None:
    return math.floor(moment.timestamp() * 1000) if moment else None


def _with_stop_date(in_moto: Callable[[StepFunctionResponse], ActionResult]) -> Callable[..., ActionResult]:
    """Moto forgets when an execution timed out."""

    def answer(response: StepFunctionResponse) -> ActionResult:
        result = in_moto(response)
        described = cast("dict[str, Any]", result.result)
        for item in described.get("executions", [described]):
            if item["status"] == ExecutionStatus.TIMED_OUT:
                item["stopDate"] = response.stepfunction_backend.describe_execution(item["executionArn"]).stop_date
        return result

    return answer


@resource("AWS::StepFunctions::StateMachine")
def state_machine(aws: Aws, properties: Properties, name: str) -> Made:
    """Moto would make it where nothing executes it, and without its substitutions."""
    name = properties.take("StateMachineName", name)[:80]
    text = _definition_text(aws, properties)
    definition = yaml.safe_load(substituted(text, properties.take("DefinitionSubstitutions", {})))
    wanted = {"roleArn": properties.take("RoleArn"), "type": properties.take("StateMachineType", "STANDARD")}
    properties.without_effect("LoggingConfiguration", "TracingConfiguration", "Tags")
    arn = aws("stepfunctions").create_state_machine(name=name, definition=json.dumps(definition), **wanted)[
        "stateMachineArn"
    ]
    return Made(arn, {"Arn": arn, "Name": name})


def _definition_text(aws: Aws, properties: Properties) -> str:
    if place := properties.take("DefinitionS3Location"):
        body = aws("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read()
        return str(body.decode())
    definition = properties.take("DefinitionString") or properties.take("Definition")
    return definition if isinstance(definition, str) else json.dumps(definition)


def substituted(text: str, substitutions: dict[str, Any]) -> str:
    """Fill in each ``${Name}``, in the text, before anything parses it.

    Raises:
        NotModelledError: a name without a value, or a value that no name asks for; AWS refuses the first.
    """
    asked = set(re.findall(r"\$\{(\w+)\}", text))
    if odd := asked ^ set(substitutions):
        raise NotModelledError(f"DefinitionSubstitutions and the definition do not agree on {', '.join(sorted(odd))}.")
    return re.sub(r"\$\{(\w+)\}", lambda found: str(substitutions[found[1]]), text)
