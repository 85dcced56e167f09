"""Every function is deployed alike, knows what it reads, and has both nets where EventBridge invokes it."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from control_plane.aws.deliveries import CLAIM
from tests.contracts.deployed import (
    FUNCTIONS,
    ROOT,
    functions,
    logical_id,
    named,
    of_type,
    properties,
    rules_of,
    statements_for,
    template,
)

each_step = pytest.mark.parametrize("step", sorted(functions()))
INVOKED_BY_EVENTS = [step for step in sorted(functions()) if list(rules_of(step))]
COMMON = {"STACK_NAME", "TABLE_NAME", "EVIDENCE_BUCKET", "EVENT_BUS_NAME"}


def _settings(step: str) -> set[str]:
    """The names that a handler gives to `setting`."""
    calls = [
        node
        for node in ast.walk(ast.parse((FUNCTIONS / step / "handler.py").read_text()))
        if isinstance(node, ast.Call)
    ]
    readings = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "setting"]
    return {str(argument.value) for call in readings for argument in call.args if isinstance(argument, ast.Constant)}


@each_step
def test_a_function_runs_on_the_newest_runtime_with_our_layers_traces_and_one_log(step: str) -> None:
    function = functions()[step]
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert (function["Handler"], function["Code"]["S3Key"]) == ("handler.lambda_handler", f"functions/{step}")
    assert [re.sub(r"[0-9a-f]{10}$", "", named(layer)) for layer in function["Layers"]] == ["CoreLayer", "VendorLayer"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": "FunctionLogs"}}


@each_step
def test_a_function_is_given_every_setting_it_reads_and_none_of_its_own_that_it_does_not(step: str) -> None:
    given = set(functions()[step]["Environment"]["Variables"])
    assert _settings(step) <= given
    assert given - COMMON <= _settings(step)


@pytest.mark.parametrize("step", INVOKED_BY_EVENTS)
def test_an_event_that_cannot_be_delivered_waits_in_the_dead_letter_queue(step: str) -> None:
    for _, rule in rules_of(step):
        [target] = rule["Targets"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert named(target["DeadLetterConfig"]["Arn"]) == "DeadLetterQueue"


@pytest.mark.parametrize("step", INVOKED_BY_EVENTS)
def test_an_event_whose_function_raises_to_the_end_waits_there_too(step: str) -> None:
    configs = of_type("AWS::Lambda::EventInvokeConfig").values()
    [config] = [each for each in configs if named(each["FunctionName"]) == logical_id(step)]
    assert named(config["DestinationConfig"]["OnFailure"]["Destination"]) == "DeadLetterQueue"
    [grant] = statements_for(named(functions()[step]["Role"]), "sqs:SendMessage")
    assert named(grant["Resource"]) == "DeadLetterQueue"


def test_every_rule_may_put_its_dead_letters_into_the_queue() -> None:
    allow = properties("DeadLetterQueuePolicy")["PolicyDocument"]["Statement"][0]
    sources = allow["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert {named(_certain(arn)) for arn in sources} == set(of_type("AWS::Events::Rule"))


def _certain(value: dict[str, Any]) -> Any:
    return value["Fn::If"][1] if "Fn::If" in value else value


def test_a_message_to_slack_is_claimed_for_as_long_as_the_notifier_can_run() -> None:
    assert functions()["notify_slack"]["Timeout"] <= CLAIM.total_seconds()


def test_a_sweep_is_over_before_the_next_one_starts() -> None:
    [minutes] = [
        int(found.group(1))
        for _, rule in rules_of("sweep_runs")
        if (found := re.fullmatch(r"rate\((\d+) minutes\)", rule.get("ScheduleExpression", "")))
    ]
    assert functions()["sweep_runs"]["Timeout"] < minutes * 60


def test_the_gateway_does_not_give_up_before_the_function_does() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
    assert functions()["api"]["Timeout"] < 30


def test_the_notifier_is_there_only_where_a_secret_is_named() -> None:
    resources = template()["Resources"]
    of_notifier = {name for name, each in resources.items() if each.get("Condition") == "TellSlack"}
    assert {"NotifySlackFunction", "NotifySlackFunctionAnnounced", "NotifierRole"} <= of_notifier
    assert template()["Conditions"]["TellSlack"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "SlackSecretArn"}, ""]}]}


def test_the_layers_hold_the_control_plane_and_its_pins_never_the_simulator_or_moto() -> None:
    contents = {each["Content"]["S3Key"] for each in of_type("AWS::Lambda::LayerVersion").values()}
    assert contents == {"layers/core", "layers/vendor"}
    assert {path.name for path in (ROOT / "layers/core").iterdir()} == {"control_plane"}
    shipped = re.findall(r"^([a-z0-9-]+)==", (ROOT / "layers/vendor/requirements.txt").read_text(), re.MULTILINE)
    assert not {"moto", "flask", "aws-sam-translator", "jsonata-python"} & set(shipped)


def test_nothing_that_ships_imports_the_simulator_or_moto() -> None:
    shipped = [*FUNCTIONS.rglob("*.py"), *(ROOT / "layers/core").rglob("*.py")]
    assert len(shipped) > 50
    assert [path for path in shipped if _imported(path) & {"simulator", "moto"}] == []


def _imported(path: Path) -> set[str]:
    """The packages that a module imports from."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    froms = {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    return froms | {name.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for name in node.names}
