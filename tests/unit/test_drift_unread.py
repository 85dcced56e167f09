"""What could not be read is unknown: it is no drift, and hides no more than it must."""

import pytest

from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.model import Baseline
from tests.accounts import CONTROLLER, ROLE, VPC, WORKER, group
from tests.unit.drift_changes import overwritten, partners_routed_apart, policy_gone, routed
from tests.unit.drift_stories import Change, WatchedAccount, baseline_of, compared, drifts, seen_of
from tests.unit.test_rulebook import denied

FIELDS = {
    "ec2:DescribeSubnets": "Subnets",
    "ec2:DescribeRouteTables": "RouteTables",
    "ec2:DescribeNatGateways": "NatGateways",
    "ec2:DescribeInternetGateways": "InternetGateways",
    "ec2:DescribeVpcEndpoints": "VpcEndpoints",
    "ec2:DescribeNetworkAcls": "NetworkAcls",
    "ec2:DescribeSecurityGroups": "SecurityGroups",
}
NETWORK_READS = sorted({*FIELDS, "ec2:DescribeVpcAttribute"})


def not_answered(action: str) -> Change:
    def change(account: WatchedAccount) -> None:
        account.unread.append(denied(action, f"{WORKER}, {CONTROLLER}" if action == "ec2:DescribeSubnets" else VPC))
        if action in FIELDS:
            account.network[FIELDS[action]] = []
        else:
            account.dns_support = {}

    return change


@pytest.mark.parametrize("action", NETWORK_READS)
def test_what_may_not_be_read_is_unknown_and_no_drift(action: str) -> None:
    comparison = compared(not_answered(action))
    assert comparison.found == ()
    assert [one.action for one in comparison.unread] == [action]


@pytest.mark.parametrize("action", NETWORK_READS)
def test_what_was_not_read_for_the_baseline_is_no_drift_when_it_can_be_read(action: str) -> None:
    account = WatchedAccount()
    not_answered(action)(account)
    assert compare(baseline_of(account), seen_of(WatchedAccount())) == ((), ())


def test_a_denied_read_does_not_hide_what_another_one_tells() -> None:
    def change(account: WatchedAccount) -> None:
        not_answered("ec2:DescribeNetworkAcls")(account)
        account.routes("rtb-worker")

    assert [drift.subject for drift in drifts(change)] == ["rtb-worker"]


def test_what_was_not_read_of_other_clusters_is_no_matter() -> None:
    other = denied("iam:GetRole", "arn:aws:iam::123456789012:role/other", whole=False)
    assert compared(lambda account: account.unread.append(other)) == ((), ())


def test_a_role_that_may_not_be_read_is_unknown() -> None:
    def change(account: WatchedAccount) -> None:
        account.roles = {}
        account.unread.append(denied("iam:GetRole", ROLE, whole=False))

    comparison = compared(change)
    assert (comparison.found, [one.subject for one in comparison.unread]) == ((), [ROLE])


def test_policies_that_may_not_be_read_are_unknown() -> None:
    def change(account: WatchedAccount) -> None:
        account.attached_policies = {}
        account.unread.append(denied("iam:ListAttachedRolePolicies", ROLE, whole=False))

    comparison = compared(change)
    assert comparison.found == ()
    assert [one.by_hand for one in comparison.unread] == ["aws iam list-attached-role-policies --role-name hyperpod"]


def test_a_baseline_from_before_policies_and_contents_were_read_still_counts_and_tells_none_of_them() -> None:
    account = WatchedAccount()
    kept = baseline_of(account).to_wire()
    for name in ("AttachedPolicies", "InlinePolicies", "LifecycleContents"):
        del kept["Facts"][name]
    policy_gone(account)
    overwritten(account)
    routed("rtb-worker")(account)
    comparison = compare(Baseline.from_wire(kept), seen_of(account))
    assert ([found.drift.subject for found in comparison.found], comparison.unread) == (["rtb-worker"], ())


def test_an_unread_prefix_list_hides_the_way_out_and_breaks_nothing() -> None:
    def change(account: WatchedAccount) -> None:
        account.prefix_lists = {}
        account.unread.append(denied("ec2:GetManagedPrefixListEntries", "pl-1"))
        account.roles[ROLE] = None
        account.groups.append(group("gpu", WORKER))

    comparison = compared(change, given=partners_routed_apart)
    assert {found.drift.subject for found in comparison.found} == {ROLE, "$.InstanceGroups[gpu]"}
    assert [one.subject for one in comparison.unread] == ["pl-1"]
