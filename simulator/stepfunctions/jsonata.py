"""JSONata for moto's interpreter, which ships with the evaluator unwired.

moto splices variables into the expression as text, without escaping strings; here they are bound as values.
"""

from datetime import UTC, datetime
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.intrinsic.jsonata import get_intrinsic_functions_declarations
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata.jsonata import extract_jsonata_variable_references

from simulator.patching import Patches


class QueryError(Exception):
    """An expression that does not evaluate, or evaluates to nothing JSON has."""


def install(patches: Patches) -> None:
    patches.replace(StringJSONata, "_eval_body", _eval_body)


def evaluate(expression: str, variables: dict[str, Any]) -> Any:
    """Evaluate to a JSON value.

    Args:
        variables: JSON values by name, without the dollar.

    Raises:
        QueryError: the expression is wrong, fails, or answers undefined or a function.
    """
    try:
        query = Jsonata(expression)
        query.set_output_convert_nulls(False)  # else null and undefined look the same
        result = query.evaluate(None, {name: _with_nulls(value) for name, value in variables.items()})
    except (JException, RecursionError) as error:
        raise QueryError(str(error)) from error
    if result is None:
        raise QueryError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return _as_json(result, expression)


def _with_nulls(value: Any) -> Any:
    """The evaluator's form of a JSON value, where None would mean undefined."""
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    if isinstance(value, datetime):  # the context object's times
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Utils.NULL_VALUE if value is None else value


def _as_json(value: Any, expression: str) -> Any:
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {key: _as_json(item, expression) for key, item in value.items()}
    if isinstance(value, list | range):
        return [_as_json(item, expression) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # JSON has one kind of number; AWS writes 3, not 3.0
    if isinstance(value, str | int | float | bool):
        return value
    raise QueryError(f"The JSONata expression '{expression}' returned an unsupported result type.")


def _eval_body(self: StringJSONata, env: Environment) -> None:
    functions = get_intrinsic_functions_declarations(extract_jsonata_variable_references(self.expression))
    # A result or an error that is not there is undefined on AWS; moto has it as null.
    states = {"states": {key: value for key, value in env.states._states_data.items() if value is not None}}
    outer, inner = env.variable_store._outer_scope, env.variable_store._inner_scope
    try:
        env.stack.append(evaluate(f"({functions}{self.expression})", states | outer | inner))
    except QueryError as error:
        raise _failure(env, str(error)) from error


def _failure(env: Environment, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    failed = EvaluationFailedEventDetails(cause=cause, error=name.error_name)
    details = EventDetails(evaluationFailedEventDetails=failed)  # type: ignore[typeddict-item]  # one kind of them at a time
    kind = HistoryEventType.EvaluationFailed
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=details)
    return FailureEventException(FailureEvent(env=env, error_name=name, event_type=kind, event_details=details))
