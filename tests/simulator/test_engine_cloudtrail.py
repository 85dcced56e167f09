"""Calls that change something are told on the default bus: by whom, with what, and minutes later."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.app import Simulator
from simulator.cloudtrail import ec2
from simulator.context import ACCOUNT, REGION
from simulator.eventbridge.buses import rfc3339
from tests.simulator.planes import answer, messages

BY_TRAIL = "AWS API Call via CloudTrail"


@pytest.fixture
def sim(sim: Simulator) -> Iterator[Simulator]:
    _later(sim)  # until what other tests have done is told
    yield sim
    sim.trail.on = True


@pytest.fixture
def route(sim: Simulator) -> dict[str, Any]:
    """A route by one interface, as arguments that point it to another one."""
    client = sim.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    one, other = (client.create_network_interface(SubnetId=subnet)["NetworkInterface"] for _ in range(2))
    table = client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    place = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    client.create_route(**place, NetworkInterfaceId=one["NetworkInterfaceId"])
    _later(sim)
    return place | {"NetworkInterfaceId": other["NetworkInterfaceId"]}


def _later(sim: Simulator) -> None:
    sim.clock.sleep(180)
    sim.settle()


def _told(sim: Simulator, call: Callable[..., Any], *values: Any, **arguments: Any) -> list[dict[str, Any]]:
    """What the trail tells of a call, as rules' targets get it."""
    before = len(sim.buses.log())
    with suppress(ClientError):
        call(*values, **arguments)
    assert len(sim.buses.log()) == before  # not yet
    _later(sim)
    new = sim.buses.log()[before:]
    return [event for bus, event in new if bus == "default" and event["detail-type"] == BY_TRAIL]


def test_a_route_change_is_told_with_who_made_it_and_what_they_asked_for(sim: Simulator, route: dict[str, Any]) -> None:
    at = rfc3339(sim.clock.now())

    (event,) = _told(sim, sim.acting_as("ops")("ec2").replace_route, **route)

    assert (event["source"], event["time"], event["region"]) == ("aws.ec2", at, REGION)
    record = event["detail"]
    assert (record["eventSource"], record["eventName"]) == ("ec2.amazonaws.com", "ReplaceRoute")
    assert (record["eventTime"], record["awsRegion"], record["eventType"]) == (at, REGION, "AwsApiCall")
    assert (record["readOnly"], record["managementEvent"], "errorCode" in record) == (False, True, False)
    assert record["requestParameters"] == {
        "routeTableId": route["RouteTableId"],
        "destinationCidrBlock": "0.0.0.0/0",
        "networkInterfaceId": route["NetworkInterfaceId"],
    }
    who = record["userIdentity"]
    assert (who["type"], who["arn"]) == ("AssumedRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/ops")
    assert who["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/ops"


def test_a_rule_on_the_default_bus_brings_it_to_its_target(sim: Simulator, route: dict[str, Any]) -> None:
    messages(sim, sim.outputs["HeardUrl"])
    events, queue = sim.client("events"), sim.outputs["HeardUrl"].rpartition("/")[2]
    pattern = {
        "source": ["aws.ec2"],
        "detail-type": [BY_TRAIL],
        "detail": {"eventName": ["ReplaceRoute"], "errorCode": [{"exists": False}]},
    }
    events.put_rule(Name="routes", EventPattern=json.dumps(pattern))
    target = {"Id": "heard", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"}
    events.put_targets(Rule="routes", Targets=[target])

    _told(sim, sim.client("ec2").replace_route, **route | {"RouteTableId": "rtb-0"})
    _told(sim, sim.client("ec2").replace_route, **route)

    events.remove_targets(Rule="routes", Ids=["heard"])
    events.delete_rule(Name="routes")
    heard = [json.loads(message["Body"])["detail"] for message in messages(sim, sim.outputs["HeardUrl"])]
    assert [it["requestParameters"]["routeTableId"] for it in heard] == [route["RouteTableId"]]


def test_a_call_that_fails_is_told_with_its_error_and_no_response(sim: Simulator, route: dict[str, Any]) -> None:
    (event,) = _told(sim, sim.client("ec2").replace_route, **route | {"RouteTableId": "rtb-0"})

    record = event["detail"]
    assert (record["errorCode"], record["responseElements"]) == ("Client.InvalidRouteTableID.NotFound", None)
    assert "rtb-0" in record["errorMessage"]


def test_a_call_whose_reply_is_lost_is_told_as_any_other(sim: Simulator, route: dict[str, Any]) -> None:
    sim.cut_reply("ec2:DeleteRoute")
    table = {key: route[key] for key in ("RouteTableId", "DestinationCidrBlock")}

    def deleted() -> None:
        with suppress(Exception):
            sim.client("ec2").delete_route(**table)

    (event,) = _told(sim, deleted)
    assert event["detail"]["eventName"] == "DeleteRoute"


def test_a_function_is_told_as_a_session_of_its_role(sim: Simulator) -> None:
    (event,) = _told(sim, lambda: answer(sim.invoke("EchoFunction", {"do": "vpc"})))

    record, role, function = event["detail"], sim.role_name("AnyRole"), sim.function_name("EchoFunction")
    assert record["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{function}"
    assert record["responseElements"]["vpc"]["cidrBlock"] == "10.9.0.0/16"


def test_a_refused_function_is_told_too(sim: Simulator) -> None:
    (event,) = _told(sim, sim.acting_as("EchoFunction")("ec2").allocate_address)

    assert event["detail"]["errorCode"] == "Client.UnauthorizedOperation"


def test_a_call_to_sagemaker_is_told_in_camel_case_all_the_way_down(sim: Simulator) -> None:
    group = {
        "InstanceGroupName": "workers",
        "InstanceCount": 1,
        "InstanceType": "ml.t3.medium",
        "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/nobody",
        "LifeCycleConfig": {"SourceS3Uri": "s3://sagemaker-x/", "OnCreate": "on_create.sh"},
        "OverrideVpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "KubernetesConfig": {"Labels": {"Team": "A"}},
    }

    (event,) = _told(sim, sim.client("sagemaker").update_cluster, ClusterName="none", InstanceGroups=[group])

    assert (event["source"], event["detail"]["eventSource"]) == ("aws.sagemaker", "sagemaker.amazonaws.com")
    assert event["detail"]["errorCode"] == "ResourceNotFound"
    asked = event["detail"]["requestParameters"]
    assert asked["clusterName"] == "none"
    assert asked["instanceGroups"][0]["overrideVpcConfig"] == {"securityGroupIds": ["sg-1"], "subnets": ["subnet-1"]}
    assert asked["instanceGroups"][0]["kubernetesConfig"] == {"labels": {"Team": "A"}}  # whose key is no member


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        pytest.param("ec2", "describe_vpcs", {}, id="a read"),
        pytest.param("sagemaker", "list_clusters", {}, id="a read of SageMaker's"),
        pytest.param("sqs", "create_queue", {"QueueName": "any"}, id="another service"),
        pytest.param("iam", "delete_role", {"RoleName": "none"}, id="IAM, which is told in us-east-1"),
    ],
)
def test_nothing_is_told_of_what_no_rule_here_would_hear(
    sim: Simulator, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    assert _told(sim, getattr(sim.client(service), operation), **arguments) == []


def test_without_a_trail_nothing_is_told(sim: Simulator, route: dict[str, Any]) -> None:
    sim.trail.on = False
    assert _told(sim, sim.client("ec2").replace_route, **route) == []


# ---------------------------------------------------------------- shapes, as seen in the field

PERMISSION = "IpPermissions.1"
EGRESS = f"GroupId=sg-1&{PERMISSION}.IpProtocol=tcp&{PERMISSION}.FromPort=443&{PERMISSION}.IpRanges.1.CidrIp=0.0.0.0/0"


@pytest.mark.parametrize(
    ("operation", "form", "told"),
    [
        pytest.param(
            "RevokeSecurityGroupEgress",
            EGRESS,
            {
                "groupId": "sg-1",
                "ipPermissions": {
                    "items": [{"ipProtocol": "tcp", "fromPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]
                },
            },
            id="lists within lists, and numbers",
        ),
        pytest.param(
            "ModifyNetworkInterfaceAttribute",
            "NetworkInterfaceId=eni-1&SecurityGroupId.1=sg-1&SecurityGroupId.2=sg-2",
            {"networkInterfaceId": "eni-1", "groupSet": {"items": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]}},
            id="a list of ids",
        ),
        pytest.param(
            "CreateNetworkAclEntry",
            "NetworkAclId=acl-1&RuleNumber=1&Protocol=-1&RuleAction=deny&Egress=true&CidrBlock=0.0.0.0/0",
            {
                "networkAclId": "acl-1",
                "ruleNumber": 1,
                "protocol": "-1",
                "ruleAction": "deny",
                "egress": True,
                "cidrBlock": "0.0.0.0/0",
            },
            id="a boolean",
        ),
        pytest.param(
            "DeleteNatGateway",
            "NatGatewayId=nat-1",
            {"DeleteNatGatewayRequest": {"NatGatewayId": "nat-1"}},
            id="a newer operation",
        ),
        pytest.param(
            "DeleteVpcEndpoints",
            "VpcEndpointId.1=vpce-1",
            {"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"content": "vpce-1", "tag": 1}}},
            id="a newer operation's only id",
        ),
        pytest.param(
            "AssociateNatGatewayAddress",
            "NatGatewayId=nat-1&AllocationId.1=eipalloc-1&AllocationId.2=eipalloc-2",
            {
                "AssociateNatGatewayAddressRequest": {
                    "NatGatewayId": "nat-1",
                    "AllocationId": [{"content": "eipalloc-1", "tag": 1}, {"content": "eipalloc-2", "tag": 2}],
                }
            },
            id="a newer operation's ids",
        ),
        pytest.param("CreateInternetGateway", "", None, id="nothing asked for"),
    ],
)
def test_what_was_asked_of_ec2_is_told_as_cloudtrail_writes_it(operation: str, form: str, told: Any) -> None:
    assert ec2.request(operation, f"Action={operation}&Version=2016-11-15&{form}") == told


@pytest.mark.parametrize(
    ("operation", "xml", "told"),
    [
        pytest.param("CreateRoute", "<return>true</return>", {"requestId": "r", "_return": True}, id="a mere yes"),
        pytest.param(
            "TerminateInstances",
            "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>",
            {"requestId": "r", "instancesSet": {"items": [{"instanceId": "i-1"}]}},
            id="a list",
        ),
        pytest.param(
            "CreateNatGateway",
            "<natGateway><natGatewayAddressSet><item><allocationId>a</allocationId></item></natGatewayAddressSet></natGateway>",
            {
                "CreateNatGatewayResponse": {
                    "natGateway": {"natGatewayAddressSet": {"item": {"allocationId": "a"}}},
                    "requestId": "r",
                }
            },
            id="a newer operation",
        ),
    ],
)
def test_what_ec2_answered_is_told_as_cloudtrail_writes_it(operation: str, xml: str, told: Any) -> None:
    content = f'<{operation}Response xmlns="http://ec2"><requestId>0</requestId>{xml}</{operation}Response>'
    assert ec2.response(operation, content.encode(), "r") == told
