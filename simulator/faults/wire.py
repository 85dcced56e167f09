"""A plan of faults as JSON: ``{"Seed": 7, "Faults": [{"Call": "sagemaker:CreateCluster", "Kind": "Cut"}, ...]}``.

What a fault is about is told by its own key: ``Call``, ``Function``, ``DetailType``, ``State``, ``Slack`` (a status)
or ``Target`` (of sessions).
"""

from collections.abc import Collection, Mapping
from dataclasses import Field, fields
from enum import StrEnum
from typing import Any

from simulator.faults.kinds import (
    AnyFault,
    CallFault,
    EventFault,
    ExecutionFault,
    FunctionFault,
    SessionFault,
    SlackFault,
)
from simulator.faults.names import check, near

FORMS: dict[str, type[AnyFault]] = {
    "Call": CallFault,
    "Function": FunctionFault,
    "DetailType": EventFault,
    "State": ExecutionFault,
    "Slack": SlackFault,
    "Target": SessionFault,
}
NUMBERS: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,)}


def plan_of(asked: Any, known: Mapping[str, Collection[str]]) -> tuple[list[AnyFault], int | str]:
    """The faults and the seed of a plan.

    Args:
        known: what there is, for ``Function`` and ``State``.

    Raises:
        ValueError: it is none; the text says which entry, what is wrong with it, and what is known.
    """
    if not isinstance(asked, dict) or not isinstance(asked.get("Faults"), list) or asked.keys() - {"Faults", "Seed"}:
        raise ValueError('A plan is {"Seed": 7, "Faults": [...]}; Seed may be left out.')
    seed = asked.get("Seed", 0)
    if not isinstance(seed, int | str) or isinstance(seed, bool):
        raise ValueError(f"Seed: {seed!r} is neither a number nor a text.")  # noqa: TRY004 (it is about a value)
    return [_fault(f"Faults[{number}]", entry, known) for number, entry in enumerate(asked["Faults"])], seed


def wire_of(fault: AnyFault) -> dict[str, Any]:
    """
    >>> wire_of(SlackFault(429, nth=2))
    {'Nth': 2, 'Times': 1, 'Probability': 1.0, 'Slack': 429, 'RetryAfter': 0}
    """
    return {_key(type(fault), field): getattr(fault, field.name) for field in fields(fault)}


def _fault(where: str, entry: Any, there: Mapping[str, Collection[str]]) -> AnyFault:
    form = next((form for key, form in FORMS.items() if isinstance(entry, dict) and key in entry), None)
    if form is None:
        raise ValueError(f"{where}: {entry!r} has none of the keys {', '.join(FORMS)}.")
    known = {_key(form, field): field for field in fields(form)}
    for key in entry.keys() - known.keys():
        raise ValueError(f"{where}: there is no {key!r} here.{near(key, known)}")
    if "Kind" in known and "Kind" not in entry:
        raise ValueError(f"{where}: Kind is missing.")
    values = {known[key].name: _value(f"{where}.{key}", known[key], value) for key, value in entry.items()}
    try:
        for key in entry.keys() & there.keys():
            check(key, entry[key], there[key])
        _check_caller(entry.get("Caller", ""), there["Function"])
        return form(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _check_caller(name: str, functions: Collection[str]) -> None:
    """Anybody outside may have any access key; one that is nearly a function's name was meant to be it."""
    if name not in functions and (meant := near(name, functions)):
        raise ValueError(f"Caller is nobody known: {name!r}.{meant}")


def _value(where: str, field: Field[Any], value: Any) -> Any:
    kind: Any = field.type
    if issubclass(kind, StrEnum):
        if value not in [*kind]:
            raise ValueError(f"{where}: {value!r} is not one of {', '.join(kind)}.{near(value, kind)}")
        return kind(value)
    if not isinstance(value, NUMBERS[kind]) or isinstance(value, bool):
        raise ValueError(f"{where}: {value!r} is no {kind.__name__}.")  # noqa: TRY004 (it is about a value)
    return value


def _key(form: type[AnyFault], field: Field[Any]) -> str:
    if form is SlackFault and field.name == "status":
        return "Slack"
    return field.name.title().replace("_", "")
