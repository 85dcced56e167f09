"""What gets deployed, as the contract tests read it: the transformed template, by plain words."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from scripts.lint_states import definitions
from scripts.transform import ROOT as ROOT
from scripts.transform import transformed

FUNCTIONS = ROOT / "functions"
EVENTS = ROOT / "events"

Properties = dict[str, Any]


@cache
def template() -> dict[str, Any]:
    return transformed()


def of_type(kind: str) -> dict[str, Properties]:
    """The properties of all resources of a type, ``"AWS::Lambda::Function"``, by logical id."""
    resources = template()["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


def properties(name: str) -> Properties:
    return dict(template()["Resources"][name]["Properties"])


def functions() -> dict[str, Properties]:
    """Every function by the folder its code is in, ``"check_account"``."""
    return {Path(each["Code"]["S3Key"]).name: each for each in of_type("AWS::Lambda::Function").values()}


def logical_id(step: str) -> str:
    """
    >>> logical_id("check_account")
    'CheckAccountFunction'
    """
    return "".join(word.title() for word in step.split("_")) + "Function"


def named(value: object) -> str:
    """The logical id that a Ref, a GetAtt, or the one name in a Sub points at."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::Sub": str(text)}:
            return str(re.findall(r"\$\{(\w+)", text)[-1])
    raise AssertionError(f"{value} names no resource")


def steps_of(role: str) -> set[str]:
    """The functions that run under a role, by folder."""
    return {step for step, each in functions().items() if named(each["Role"]) == role}


def statements(role: str) -> list[Properties]:
    """All that is granted to a role: its own policies, and those of ours that it has attached."""
    attached = [properties(named(policy)) for policy in properties(role).get("ManagedPolicyArns", [])]
    documents = [each["PolicyDocument"] for each in [*properties(role).get("Policies", []), *attached]]
    return [statement for document in documents for statement in document["Statement"]]


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(role: str) -> set[str]:
    return {action for statement in statements(role) for action in listed(statement["Action"])}


def statements_for(role: str, action: str) -> list[Properties]:
    return [statement for statement in statements(role) if action in listed(statement["Action"])]


RUN, WATCH = "ProvisionClusterStateMachine", "CheckDriftStateMachine"


@cache
def machines() -> dict[str, dict[str, Any]]:
    """The definitions of all state machines by logical id."""
    return definitions(template())


def state_machine() -> dict[str, Any]:
    """The one that takes a run to its end."""
    return machines()[RUN]


def flows(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A machine, and each Map's own: a start, states, and ends that nothing outside leads to or from."""
    yield machine
    for state in machine["States"].values():
        if state["Type"] == "Map":
            yield from flows(state["ItemProcessor"])


def all_states(machine: str) -> dict[str, dict[str, Any]]:
    """The states of a machine by name, those within its Maps included: a name stands once in a machine.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
    """
    found = [pair for flow in flows(machines()[machine]) for pair in flow["States"].items()]
    assert len(found) == len(dict(found))
    return dict(found)


def tasks(machine: str = RUN) -> dict[str, Any]:
    return {name: state for name, state in all_states(machine).items() if state["Type"] == "Task"}


def all_tasks() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every task there is: its machine, its name, and what it is."""
    for machine in machines():
        yield from ((machine, name, task) for name, task in tasks(machine).items())


def definition_of(machine: str) -> Path:
    """
    >>> definition_of("CheckDriftStateMachine").name
    'check_drift.asl.yaml'
    """
    words = re.findall(r"[A-Z][a-z]*", machine.removesuffix("StateMachine"))
    return ROOT / "statemachines" / f"{'_'.join(words).lower()}.asl.yaml"


def step_of(task: dict[str, Any]) -> str:
    """The folder of the function that a task calls."""
    ident = task["Arguments"]["FunctionName"].rpartition(":")[2].removesuffix("FunctionArn")
    return "_".join(word.lower() for word in re.findall(r"[A-Z][a-z]*", ident))


def rules_of(step: str) -> Iterator[tuple[str, Properties]]:
    """The EventBridge rules that invoke a function."""
    for name, rule in of_type("AWS::Events::Rule").items():
        if any(named(target["Arn"]) == logical_id(step) for target in rule["Targets"]):
            yield name, rule
