"""What may not be looked at is told as unknown, with the permission: it is never a pass and never a fail."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.stories.stage import Stage
from tests.stories.test_causes import UNPROBED
from tests.stories.test_refused_runs import (
    close_the_network_acl,
    cut_off_the_public_subnet,
    take_the_route_away,
)

CHECKER = "CheckAccountFunction"
PERMISSIONS = {"s3:ListObjectsV2": "s3:ListBucket"}  # where it has another name than the call
ITS_OWN = {"dynamodb:GetItem", "dynamodb:UpdateItem", "s3:PutObject"}  # the run's record and evidence

Finding = dict[str, Any]


def leave_all_well(stage: Stage) -> None:
    pass


def close_the_groups_and_take_away_all_but_the_network(stage: Stage) -> None:
    group = stage.ids["SecurityGroupId"]
    open_ways = stage.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"]
    stage.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=open_ways)
    stage.ec2.modify_vpc_attribute(VpcId=stage.ids["VpcId"], EnableDnsSupport={"Value": False})
    for_ec2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [for_ec2]})
    stage.sim.client("iam").update_assume_role_policy(RoleName=stage.cluster, PolicyDocument=trust)
    stage.sim.client("s3").delete_object(Bucket=f"sagemaker-{stage.cluster}", Key="config/on_create.sh")
    sagemaker = stage.sim.client("sagemaker")
    arn = sagemaker.describe_cluster(ClusterName=stage.cluster)["ClusterArn"]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["hyperpod-vpc:run-id"])  # now it is a stranger's


def send_an_office_another_way(stage: Stage) -> None:
    """A prefix list has a route of its own, so that its entries decide about the way out, too."""
    office = [{"Cidr": "203.0.113.0/24"}]
    made = stage.ec2.create_managed_prefix_list(
        PrefixListName=stage.cluster, MaxEntries=1, AddressFamily="IPv4", Entries=office
    )
    listed = made["PrefixList"]["PrefixListId"]
    table = stage.ids["ControllerRouteTableId"]
    stage.ec2.create_route(RouteTableId=table, DestinationPrefixListId=listed, GatewayId=stage.internet_gateway())


SPOILED = [
    take_the_route_away,
    cut_off_the_public_subnet,
    close_the_network_acl,
    close_the_groups_and_take_away_all_but_the_network,
]


def checked(stage: Stage, run_id: str) -> dict[str, list[Finding]]:
    """What the account check finds now, by rule."""
    assert not stage.sim.invoke(CHECKER, {"RunId": run_id}).error
    found: dict[str, list[Finding]] = {}
    for finding in stage.sim.get(f"/runs/{run_id}")["Findings"]:
        found.setdefault(finding["Rule"], []).append(finding)
    return found


def reads(stage: Stage, run_id: str) -> list[str]:
    before = len(stage.sim.calls())
    checked(stage, run_id)
    calls = {it.call.name for it in stage.sim.calls()[before:] if it.call.caller == CHECKER}
    return sorted(calls - ITS_OWN)


def told_otherwise(seen: dict[str, list[Finding]], blind: dict[str, list[Finding]], permission: str) -> Iterator[str]:
    """Where a rule, looked at without this permission, says neither what it said with it nor that it cannot know."""
    for rule in sorted({*seen, *blind}):
        unknown = [one for one in blind.get(rule, []) if f"{permission}: AccessDenied" in one["Seen"]]
        if unknown:
            by_hand = all(permission in one["Remedy"] and "aws " in one["Remedy"] for one in unknown)
            if not by_hand or {one["Severity"] for one in blind[rule]} != {"UNKNOWN"}:
                yield f"without {permission}, {rule} says {blind[rule]}"
        elif seen.get(rule) != blind.get(rule):
            yield f"without {permission}, {rule} says {blind.get(rule)}, and with it {seen.get(rule)}"


@pytest.mark.changes_network
@pytest.mark.parametrize(
    "spoil",
    [leave_all_well, *(pytest.param(spoil, marks=pytest.mark.long) for spoil in SPOILED)],
    ids=lambda spoil: spoil.__name__,
)
def test_each_permission_of_the_account_check_that_is_taken_away_leaves_its_rules_unknown(
    stage: Stage, spoil: Callable[[Stage], None]
) -> None:
    send_an_office_another_way(stage)
    with stage.sim.hold():
        run_id = stage.start(stage.request(**UNPROBED), until="WaitForCluster")
        spoil(stage)
        calls, seen = reads(stage, run_id), checked(stage, run_id)
        wrong: list[str] = []
        for call in calls:
            permission = PERMISSIONS.get(call, call)
            stage.sim.fail(call, "AccessDenied", status=403, caller=CHECKER)
            blind = checked(stage, run_id)
            stage.sim.faults.clear()
            assert any(permission in one["Seen"] for found in blind.values() for one in found), call
            wrong += told_otherwise(seen, blind, permission)

    assert len(calls) >= 13
    assert wrong == []
    blocked = [rule for rule, found in seen.items() if any(one["Severity"] == "BLOCKS" for one in found)]
    assert bool(blocked) == (spoil is not leave_all_well)


# A call of the probing steps, and the permission it needs where that has another name.
PROBING = [
    ("LaunchProbesFunction", "ec2:DescribeInstances"),
    ("LaunchProbesFunction", "ec2:DescribeSubnets"),
    ("LaunchProbesFunction", "ec2:DescribeInstanceTypeOfferings"),
    ("LaunchProbesFunction", "ssm:GetParameter"),
    ("LaunchProbesFunction", "ec2:RunInstances"),
    ("AskProbesFunction", "ec2:DescribeInstances"),
    ("AskProbesFunction", "ssm:DescribeInstanceInformation"),
    ("AskProbesFunction", "ssm:SendCommand"),
    ("AskProbesFunction", "ssm:ListCommandInvocations"),
]


@pytest.mark.parametrize(("function", "call"), PROBING, ids=lambda value: value.removesuffix("Function"))
def test_a_probe_that_may_not_be_made_or_asked_proves_nothing_and_stops_nothing(
    stage: Stage, function: str, call: str
) -> None:
    stage.sim.fail(call, "AccessDeniedException", status=403, caller=function)
    stage.sim.hyperpod.refuse(stage.cluster, "ResourceLimitExceeded", "Far enough.")  # the proof is over by then
    ending = stage.run(stage.request())

    assert (ending.run["Phase"], ending.run["Proved"]) == ("CreateCluster", [])
    assert ending.verdicts == {"controller": "Unknown"}
    assert f"may not call {call}" in ending.run["Egress"][0]["Reason"]
    assert {one["Severity"] for one in ending.run["Findings"] if one["Rule"].startswith("PROBE-")} == {"UNKNOWN"}
    assert ending.probes == 0


def test_a_probe_document_that_is_gone_proves_nothing(stage: Stage) -> None:
    stage.sim.fail("ssm:SendCommand", "InvalidDocument", caller="AskProbesFunction")
    stage.sim.hyperpod.refuse(stage.cluster, "ResourceLimitExceeded", "Far enough.")
    ending = stage.run(stage.request())

    assert (ending.run["Phase"], ending.verdicts) == ("CreateCluster", {"controller": "Unknown"})
    assert "ssm:SendCommand: InvalidDocument" in ending.run["Egress"][0]["Reason"]
