"""What a baseline keeps: enough for every rule and every promise, and nothing of others."""

import pytest

from control_plane.domain.account.case import Case
from control_plane.domain.drift.baseline import project
from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.noise import NOT_JUDGED_AGAIN
from control_plane.domain.egress import PredictedEgress
from control_plane.domain.findings import Finding
from control_plane.domain.rules import judge
from tests.accounts import Example
from tests.unit import (
    test_rules_account,
    test_rules_cautions,
    test_rules_egress,
    test_rules_network,
    test_rules_nodes,
    test_rules_path,
)
from tests.unit.drift_stories import WatchedAccount, baseline_of, seen_of

MODULES = (
    test_rules_account,
    test_rules_cautions,
    test_rules_egress,
    test_rules_network,
    test_rules_nodes,
    test_rules_path,
)
EXAMPLES: list[Example] = [example for module in MODULES for example in module.EXAMPLES]


EVERYBODY = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}


def changed(example: Example) -> WatchedAccount:
    account = WatchedAccount()
    example.change(account)
    return account


def verdicts(case: Case) -> set[tuple[str, str, str]]:
    return {(one.rule, one.subject, one.severity) for one in told(case)}


def told(case: Case) -> list[Finding]:
    return [one for one in judge(case) if one.rule not in NOT_JUDGED_AGAIN]


def promised(case: Case) -> set[tuple[str, str, tuple[str, ...]]]:
    return {_row(row) for row in case.predicted_egress()}


def _row(row: PredictedEgress) -> tuple[str, str, tuple[str, ...]]:
    return row.instance_group_name, row.subnet_id, row.expected_public_ips


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_projection_says_what_the_whole_account_says(example: Example) -> None:
    case = changed(example).case()
    projected = Case(case.request, project(case.facts, case.request.shape))
    assert verdicts(projected) == verdicts(case)
    assert promised(projected) == promised(case)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_projection_projected_is_itself(example: Example) -> None:
    case = changed(example).case()
    once = project(case.facts, case.request.shape)
    assert project(once, case.request.shape) == once


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_whatever_is_accepted_is_no_drift(example: Example) -> None:
    account = changed(example)
    assert compare(baseline_of(account), seen_of(account)).found == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_no_new_blocker_of_the_account_goes_untold(example: Example) -> None:
    before, account = WatchedAccount(), changed(example)
    before.request, before.groups = account.request, account.groups  # only the account is to differ
    before.roles |= {arn: {"Arn": arn, "AssumeRolePolicyDocument": EVERYBODY} for arn in account.roles}
    found = compare(baseline_of(before), seen_of(account)).found
    new = verdicts(account.case()) - verdicts(before.case())
    if any(severity == "BLOCKS" for _, _, severity in new):
        assert found
