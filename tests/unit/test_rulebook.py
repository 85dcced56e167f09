"""The engine: unknown is told apart, what is accepted is told as accepted, and it all stays cheap."""

import pytest

from control_plane.domain.account.facts import BY_HAND, NotRead
from control_plane.domain.account.path_walk import READS
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.rules import CHECKS, judge
from control_plane.domain.rules.rulebook import checks
from tests.accounts import CONTROLLER_IP, ROLE, VPC, WORKER, Account, group

ACTIONS = sorted(set().union(*(check.needs for check in CHECKS.values())))


def denied(action: str, subject: str = VPC, *, whole: bool = True) -> NotRead:
    return NotRead(action=action, subject=subject, reason="AccessDenied: no", whole=whole)


def test_the_reference_account_has_nothing_to_be_said() -> None:
    assert judge(Account().case()) == []


@pytest.mark.parametrize("contract", ["NatGateway", "Central", "Closed"])
@pytest.mark.parametrize("action", ACTIONS)
def test_every_rule_that_needs_a_denied_read_says_unknown_and_no_other_rule_does(action: str, contract: str) -> None:
    account = Account()
    account.egress(Contract=contract)
    before = judge(account.case())
    account.unread = [denied(action)]
    case = account.case()
    after = judge(case)

    dependent = {rule for rule, check in CHECKS.items() if action in check.needs and check.when(case)}
    of_dependent = [one for one in after if one.rule in dependent]
    assert {one.rule for one in of_dependent} == dependent
    assert {one.severity for one in of_dependent} <= {Severity.UNKNOWN}
    assert [one for one in after if one.rule not in dependent] == [one for one in before if one.rule not in dependent]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_unknown_says_how_to_look_by_hand(action: str) -> None:
    account = Account()
    account.unread = [denied(action)]
    [first, *_] = judge(account.case())
    assert BY_HAND[action].split(" {")[0].split("{")[0] in first.remedy
    assert "aws " in first.remedy


def test_two_denied_reads_make_one_finding_a_rule_and_subject() -> None:
    account = Account()
    account.unread = [denied(action) for action in sorted(READS)]
    [finding] = [one for one in judge(account.case()) if one.rule == "ROUTE-002"]
    assert [action for action in READS if action not in finding.seen] == []


def test_a_role_that_could_not_be_read_does_not_hide_another() -> None:
    account = Account()
    other = "arn:aws:iam::123456789012:role/other"
    account.groups[1]["ExecutionRole"] = other
    account.roles[ROLE] = None
    account.unread = [denied("iam:GetRole", other, whole=False)]
    found = {one.subject: one.severity for one in judge(account.case()) if one.rule == "IAM-001"}
    assert found == {ROLE: Severity.BLOCKS, other: Severity.UNKNOWN}


def test_nothing_is_promised_where_a_needed_read_was_denied() -> None:
    account = Account()
    account.unread = [denied("ec2:DescribeRouteTables")]
    rows = account.case().predicted_egress()
    assert [(row.expected_public_ips, row.path) for row in rows] == [
        ((), "cannot be told: ec2:DescribeRouteTables could not be read")
    ] * 2


def test_addresses_are_still_promised_where_only_filters_could_not_be_read() -> None:
    account = Account()
    account.network["NetworkAcls"] = []
    account.unread = [denied("ec2:DescribeNetworkAcls")]
    assert account.case().predicted_egress()[0].expected_public_ips == (CONTROLLER_IP,)


def suppressed(rule: str) -> list[Finding]:
    account = Account()
    account.routes("rtb-worker")
    account.request["Suppress"] = [rule]
    return [one for one in judge(account.case()) if one.rule == "ROUTE-002"]


def test_what_is_accepted_knowingly_warns_and_says_so() -> None:
    [finding] = suppressed("ROUTE-002")
    assert (finding.severity, finding.remedy.split(";")[0]) == (
        Severity.WARNS,
        "Accepted by the request's Suppress",
    )


def test_what_is_not_named_still_blocks() -> None:
    [finding] = suppressed("ROUTE-003")
    assert finding.severity is Severity.BLOCKS


def test_not_knowing_cannot_be_accepted_away() -> None:
    account = Account()
    account.unread = [denied("ec2:DescribeRouteTables")]
    account.request["Suppress"] = sorted(CHECKS)
    assert {one.severity for one in judge(account.case())} == {Severity.UNKNOWN}


def test_an_id_is_never_used_twice() -> None:
    with pytest.raises(ValueError, match="NET-001"):
        checks(CHECKS["NET-001"].rule, needs=())(lambda _: [])


def test_a_finding_is_unique_by_rule_and_subject_however_many_groups_share_the_fault() -> None:
    account = Account()
    account.groups[:] = [group(f"g{number}", WORKER) for number in range(100)]
    account.routes("rtb-worker")
    found = [(one.rule, one.subject) for one in judge(account.case())]
    assert len(found) == len(set(found))
    [finding] = [one for one in judge(account.case()) if one.rule == "ROUTE-002"]
    assert finding.seen.endswith("(g0 in subnet-worker, g1 in subnet-worker, g2 in subnet-worker and 97 more)")


def test_a_missing_subnet_is_told_in_its_prediction() -> None:
    account = Account()
    account.groups[1]["OverrideVpcConfig"]["Subnets"] = ["subnet-gone"]
    row = account.case().predicted_egress()[1]
    assert (row.expected_public_ips, row.path) == ((), "subnet-gone was not found")


def test_a_restricted_group_has_a_prediction_like_any_other() -> None:
    account = Account()
    account.request["Cluster"]["RestrictedInstanceGroups"] = [account.groups.pop()]
    assert [row.instance_group_name for row in account.case().predicted_egress()] == ["controller", "worker"]
