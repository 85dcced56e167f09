"""Whatever a person can be shown of what went wrong is in the runbook, and its commands are ones that AWS has."""

import importlib
import pkgutil
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from botocore.session import get_session

import control_plane
from control_plane.domain.probe.ledger import POWER_OFF_AFTER
from control_plane.domain.run import Cause, Disposition, Phase
from control_plane.errors import ControlPlaneError
from control_plane.steps.sweep_runs import DIED, GRACE, SEEN
from tests.contracts.deployed import ROOT, all_tasks, definition_of, functions, machines, of_type, rules_of

RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
# Names that are no API's: of the CLI itself, and of its own commands.
CLI_OPTIONS = {"--query", "--output", "--cli-binary-format", "--max-items"}
CLI_COMMANDS = {("s3", "cp")}


def rows() -> set[str]:
    """What the first column of the tables names."""
    first = re.findall(r"^\| (`.+?`) \|", RUNBOOK, re.MULTILINE)
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def our_errors() -> set[str]:
    for module in pkgutil.walk_packages(control_plane.__path__, "control_plane."):
        importlib.import_module(module.name)
    return {each.__name__ for each in _descendants(ControlPlaneError)} | {ControlPlaneError.__name__}


def _descendants(error: type[Exception]) -> Iterator[type[Exception]]:
    for child in error.__subclasses__():
        yield child
        yield from _descendants(child)


def caught_errors() -> set[str]:
    retriers = [retrier for _, _, task in all_tasks() for retrier in task["Retry"]]
    made_up = [name for each in machines() for name in re.findall(r"Error: (\w+)", definition_of(each).read_text())]
    return {name for retrier in retriers for name in retrier["ErrorEquals"]} | set(made_up)


def swept_errors() -> set[str]:
    return {error for error, _ in [*SEEN.values(), DIED]}


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(set(of_type("AWS::CloudWatch::Alarm")), id="alarms"),
        pytest.param(set(Phase), id="phases"),
        pytest.param(set(Cause), id="causes"),
        pytest.param(set(Disposition), id="dispositions"),
        pytest.param(our_errors(), id="our errors"),
        pytest.param(caught_errors(), id="errors that a state retries or makes up"),
        pytest.param(swept_errors(), id="errors that the sweeper makes up"),
        pytest.param({step for step in functions() if list(rules_of(step))}, id="functions with dead letters"),
    ],
)
def test_each_is_in_the_runbook(names: set[str]) -> None:
    assert names
    assert {str(name) for name in names} - rows() == set()


def commands() -> list[list[str]]:
    """Every aws command of the runbook, in words."""
    blocks = "\n".join(re.findall(r"```sh\n(.+?)```", RUNBOOK, re.DOTALL))
    found = [line[line.index("aws ") :] for line in blocks.splitlines() if re.search(r"(^|[{ ])aws ", line)]
    return [shlex.split(line.rstrip(" }"), comments=True)[1:] for line in found]


@pytest.mark.parametrize("command", commands(), ids=lambda command: " ".join(command[:2]))
def test_a_command_and_its_options_are_ones_that_aws_has(command: list[str]) -> None:
    service, operation, *words = command
    if (service, operation) in CLI_COMMANDS:
        return
    model = ServiceModel(get_session().get_component("data_loader").load_service_model(service, "service-2"), service)
    called = next((name for name in model.operation_names if xform_name(name, "-") == operation), None)
    assert called, f"{service} has no {operation}"
    shape = model.operation_model(called).input_shape
    known = {f"--{xform_name(member, '-')}" for member in (shape.members if shape else {})}
    assert {word for word in words if word.startswith("--")} - CLI_OPTIONS - known == set()


def test_every_link_within_the_runbook_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) - anchors == set()


def test_the_times_it_tells_are_those_of_the_code() -> None:
    [sweep] = [rule["ScheduleExpression"] for _, rule in rules_of("sweep_runs") if "ScheduleExpression" in rule]
    assert sweep == "rate(5 minutes)"
    assert (timedelta(minutes=13), timedelta(minutes=15)) == (POWER_OFF_AFTER, GRACE)
    assert RUNBOOK.count("13 minutes") == 2
    assert "15 minutes past" in RUNBOOK
    [queue] = of_type("AWS::SQS::Queue").values()
    assert queue["MessageRetentionPeriod"] == timedelta(days=14).total_seconds()
