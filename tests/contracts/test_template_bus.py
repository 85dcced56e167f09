"""Who may ask on the bus, and who may speak in our name: the bus policy, read as IAM reads it."""

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.contracts.deployed import granted, named, of_type, properties, template

ACCOUNT = "arn:aws:iam::123456789012"
TEAM, STRANGER, ROOT_USER = f"{ACCOUNT}:role/team-a", f"{ACCOUNT}:role/stranger", f"{ACCOUNT}:root"
OTHER_ACCOUNT = "arn:aws:iam::999999999999:role/team-a"
REQUESTED = "HyperPod Cluster Requested"


def _requesters(statement: dict[str, Any], requester_arns: list[str]) -> list[str]:
    """The principals that the statement exempts, for a value of RequesterArns."""
    name, if_true, if_false = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]["Fn::If"]
    assert (name, if_false) == ("AnyRequester", {"Ref": "RequesterArns"})
    texts = [arn["Fn::Sub"] for arn in if_true]
    account = [text.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "123456789012") for text in texts]
    return requester_arns or account


def _arn_like(arn: str, pattern: str) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
    return all(fnmatchcase(part, like) for part, like in zip(arn.split(":", 5), pattern.split(":", 5), strict=True))


@pytest.mark.parametrize(
    ("detail_type", "principal", "requester_arns", "denied"),
    [
        pytest.param(REQUESTED, TEAM, [], False, id="by default any role of the account asks"),
        pytest.param(REQUESTED, ROOT_USER, [], False, id="and so does its root"),
        pytest.param(REQUESTED, OTHER_ACCOUNT, [], True, id="no other account does"),
        pytest.param(REQUESTED, TEAM, [TEAM], False, id="who is listed asks"),
        pytest.param(REQUESTED, STRANGER, [TEAM], True, id="who is not listed does not"),
        pytest.param(REQUESTED, TEAM, [f"{ACCOUNT}:role/team-*"], False, id="a list may hold a pattern"),
        pytest.param("HyperPod Cluster Deletion Requested", STRANGER, [TEAM], True, id="nor may it ask for a deletion"),
        pytest.param("HyperPod Cluster Provisioned", STRANGER, [TEAM], False, id="other words are another matter"),
    ],
)
def test_requests_are_denied_to_whom_nobody_listed(
    detail_type: str,
    principal: str,
    requester_arns: list[str],
    denied: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    statement = properties("OnlyRequestersAsk")["Statement"]
    asks = fnmatchcase(detail_type, statement["Condition"]["ForAnyValue:StringLike"]["events:detail-type"])
    exempt = any(_arn_like(principal, pattern) for pattern in _requesters(statement, requester_arns))
    assert (asks and not exempt) == denied


def test_an_empty_list_of_requesters_stands_for_the_whole_account() -> None:
    assert template()["Parameters"]["RequesterArns"]["Default"] == ""
    joined = {"Fn::Join": ["", {"Ref": "RequesterArns"}]}
    assert template()["Conditions"]["AnyRequester"] == {"Fn::Equals": [joined, ""]}


@pytest.mark.parametrize(
    ("arn", "taken"),
    [
        pytest.param("", True, id="nobody in particular"),
        pytest.param(TEAM, True, id="a role"),
        pytest.param(f"{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Team_*", True, id="a pattern"),
        pytest.param(ROOT_USER, True, id="the root"),
        pytest.param("arn:aws:sts::123456789012:assumed-role/team-a/alice", False, id="a session, never matched"),
        pytest.param("*", False, id="everybody"),
    ],
)
def test_a_requester_is_named_as_iam_will_compare_it(arn: str, taken: bool) -> None:  # noqa: FBT001 (a column of the table)
    assert bool(re.fullmatch(template()["Parameters"]["RequesterArns"]["AllowedPattern"], arn)) == taken


def test_only_the_roles_that_announce_speak_as_hyperpod_vpc() -> None:
    condition = properties("OnlyWeAnnounce")["Statement"]["Condition"]
    assert condition["ForAnyValue:StringEquals"] == {"events:source": "hyperpod-vpc"}
    announcing = {role for role in of_type("AWS::IAM::Role") if "events:PutEvents" in granted(role)}
    assert {named(arn) for arn in condition["ArnNotEquals"]["aws:PrincipalArn"]} == announcing


@pytest.mark.parametrize("name", ["OnlyRequestersAsk", "OnlyWeAnnounce"])
def test_a_statement_denies_everybody_else_on_our_bus_alone(name: str) -> None:
    policy = properties(name)
    statement = policy["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "events:PutEvents")
    assert named(policy["EventBusName"]) == named(statement["Resource"]) == "EventBus"
    assert policy["StatementId"] == name


def test_no_statement_lets_anybody_in() -> None:
    assert {each["Statement"]["Effect"] for each in of_type("AWS::Events::EventBusPolicy").values()} == {"Deny"}


OURS = {"AcceptRequestFunctionRequested", "NotifySlackFunctionAnnounced"}


@pytest.mark.parametrize("rule", sorted(of_type("AWS::Events::Rule")))
def test_a_rule_listens_on_the_bus_where_its_events_are(rule: str) -> None:
    """AWS's services and the clock tell the default bus, and no other."""
    found = properties(rule).get("EventBusName")
    assert (named(found) if found else None) == ("EventBus" if rule in OURS else None)


def test_there_are_rules_on_both() -> None:
    assert set(of_type("AWS::Events::Rule")) > OURS
