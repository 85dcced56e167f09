"""What holds of every resource of a kind, also of one that is added tomorrow.

Each guard is also shown a template that it must refuse.
"""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.contracts.deployed import listed, named, template

Template = dict[str, Any]
Guard = Callable[[Template], Iterator[str]]

GUARDS: list[Guard] = []


def guard(check: Guard) -> Guard:
    GUARDS.append(check)
    return check


def resources(within: Template, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in within["Resources"].items():
        if resource["Type"] in kinds:
            yield name, resource["Properties"]


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement, wherever it stands."""
    match node:
        case {"Effect": str()}:
            yield node
        case dict():
            yield from statements(list(node.values()))
        case list():
            for value in node:
                yield from statements(value)


def granted(within: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in within["Resources"].items():
        yield from ((name, each) for each in statements(resource["Properties"]) if each["Effect"] == "Allow")


@guard
def nothing_is_granted_to_everybody(within: Template) -> Iterator[str]:
    """A service, or one resource's policy, may be let in: never "*", never an account."""
    for name, statement in granted(within):
        if "Principal" in statement and {"Service"} != set(statement["Principal"]):
            yield name


@guard
def nothing_is_granted_by_exception(within: Template) -> Iterator[str]:
    """NotAction and NotResource grant what nobody has thought of yet."""
    for name, statement in granted(within):
        if {"NotAction", "NotResource", "NotPrincipal"} & statement.keys():
            yield name


@guard
def no_role_has_a_policy_that_aws_may_change(within: Template) -> Iterator[str]:
    ours = dict(resources(within, "AWS::IAM::ManagedPolicy"))
    for name, role in resources(within, "AWS::IAM::Role"):
        if not all(isinstance(arn, dict) and arn.get("Ref") in ours for arn in role.get("ManagedPolicyArns", [])):
            yield name


@guard
def a_function_is_invoked_for_one_source_only(within: Template) -> Iterator[str]:
    """A service acts for whoever asks it; https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""
    for name, permission in resources(within, "AWS::Lambda::Permission"):
        if "SourceArn" not in permission:
            yield name


@guard
def a_rule_invokes_functions_and_keeps_what_it_cannot_deliver(within: Template) -> Iterator[str]:
    functions = dict(resources(within, "AWS::Lambda::Function"))
    for name, rule in resources(within, "AWS::Events::Rule"):
        if not all(named(each["Arn"]) in functions and "DeadLetterConfig" in each for each in rule["Targets"]):
            yield name


@guard
def a_function_is_bounded_and_says_what_it_does(within: Template) -> Iterator[str]:
    for name, function in resources(within, "AWS::Lambda::Function"):
        if not {"Timeout", "MemorySize", "LoggingConfig", "TracingConfig"} <= function.keys():
            yield name


@guard
def no_variable_of_a_function_holds_a_secret(within: Template) -> Iterator[str]:
    """Variables hold what the stack made and what its parameters name; of a secret, the ARN."""
    for name, function in resources(within, "AWS::Lambda::Function"):
        for key, value in function["Environment"]["Variables"].items():
            secret = re.search("SECRET|TOKEN|PASSWORD|WEBHOOK|KEY|URL", key) and not key.endswith("_ARN")
            if secret or not isinstance(value, dict):
                yield f"{name}: {key}"


@guard
def no_secret_is_written_into_the_stack(within: Template) -> Iterator[str]:
    """A dynamic reference puts a secret's text where DescribeStacks and GetFunction show it."""
    if "{{resolve:" in json.dumps(within):
        yield "a dynamic reference"


@guard
def no_account_is_written_down(within: Template) -> Iterator[str]:
    found: list[str] = re.findall(r"(?<![0-9a-f])[0-9]{12}(?![0-9a-f])", json.dumps(within))
    yield from found


@guard
def what_is_kept_is_refused_to_whoever_comes_without_tls(within: Template) -> Iterator[str]:
    policies = resources(within, "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
    closed = {
        named(place)
        for _, policy in policies
        for place in listed(policy.get("Bucket") or policy.get("Queues"))
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}} and statement["Effect"] == "Deny"
    }
    yield from dict(resources(within, "AWS::S3::Bucket", "AWS::SQS::Queue")).keys() - closed


@guard
def what_is_stored_outlives_the_stack(within: Template) -> Iterator[str]:
    for name, _ in resources(within, "AWS::S3::Bucket", "AWS::DynamoDB::Table"):
        kept = within["Resources"][name]
        if (kept.get("DeletionPolicy"), kept.get("UpdateReplacePolicy")) != ("Retain", "Retain"):
            yield name


@guard
def a_document_takes_no_free_text(within: Template) -> Iterator[str]:
    """The service looks for the pattern in the value, so only anchors make it the whole of it."""
    for name, document in resources(within, "AWS::SSM::Document"):
        for parameter, said in document["Content"].get("parameters", {}).items():
            if not _anchored(said.get("allowedPattern", "")) and "allowedValues" not in said:
                yield f"{name}: {parameter}"


@guard
def the_stack_takes_no_free_text(within: Template) -> Iterator[str]:
    for name, said in within["Parameters"].items():
        bounded = {"AllowedValues", "MinValue"} & said.keys()
        if not bounded and not _anchored(said.get("AllowedPattern", "")):
            yield name


@guard
def no_page_of_a_stranger_s_calls_the_api(within: Template) -> Iterator[str]:
    """An Api without CORS answers no browser; one with AllowOrigins "*" answers them all."""
    for name, api in resources(within, "AWS::ApiGatewayV2::Api"):
        if "CorsConfiguration" in api or "x-amazon-apigateway-cors" in api["Body"]:
            yield name


@guard
def the_only_door_to_a_function_is_one_that_asks_who_is_there(within: Template) -> Iterator[str]:
    for name, url in resources(within, "AWS::Lambda::Url"):
        if url["AuthType"] != "AWS_IAM":
            yield name


def _anchored(pattern: str) -> bool:
    """Whether every alternative has to be the whole value."""
    while (flat := re.sub(r"\([^()]*\)", "", pattern)) != pattern:
        pattern = flat
    return all(each.startswith("^") and each.endswith("$") for each in pattern.split("|"))


def _set(path: str, value: object) -> Callable[[Template], None]:
    """Put a value at a place in the resources: ``"RunTable.DeletionPolicy"``. None takes away what is there."""

    def change(within: Template) -> None:
        *way, last = path.split(".")
        place: Any = within["Resources"] if way and way[0] in within["Resources"] else within
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
ALL_BUT = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
MUTANTS: list[tuple[Guard, Callable[[Template], None]]] = [
    (nothing_is_granted_to_everybody, _set("DeadLetterQueuePolicy.Properties.PolicyDocument.Statement", [ANYBODY])),
    (nothing_is_granted_by_exception, _set("FunctionBasics.Properties.PolicyDocument.Statement", [ALL_BUT])),
    (
        no_role_has_a_policy_that_aws_may_change,
        _set("ReaderRole.Properties.ManagedPolicyArns", ["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
    ),
    (
        a_function_is_invoked_for_one_source_only,
        _set("AcceptRequestFunctionRequestedPermission.Properties.SourceArn", None),
    ),
    (
        a_rule_invokes_functions_and_keeps_what_it_cannot_deliver,
        _set("AcceptRequestFunctionRequested.Properties.Targets.0.DeadLetterConfig", None),
    ),
    (a_function_is_bounded_and_says_what_it_does, _set("ApiFunction.Properties.TracingConfig", None)),
    (
        no_variable_of_a_function_holds_a_secret,
        _set("ApiFunction.Properties.Environment.Variables.SLACK_WEBHOOK", {"Ref": "SlackSecretArn"}),
    ),
    (
        no_variable_of_a_function_holds_a_secret,
        _set("ApiFunction.Properties.Environment.Variables.HOOK", "https://hooks.slack.com/…"),
    ),
    (
        no_secret_is_written_into_the_stack,
        _set("ApiFunction.Properties.Environment.Variables.X", "{{resolve:secretsmanager:slack}}"),
    ),
    (no_account_is_written_down, _set("EvidenceBucket.Properties.BucketName", "evidence-123456789012")),
    (what_is_kept_is_refused_to_whoever_comes_without_tls, _set("Resources.EvidenceBucketPolicy", None)),
    (what_is_stored_outlives_the_stack, _set("RunTable.DeletionPolicy", "Delete")),
    (
        a_document_takes_no_free_text,
        _set("EgressProbeDocument.Properties.Content.parameters.Nonce.allowedPattern", "^[0-9]$|.*"),
    ),
    (the_stack_takes_no_free_text, _set("Parameters.EventBusName.AllowedPattern", None)),
    (no_page_of_a_stranger_s_calls_the_api, _set("HttpApi.Properties.CorsConfiguration", {"AllowOrigins": ["*"]})),
    (
        the_only_door_to_a_function_is_one_that_asks_who_is_there,
        _set("Resources.Url", {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}),
    ),
]


@pytest.mark.parametrize("check", GUARDS, ids=lambda check: check.__name__)
def test_what_gets_deployed_gives_a_guard_no_cause(check: Guard) -> None:
    assert list(check(template())) == []


@pytest.mark.parametrize(("check", "change"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_guard_sees_what_it_is_there_for(check: Guard, change: Callable[[Template], None]) -> None:
    worse = deepcopy(template())
    change(worse)
    assert list(check(worse)) != []


def test_every_guard_is_shown_something_to_refuse() -> None:
    assert {check for check, _ in MUTANTS} == set(GUARDS)
