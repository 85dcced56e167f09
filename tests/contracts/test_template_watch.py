"""Which calls the watch hears of: all that change what it reads, each once, but for those that have a reason."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest

from control_plane.aws import lifecycle_reader, watch_reader
from control_plane.steps.request_drift_check import CLOUDTRAIL
from tests.contracts.deployed import rules_of

LONGEST_PATTERN = 2048  # characters; https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
READS = ("Describe", "Get", "List", "Search", "Export", "Validate")

# By what is read: of what the names of calls speak that may change it.
SPEAK_OF = {
    "ec2:DescribeInternetGateways": "InternetGateway",
    "ec2:DescribeNatGateways": "NatGateway|Address",
    "ec2:DescribeNetworkAcls": "NetworkAcl",
    "ec2:DescribeNetworkInterfaces": "NetworkInterface|Address",
    "ec2:DescribeRouteTables": "Route(?!Server)|RouteServerPropagation|VpnGateway",
    "ec2:DescribeSecurityGroups": "SecurityGroup",
    "ec2:DescribeSubnets": "Subnet",
    "ec2:DescribeVpcAttribute": "Vpc|DhcpOptions",
    "ec2:DescribeVpcEndpoints": "VpcEndpoint",
    "ec2:GetManagedPrefixListEntries": "PrefixList",
    "iam:GetRole": "Role",
    "iam:ListAttachedRolePolicies": "RolePolicy",
    "iam:ListRolePolicies": "RolePolicy",
    "sagemaker:DescribeCluster": "Cluster",
}

# By why they are not heard: patterns of names, each of a call that the words above find.
NOT_HEARD = {
    "ec2: What is made is on nobody's way until a call that is heard puts it there.": (
        "AllocateAddress|CreateDefaultSubnet|CreateDefaultVpc|CreateDhcpOptions|CreateInternetGateway"
        "|CreateManagedPrefixList|CreateNatGateway|CreateNetworkAcl|CreateNetworkInterface|CreateRouteTable"
        "|CreateSecurityGroup|CreateSubnet|CreateVpc|CreateVpnGateway"
    ),
    "ec2: EC2 deletes none that is still in use: the call that frees it is heard.": (
        "DeleteDhcpOptions|DeleteManagedPrefixList|DeleteNetworkAcl|DeleteVpc|DeleteVpnGateway|DisassociateSecurityGroupVpc"
    ),
    "ec2: An address that is offered to another account stays where it is until it is let go.": (
        "AcceptAddressTransfer|DisableAddressTransfer"
    ),
    "ec2: An interface that counts has a public address; it is in no baseline, so no index knows it: the clock.": (
        "AttachNetworkInterface|DeleteNetworkInterface|DetachNetworkInterface"
    ),
    "ec2: Nothing is read of what it changes: names, reverse DNS, private addresses, source checks, permissions.": (
        "AssignPrivateIpAddresses|UnassignPrivateIpAddresses|(Modify|Reset)AddressAttribute|ResetNetworkInterfaceAttribute"
        "|(Create|Delete)NetworkInterfacePermission|(Create|Delete)SubnetCidrReservation"
        "|UpdateSecurityGroupRuleDescriptions(E|In)gress|AssociateSecurityGroupVpc|ModifyVpcTenancy"
        "|\\w+VpcEncryptionControl|ModifyVpcPeeringConnectionOptions"
    ),
    "ec2: A connection that is only offered carries nothing.": (
        "(Create|Reject)VpcPeeringConnection|RejectTransitGatewayVpcAttachment"
    ),
    "ec2: It is about a service that others reach, not about an endpoint of the cluster's.": (
        "\\w+VpcEndpoint(Service\\w+|ConnectionNotifications?)|ModifyVpcEndpointPayerResponsibility"
    ),
    "ec2: What lies behind a transit gateway, a VPN, an outpost or a second network of EC2's is not seen.": (
        "\\w+TransitGateway(Route\\w*|PrefixListReference)|ModifyTransitGatewayVpcAttachment|\\w+VpnConnectionRoute"
        "|\\w+ClientVpn\\w+|\\w+LocalGatewayRoute\\w*|(Create|Delete)SecondarySubnet"
    ),
    "ec2: IPAM writes a list by itself, later: the clock.": "\\w+IpamPrefixListResolver(Target)?",
    "ec2: EC2-Classic is no more.": "\\w+ClassicLink\\w*|MoveAddressToVpc|RestoreAddressToClassic",
    "iam: It makes or removes no role that a cluster may run as.": "\\w+ServiceLinkedRole|AcquireRole",
    "iam: Nothing is read of what it changes.": "(Unt|T)agRole|UpdateRole(Description)?|\\w+RoleToInstanceProfile"
    "|\\w+RoleFromInstanceProfile",
    "sagemaker: A cluster that is made is not watched yet.": "CreateCluster",
    "sagemaker: DescribeCluster does not tell of it.": (
        "\\w+Cluster(Extension|SchedulerConfig)|(At|De)tachClusterNodeVolume|BatchRebootClusterNodes|StartClusterHealthCheck"
    ),
}


def heard() -> Iterator[tuple[str, dict[str, Any]]]:
    """The rules that CloudTrail's events pass, with their patterns."""
    for name, rule in rules_of("request_drift_check"):
        pattern = rule.get("EventPattern", {})
        if CLOUDTRAIL in pattern.get("detail-type", ()):
            yield name, pattern


each_rule = pytest.mark.parametrize("pattern", [pytest.param(pattern, id=name) for name, pattern in heard()])


def service_of(pattern: dict[str, Any]) -> str:
    [source] = pattern["source"]
    return str(source).removeprefix("aws.")


def calls_heard() -> list[str]:
    return [f"{service_of(pattern)}:{call}" for _, pattern in heard() for call in pattern["detail"]["eventName"]]


@cache
def changes(service: str) -> frozenset[str]:
    """What the newest model that we have knows, without reads."""
    names = botocore.session.get_session().get_service_model(service).operation_names
    return frozenset(name for name in names if not name.startswith(READS))


@cache
def may_change() -> frozenset[str]:
    """Calls that may change what the watcher reads."""
    of = [(action.partition(":")[0], words) for action, words in SPEAK_OF.items()]
    return frozenset(
        f"{service}:{call}" for service, words in of for call in changes(service) if re.search(words, call)
    )


def excused(reason: str) -> set[str]:
    service = reason.partition(":")[0]
    return {each for each in may_change() if re.fullmatch(f"{service}:({NOT_HEARD[reason]})", each)}


@each_rule
def test_a_pattern_is_shorter_than_eventbridge_allows(pattern: dict[str, Any]) -> None:
    assert len(json.dumps(pattern)) < LONGEST_PATTERN


@each_rule
def test_every_call_that_is_heard_is_one_that_its_service_has(pattern: dict[str, Any]) -> None:
    assert set(pattern["detail"]["eventName"]) <= changes(service_of(pattern))


@each_rule
def test_a_call_that_failed_is_not_heard(pattern: dict[str, Any]) -> None:
    assert pattern["detail"]["errorCode"] == [{"exists": False}]


def test_no_call_is_heard_twice() -> None:
    assert [call for call, times in Counter(calls_heard()).items() if times > 1] == []


def test_it_is_known_which_calls_change_what_the_watcher_reads() -> None:
    assert set(SPEAK_OF) == watch_reader.ACTIONS - lifecycle_reader.ACTIONS  # no trail tells of objects, unless asked


def test_every_call_that_may_change_what_the_watcher_reads_is_heard_or_has_a_reason_not_to_be() -> None:
    assert may_change() - {*calls_heard()} == {call for reason in NOT_HEARD for call in excused(reason)}


def test_nothing_is_heard_that_changes_nothing_of_what_is_read() -> None:
    assert set(calls_heard()) - may_change() == set()


def test_a_call_that_is_not_heard_has_one_reason() -> None:
    reasons = Counter(call for reason in NOT_HEARD for call in excused(reason))
    assert [call for call, times in reasons.items() if times > 1] == []


@pytest.mark.parametrize("reason", NOT_HEARD)
def test_no_reason_stands_for_a_call_that_is_gone(reason: str) -> None:
    service = reason.partition(":")[0]
    for alternative in re.split(r"\|(?![^(]*\))", NOT_HEARD[reason]):
        assert any(re.fullmatch(f"{service}:({alternative})", call) for call in may_change()), alternative
