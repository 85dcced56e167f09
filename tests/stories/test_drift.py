"""A change is told by its effect, once, with who did it; and that it was put right is told, too."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from simulator.app import Simulator
from simulator.context import ACCOUNT
from tests.stories.stage import HOME, Stage

DETECTED, RESOLVED = "HyperPod Drift Detected", "HyperPod Drift Resolved"
EVERYWHERE = "0.0.0.0/0"
UNPROBED: dict[str, Any] = {"Egress": {"Prove": []}}


class Watched:
    """A cluster under watch, in a network of its own, and somebody who changes things."""

    def __init__(self, stage: Stage, *, ready: bool = False, terms: dict[str, Any] = UNPROBED, **cluster: Any) -> None:
        """`ready`: it is there, and watched; `terms` are those that it is asked for with."""
        self.stage, self.sim, self.ids = stage, stage.sim, stage.ids
        if not ready:
            request = stage.two_groups(**terms)
            ending = stage.run({**request, "Cluster": request["Cluster"] | cluster})
            assert ending.run["State"] == "Provisioned", ending.run["CauseDetail"]
        self.ops = stage.sim.acting_as("ops")

    @property
    def ec2(self) -> Any:
        return self.ops("ec2")

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What was said of its drift, oldest first: the detail-type and the row."""
        mine = [event for event in self.sim.events() if event["Detail"].get("ClusterName") == self.stage.cluster]
        return [
            (event["DetailType"], row)
            for event in mine
            if event["DetailType"] in (DETECTED, RESOLVED)
            for row in event["Detail"]["Drift"]
        ]

    def proofs(self) -> list[dict[str, Any]]:
        """How the egress checks of its nodes ended, oldest first: the events."""
        mine = [event for event in self.sim.events() if event["Detail"].get("ClusterName") == self.stage.cluster]
        return [event for event in mine if event["DetailType"].startswith("HyperPod Egress")]

    def wait(self, minutes: float = 9) -> None:
        """CloudTrail takes two minutes, a look one and a half, or six where nobody is known to have done it."""
        self.sim.clock.sleep(minutes * 60)
        self.sim.settle()

    def look(self) -> None:
        """What the clock would do, had it not been stopped: look at all."""
        event = json.loads((HOME / "events/request_drift_check.json").read_text(encoding="utf-8"))
        self.sim.invoke("RequestDriftCheckFunction", event | {"id": str(uuid4())})

    def after(self, change: Callable[["Watched"], None]) -> list[tuple[str, dict[str, Any]]]:
        """What is said because of a change."""
        before = len(self.told())
        change(self)
        self.wait()
        return self.told()[before:]


@contextmanager
def under_watch(stage: Stage, **fields: Any) -> Iterator[Watched]:
    cluster = Watched(stage, **fields)
    stage.sim.trail.on = True
    yield cluster
    stage.sim.trail.on = False
    cluster.wait(30)  # HyperPod deletes none that is being updated
    stage.sim.client("sagemaker").delete_cluster(ClusterName=stage.cluster)
    stage.sim.settle()


@pytest.fixture
def watched(stage: Stage) -> Iterator[Watched]:
    with under_watch(stage) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def one_for_all(simulator: Simulator) -> Iterator[Watched]:
    with under_watch(Stage(simulator)) as cluster:
        yield cluster


@pytest.fixture
def mended(one_for_all: Watched) -> Watched:
    """One for all stories that put right what they change; others between them may have switched the trail off."""
    one_for_all.sim.trail.on = True
    return one_for_all


Change = Callable[[Watched], Any]
WORKER = "WorkerRouteTableId"


def route_to(nat: str) -> Change:
    return lambda it: it.ec2.replace_route(
        RouteTableId=it.ids[WORKER], DestinationCidrBlock=EVERYWHERE, NatGatewayId=it.ids[nat]
    )


def second_address(it: Watched) -> None:
    address = it.ec2.allocate_address(Domain="vpc")["AllocationId"]
    it.ec2.associate_nat_gateway_address(NatGatewayId=it.ids["WorkerNatGatewayId"], AllocationIds=[address])


def first_address_alone(it: Watched) -> None:
    [nat] = it.ec2.describe_nat_gateways(NatGatewayIds=[it.ids["WorkerNatGatewayId"]])["NatGateways"]
    added = [one["AssociationId"] for one in nat["NatGatewayAddresses"] if not one["IsPrimary"]]
    it.ec2.disassociate_nat_gateway_address(NatGatewayId=it.ids["WorkerNatGatewayId"], AssociationIds=added)


def detour(it: Watched) -> None:
    gateway = it.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    it.ec2.create_route(RouteTableId=it.ids[WORKER], DestinationCidrBlock=OFFICE, TransitGatewayId=gateway)


def table_of(role: str) -> Change:
    def change(it: Watched) -> None:
        subnet = it.ids["WorkerSubnetId"]
        here = [{"Name": "association.subnet-id", "Values": [subnet]}]
        [table] = it.ec2.describe_route_tables(Filters=here)["RouteTables"]
        [mine] = [one for one in table["Associations"] if one.get("SubnetId") == subnet]
        it.ec2.replace_route_table_association(
            AssociationId=mine["RouteTableAssociationId"], RouteTableId=it.ids[f"{role}RouteTableId"]
        )

    return change


ALL, EACH_OTHER = "all", "each other"


def group_rules(verb: str, to: str) -> Change:
    """Take away, or give back, the group's way out for all, or the one to its own members: EFA needs that one."""

    def change(it: Watched) -> None:
        group = it.ids["SecurityGroupId"]
        pair = {"GroupId": group, "UserId": ACCOUNT, "Description": "EFA, to the group itself"}
        mine = {"IpProtocol": "-1", "UserIdGroupPairs": [pair]}
        rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]} if to == ALL else mine
        getattr(it.ec2, f"{verb}_security_group_egress")(GroupId=group, IpPermissions=[rule])

    return change


def acl(it: Watched) -> str:
    here = [{"Name": "association.subnet-id", "Values": [it.ids["WorkerSubnetId"]]}]
    return str(it.ec2.describe_network_acls(Filters=here)["NetworkAcls"][0]["NetworkAclId"])


def deny(it: Watched) -> None:
    it.ec2.create_network_acl_entry(
        NetworkAclId=acl(it), RuleNumber=1, Protocol="-1", RuleAction="deny", Egress=True, CidrBlock=EVERYWHERE
    )


def no_denial(it: Watched) -> None:
    it.ec2.delete_network_acl_entry(NetworkAclId=acl(it), RuleNumber=1, Egress=True)


def no_nat_gateway(it: Watched) -> None:
    it.ec2.delete_nat_gateway(NatGatewayId=it.ids["WorkerNatGatewayId"])


def another_with_the_same_address(it: Watched) -> None:
    """Who puts this right cannot have the old gateway back, only its address: nothing has changed for a partner."""
    it.wait()
    [address] = it.ec2.describe_addresses(PublicIps=[it.ids["WorkerPublicIp"]])["Addresses"]
    gone = it.ec2.describe_nat_gateways(NatGatewayIds=[it.ids["WorkerNatGatewayId"]])["NatGateways"][0]
    made = it.ec2.create_nat_gateway(SubnetId=gone["SubnetId"], AllocationId=address["AllocationId"])
    it.ids["WorkerNatGatewayId"] = made["NatGateway"]["NatGatewayId"]
    it.wait()
    route_to("WorkerNatGatewayId")(it)


def trust(service: str) -> Change:
    """Who may be the role that the nodes run as."""
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    return lambda it: it.ops("iam").update_assume_role_policy(RoleName=it.stage.cluster, PolicyDocument=document)


def resolver(*, on: bool) -> Change:
    return lambda it: it.ec2.modify_vpc_attribute(VpcId=it.ids["VpcId"], EnableDnsSupport={"Value": on})


# What is changed, how it is put right, and what is said of it.
OFFICE = "52.0.0.0/8"
CHANGES = {
    "another NAT gateway": (route_to("ControllerNatGatewayId"), route_to("WorkerNatGatewayId"), "leaves by"),
    "a second address": (second_address, first_address_alone, "too, beside"),
    "a detour": (
        detour,
        lambda it: it.ec2.delete_route(RouteTableId=it.ids[WORKER], DestinationCidrBlock=OFFICE),
        OFFICE,
    ),
    "another table": (table_of("Controller"), table_of("Worker"), "leaves by"),
    "no way out of the group": (group_rules("revoke", ALL), group_rules("authorize", ALL), "lose the internet"),
    "no way to each other": (
        group_rules("revoke", EACH_OTHER),
        group_rules("authorize", EACH_OTHER),
        "traffic to itself",
    ),
    "a denial": (deny, no_denial, "lose the internet"),
    "no resolver": (resolver(on=False), resolver(on=True), "nothing for egress"),
}


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
    mended.wait(120)  # or it would be taken for one that comes and goes


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

    started = looks(watched.sim)
    assert [kind for kind, _ in watched.after(flutter)] == [DETECTED]
    assert looks(watched.sim) == started + 1


def looks(sim: Simulator) -> int:
    arn = sim.outputs["CheckDriftStateMachineArn"]
    return len(sim.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"])


def test_a_nat_gateway_that_is_gone_is_told_and_so_is_another_with_its_address(watched: Watched) -> None:
    [(kind, row)] = watched.after(no_nat_gateway)
    assert (kind, row["By"]) == (DETECTED, "role/ops (DeleteNatGateway)")
    assert "loses the internet" in row["Effect"]

    assert [kind for kind, _ in watched.after(another_with_the_same_address)] == [RESOLVED]


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

    told = watched.after(add)
    assert [(kind, row["Kind"], row["InstanceGroupNames"]) for kind, row in told] == [
        (DETECTED, "Configuration", ["extra"])
    ]
    assert told[0][1]["By"] == "role/ops (UpdateCluster)"


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
    event = json.loads((HOME / "events/request_drift_check_routes_changed.json").read_text(encoding="utf-8"))
    event["detail"]["requestParameters"]["routeTableId"] = watched.ids[WORKER]

    def thrice(it: Watched) -> None:
        route_to("ControllerNatGatewayId")(it)
        for _ in range(3):
            assert not it.sim.invoke("RequestDriftCheckFunction", event).error

    assert [kind for kind, _ in watched.after(thrice)] == [DETECTED]


def test_a_read_that_is_denied_is_told_once_as_unknown_and_hides_no_end_that_can_be_seen(watched: Watched) -> None:
    watched.sim.fail("ec2:DescribeRouteTables", "UnauthorizedOperation", status=403, caller="CheckDriftFunction")
    denied = watched.after(Watched.look) + watched.after(Watched.look)
    watched.sim.faults.clear()
    allowed = watched.after(Watched.look)

    assert [(kind, row["Kind"], row["Severity"]) for kind, row in denied] == [(DETECTED, "Unread", "UNKNOWN")]
    assert [(kind, row["Fingerprint"]) for kind, row in allowed] == [(RESOLVED, denied[0][1]["Fingerprint"])]
