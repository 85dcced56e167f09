"""One read pass: what it finds, what it costs, and what a denial does to it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from control_plane.aws import account_reader, hyperpod_reader, role_reader
from control_plane.aws.account_reader import AccountReader
from control_plane.aws.network_reader import VALUES_PER_FILTER, NetworkReader
from control_plane.aws.reading import Reading
from control_plane.aws.role_reader import with_policies
from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import Facts, Presence, role_name
from control_plane.domain.findings import Severity
from control_plane.domain.request import Request
from control_plane.domain.rules import CHECKS, judge
from control_plane.errors import AwsUnavailable
from tests.aws.aws_network import BUCKET, HYPERPOD_IS_ELSEWHERE, AwsNetwork, build, know_public_addresses
from tests.cluster_world import World
from tests.hyperpod_in_memory import NAME, NOON, OURS, Refused

GROUPS = 20
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
READ_WHERE_NEEDED = {"ec2:GetManagedPrefixListEntries", "ec2:DescribeNetworkInterfaces"}
READS = sorted(account_reader.ACTIONS - READ_WHERE_NEEDED)


class AwsAccount:
    """Clients over moto that count what is asked, and deny what a test forbids."""

    def __init__(self, network: AwsNetwork) -> None:
        self.network, self.world = network, World()
        self.ec2, self.iam, self.s3 = network.ec2, network.iam, network.s3
        self.asked: Counter[str] = Counter()
        self.forbidden: dict[str, str] = {}  # operation → error code

    def before_call(self, model: Any, **_: Any) -> None:
        self.asked[model.name] += 1
        if code := self.forbidden.get(model.name):
            raise ClientError({"Error": {"Code": code, "Message": "not today"}}, model.name)

    def forbid(self, action: str, code: str = "AccessDenied") -> None:
        service, operation = action.split(":")
        if service == "sagemaker":
            self.world.faults.refuse[operation] = Refused(code)
        else:
            self.forbidden["ListObjectsV2" if operation == "ListBucket" else operation] = code

    def case(self, groups: list[dict[str, Any]] | None = None) -> Case:
        asked = self.network.groups(2) if groups is None else groups
        request = Request.from_wire({"Cluster": {"ClusterName": NAME, "InstanceGroups": asked}})
        reader = AccountReader(self.ec2, self.iam, self.s3, self.world.reader)
        return Case(request, reader.read(self.world.run, request.shape, NOON))


@pytest.fixture(scope="module")
def network() -> Iterator[AwsNetwork]:
    with pytest.MonkeyPatch.context() as patch, mock_aws(config=HYPERPOD_IS_ELSEWHERE):
        patch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
        yield build(GROUPS)


@pytest.fixture
def account(network: AwsNetwork) -> Iterator[AwsAccount]:
    account = AwsAccount(network)
    events = [client.meta.events for client in (account.ec2, account.iam, account.s3)]
    for hooks in events:
        hooks.register("before-call", account.before_call)
    yield account
    for hooks in events:
        hooks.unregister("before-call", account.before_call)


def test_a_sound_account_has_nothing_to_be_said(account: AwsAccount) -> None:
    assert judge(account.case()) == []


def test_each_group_is_promised_the_addresses_of_its_own_nat_gateway(account: AwsAccount) -> None:
    case = account.case()
    found = account.ec2.describe_nat_gateways(NatGatewayIds=account.network.nat_gateways[:2])["NatGateways"]
    ips = {nat["NatGatewayId"]: nat["NatGatewayAddresses"][0]["PublicIp"] for nat in found}
    rows = [(row.subnet_id, row.expected_public_ips) for row in case.predicted_egress()]
    assert rows == [
        (subnet, (ips[nat],))
        for subnet, nat in zip(account.network.subnets[:2], account.network.nat_gateways[:2], strict=True)
    ]


@pytest.mark.parametrize("groups", [1, GROUPS])
def test_the_network_costs_eight_calls_however_many_groups_there_are(account: AwsAccount, groups: int) -> None:
    account.case(account.network.groups(groups))
    assert account.asked == {
        "DescribeSubnets": 1,
        "DescribeSecurityGroups": 1,
        "DescribeRouteTables": 1,
        "DescribeNatGateways": 1,
        "DescribeInternetGateways": 1,
        "DescribeNetworkAcls": 1,
        "DescribeVpcEndpoints": 1,
        "DescribeVpcAttribute": 1,
        "GetRole": 1,  # all groups have the same role, and the same script
        "ListObjectsV2": 1,
    }


def test_more_ids_than_a_filter_takes_are_asked_for_in_portions(account: AwsAccount) -> None:
    groups = account.network.groups(1)
    groups[0]["OverrideVpcConfig"]["Subnets"] = [f"subnet-{number:08x}" for number in range(VALUES_PER_FILTER + 1)]
    account.case(groups)
    assert account.asked["DescribeSubnets"] == 2


def test_what_does_not_exist_is_simply_not_among_the_facts(account: AwsAccount) -> None:
    groups = account.network.groups(1)
    groups[0]["OverrideVpcConfig"]["Subnets"].append("subnet-00000000")
    findings = judge(account.case(groups))
    assert [(finding.rule, finding.subject) for finding in findings] == [("NET-002", "subnet-00000000")]


@pytest.mark.parametrize("action", READS)
def test_a_denied_read_makes_each_rule_that_needs_it_unknown_and_lets_none_pass(
    account: AwsAccount, action: str
) -> None:
    account.world.hyperpod.add(OURS)
    account.forbid(action)
    case = account.case()
    dependent = {rule for rule, check in CHECKS.items() if action in check.needs and check.when(case)}
    unknown = {finding.rule for finding in judge(case) if finding.severity is Severity.UNKNOWN}
    assert dependent
    assert dependent <= unknown
    assert action in {missing.action for missing in case.facts.unread}


@pytest.mark.parametrize("action", READS)
def test_a_busy_aws_stops_the_pass_so_that_it_is_made_again(account: AwsAccount, action: str) -> None:
    account.world.hyperpod.add(OURS)
    account.forbid(action, "Throttling")
    with pytest.raises(AwsUnavailable):
        account.case()


def test_every_denied_read_at_once_is_no_crash(account: AwsAccount) -> None:
    for action in account_reader.ACTIONS:
        account.forbid(action)
    assert {finding.severity for finding in judge(account.case())} == {Severity.UNKNOWN}


@pytest.mark.parametrize(
    ("tags", "ours"), [(OURS, True), ({}, False), ({"hyperpod-vpc:run-id": "run-of-another"}, False)]
)
def test_a_cluster_of_the_name_is_ours_by_its_tags(account: AwsAccount, tags: dict[str, str], *, ours: bool) -> None:
    account.world.hyperpod.add(tags)
    cluster = account.case().facts.cluster
    assert cluster is not None
    assert cluster.ours is ours


def test_a_free_name_is_no_cluster(account: AwsAccount) -> None:
    assert account.case().facts.cluster is None


@pytest.mark.parametrize(
    ("uri", "entry", "presence"),
    [
        pytest.param(f"s3://{BUCKET}/config/", "on_create.sh", Presence.THERE, id="there, with a slash"),
        pytest.param(f"s3://{BUCKET}/config", "on_create", Presence.NO_FILE, id="only longer names are there"),
        pytest.param(f"s3://{BUCKET}", "on_create.sh", Presence.NO_FILE, id="it lies under a prefix"),
        pytest.param("s3://sagemaker-none/config", "on_create.sh", Presence.NO_BUCKET, id="no such bucket"),
    ],
)
def test_a_script_is_looked_for_by_its_exact_key(account: AwsAccount, uri: str, entry: str, presence: Presence) -> None:
    groups = account.network.groups(1)
    groups[0]["LifeCycleConfig"] = {"SourceS3Uri": uri, "OnInitComplete": entry}
    assert account.case(groups).facts.lifecycle_files == {f"{uri.rstrip('/')}/{entry}": presence}


def test_a_script_that_is_overwritten_is_known_by_its_etag_and_the_same_one_again_is_not(account: AwsAccount) -> None:
    def upload(body: bytes) -> str:
        account.s3.put_object(Bucket=BUCKET, Key="config/on_create.sh", Body=body)
        [content] = account.case().facts.lifecycle_contents.values()
        return content.e_tag

    first, again, other = upload(b"#!/bin/sh"), upload(b"#!/bin/sh"), upload(b"#!/bin/bash")
    assert first == again != other
    assert account.asked["HeadObject"] == account.asked["GetObject"] == 0


def with_its_policies(account: AwsAccount) -> Facts:
    return with_policies(account.iam, account.case().facts)


@pytest.fixture
def policies(account: AwsAccount) -> Iterator[list[str]]:
    """More policies than one page of the answer holds are attached to the role; one is its own."""
    document, name = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}), role_name(account.network.role)
    made = [
        account.iam.create_policy(PolicyName=f"p{number:03}", PolicyDocument=document)["Policy"]["Arn"]
        for number in range(101)
    ]
    for arn in made:
        account.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    account.iam.put_role_policy(RoleName=name, PolicyName="JoinOurVpc", PolicyDocument=document)
    yield made
    for arn in made:
        account.iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        account.iam.delete_policy(PolicyArn=arn)
    account.iam.delete_role_policy(RoleName=name, PolicyName="JoinOurVpc")


def test_the_policies_of_a_watched_role_are_read_once_and_whole(account: AwsAccount, policies: list[str]) -> None:
    facts, role = with_its_policies(account), account.network.role
    assert facts.attached_policies == {role: tuple(sorted(policies))}
    assert facts.inline_policies == {role: ("JoinOurVpc",)}
    assert facts.unread == ()
    assert account.asked["ListRolePolicies"] == 1


def test_a_role_that_is_not_there_has_no_policies_to_read(account: AwsAccount) -> None:
    account.forbid("iam:GetRole", "NoSuchEntity")
    facts = with_its_policies(account)
    assert (facts.roles, facts.attached_policies, facts.unread) == ({account.network.role: None}, {}, ())


@pytest.mark.parametrize("action", sorted(role_reader.POLICIES))
def test_policies_that_may_not_be_read_are_a_fact_and_hide_no_others(account: AwsAccount, action: str) -> None:
    account.forbid(action)
    facts = with_its_policies(account)
    assert [(one.action, one.subject) for one in facts.unread] == [(action, account.network.role)]
    assert len(facts.attached_policies) + len(facts.inline_policies) == 1


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("arn:aws:iam::123456789012:role/nobody", id="another name"),
        pytest.param("arn:aws:iam::123456789012:role/team/hyperpod", id="another path"),
        pytest.param("arn:aws:iam::999999999999:role/hyperpod", id="another account"),
    ],
)
def test_a_role_is_the_one_of_the_whole_arn(account: AwsAccount, arn: str) -> None:
    groups = account.network.groups(1)
    groups[0]["ExecutionRole"] = arn
    assert account.case(groups).facts.roles == {arn: None}


@pytest.fixture
def partners(account: AwsAccount) -> Iterator[str]:
    """A prefix list that the first group's table routes apart."""
    gateway = account.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    listed = account.ec2.create_managed_prefix_list(
        PrefixListName="partners", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "203.0.113.0/24"}]
    )["PrefixList"]["PrefixListId"]
    table = account.network.tables[0]
    account.ec2.create_route(RouteTableId=table, DestinationPrefixListId=listed, TransitGatewayId=gateway)
    yield listed
    account.ec2.delete_route(RouteTableId=table, DestinationPrefixListId=listed)


def test_a_prefix_list_is_read_where_a_route_depends_on_it(account: AwsAccount, partners: str) -> None:
    assert account.case().facts.network.prefix_lists == {partners: ("203.0.113.0/24",)}


def test_a_denied_prefix_list_leaves_no_rule_about_the_way_out_passed(account: AwsAccount, partners: str) -> None:
    account.forbid("ec2:GetManagedPrefixListEntries")
    case = account.case()
    unknown = {finding.rule for finding in judge(case) if finding.severity is Severity.UNKNOWN}
    assert unknown == {
        rule for rule, check in CHECKS.items() if "ec2:GetManagedPrefixListEntries" in check.needs and check.when(case)
    }


def test_the_prefix_list_of_a_gateway_endpoint_is_not_read(account: AwsAccount) -> None:
    account.case()
    assert account.asked["GetManagedPrefixListEntries"] == 0


@pytest.fixture
def public_interface(account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """One of two interfaces in the first group's subnet has a public address: its id, and the address."""
    know_public_addresses(monkeypatch)
    ec2, subnet = account.ec2, account.network.subnets[0]
    ids = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for _ in range(2)]
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=ids[0])
    yield ids[0], address["PublicIp"]
    ec2.release_address(AllocationId=address["AllocationId"])
    for interface_id in ids:
        ec2.delete_network_interface(NetworkInterfaceId=interface_id)


def test_public_addresses_of_interfaces_are_read_where_they_are_asked_for(
    account: AwsAccount, public_interface: tuple[str, str]
) -> None:
    request = Request.from_wire({"Cluster": {"ClusterName": NAME, "InstanceGroups": account.network.groups(1)}})
    reader = NetworkReader(account.ec2, Reading())
    found = reader.read(request.shape, interfaces=True).interfaces
    in_the_subnet = [one for one in found if one.subnet_id == account.network.subnets[0]]
    assert [(one.network_interface_id, one.public_ip) for one in in_the_subnet] == [public_interface]
    assert account.asked["DescribeNetworkInterfaces"] == 1
    assert reader.read(request.shape).interfaces == ()
    assert account.asked["DescribeNetworkInterfaces"] == 1


def test_the_reader_declares_what_it_asks_of_hyperpod() -> None:
    assert hyperpod_reader.LOOKS <= account_reader.ACTIONS
