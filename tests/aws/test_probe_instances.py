"""Probe instances as EC2 is asked for them, and as they are found and ended again."""

import base64
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from control_plane.aws.probe_instances import ProbeInstances
from control_plane.aws.probe_launcher import ProbeLauncher
from control_plane.domain.probe.ledger import USER_DATA, VantagePoint
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

RUN_ID, OTHER_RUN = "run-0123456789abcdef01234567", "run-76543210fedcba9876543210"
PROFILE = "arn:aws:iam::123456789012:instance-profile/probe"
TAGS = {"hyperpod-vpc:run-id": RUN_ID, "hyperpod-vpc:stack": "stack-1"}


@pytest.fixture
def ec2() -> Iterator["EC2Client"]:
    with mock_aws():
        client = boto3.client("ec2")
        boto3.client("iam").create_instance_profile(InstanceProfileName="probe")
        yield client


@pytest.fixture
def asked(ec2: "EC2Client") -> list[dict[str, Any]]:
    """The parameters of every RunInstances, as they were given."""
    seen: list[dict[str, Any]] = []
    ec2.meta.events.register("provide-client-params.ec2.RunInstances", lambda params, **_: seen.append({**params}))
    return seen


@pytest.fixture
def point(ec2: "EC2Client") -> VantagePoint:
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.1.0/24", AvailabilityZone="ap-northeast-1c")["Subnet"]
    groups = [ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"] for name in "ab"]
    return VantagePoint(subnet_id=subnet["SubnetId"], security_group_ids=tuple(sorted(groups)))


@pytest.fixture
def launcher(ec2: "EC2Client") -> ProbeLauncher:
    return ProbeLauncher(ec2, boto3.client("ssm"), stack="stack-1", profile_arn=PROFILE)


@pytest.fixture
def instances(ec2: "EC2Client") -> ProbeInstances:
    return ProbeInstances(ec2)


def refusing(ec2: "EC2Client", operation: str, code: str, status: int = 400) -> None:
    """Have EC2 answer every call of this operation so."""
    error = {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}}

    def answer(**_: object) -> Any:
        return SimpleNamespace(status_code=status), error

    ec2.meta.events.register(f"before-call.ec2.{operation}", answer)


def test_a_probe_has_no_public_address_no_key_and_an_encrypted_disk(
    launcher: ProbeLauncher, asked: list[dict[str, Any]], point: VantagePoint
) -> None:
    launcher.launch(RUN_ID, point, "t4g.nano")

    [request] = asked
    assert request["NetworkInterfaces"] == [
        {
            "DeviceIndex": 0,
            "SubnetId": point.subnet_id,
            "Groups": list(point.security_group_ids),
            "AssociatePublicIpAddress": False,
            "DeleteOnTermination": True,
        }
    ]
    assert "KeyName" not in request
    [disk] = request["BlockDeviceMappings"]
    assert (disk["DeviceName"], disk["Ebs"]["Encrypted"], disk["Ebs"]["DeleteOnTermination"]) == (
        "/dev/xvda",
        True,
        True,
    )
    assert request["MetadataOptions"]["HttpTokens"] == "required"
    assert request["IamInstanceProfile"] == {"Arn": PROFILE}


def test_every_launch_can_be_repeated_found_again_and_ends_by_itself(
    launcher: ProbeLauncher, asked: list[dict[str, Any]], point: VantagePoint
) -> None:
    for instance_type in ("t4g.nano", "t4g.nano", "t3.nano"):
        launcher.launch(RUN_ID, point, instance_type)
    launcher.launch(OTHER_RUN, point, "t4g.nano")

    first, again, other_type, other_run = (request["ClientToken"] for request in asked)
    assert first == again
    assert len({first, other_type, other_run}) == 3
    for request in asked:
        assert len(request["ClientToken"]) <= 64
        assert request["InstanceInitiatedShutdownBehavior"] == "terminate"
        assert request["UserData"] == USER_DATA
        assert {spec["ResourceType"] for spec in request["TagSpecifications"]} == {
            "instance",
            "volume",
            "network-interface",
        }
        for spec in request["TagSpecifications"]:
            tags = {tag["Key"]: tag["Value"] for tag in spec["Tags"]}
            run_id = OTHER_RUN if request is asked[-1] else RUN_ID
            assert tags.items() >= (TAGS | {"hyperpod-vpc:run-id": run_id, "hyperpod-vpc:probe": point.key}).items()


def test_user_data_arrives_as_it_was_written(launcher: ProbeLauncher, ec2: "EC2Client", point: VantagePoint) -> None:
    instance_id = launcher.launch(RUN_ID, point, "t3.nano")
    kept = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(kept).decode() == USER_DATA


@pytest.mark.parametrize(("instance_type", "architecture"), [("t4g.micro", "arm64"), ("t3.micro", "x86_64")])
def test_the_image_is_the_standard_one_of_the_type_s_architecture(
    instance_type: str, architecture: str, launcher: ProbeLauncher, asked: list[dict[str, Any]], point: VantagePoint
) -> None:
    launcher.launch(RUN_ID, point, instance_type)
    name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
    assert asked[0]["ImageId"] == boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]


def test_zones_are_those_of_the_subnets_that_exist(launcher: ProbeLauncher, point: VantagePoint) -> None:
    assert launcher.zones({point.subnet_id, "subnet-0123456789abcdef0"}) == {point.subnet_id: "ap-northeast-1c"}


def test_only_the_small_types_are_asked_after(launcher: ProbeLauncher) -> None:
    offered = launcher.offered()
    assert {instance_type for instance_type, _ in offered} == {"t4g.nano", "t4g.micro", "t3.nano", "t3.micro"}
    assert ("t4g.nano", "ap-northeast-1c") in offered


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        pytest.param("VcpuLimitExceeded", 400, AwsRefused, id="quota"),
        pytest.param("Unsupported", 400, AwsRefused, id="not in this zone"),
        pytest.param("InsufficientFreeAddressesInSubnet", 400, AwsRefused, id="no address"),
        pytest.param("InsufficientInstanceCapacity", 500, AwsRefused, id="no capacity, told as a fault of EC2's own"),
        pytest.param("UnauthorizedOperation", 403, AccessDenied, id="not allowed"),
        pytest.param("InternalError", 500, AwsUnavailable, id="a fault that passes"),
        pytest.param("RequestLimitExceeded", 503, AwsUnavailable, id="throttled"),
    ],
)
def test_a_launch_that_ec2_refuses_is_told_apart_from_one_to_repeat(
    code: str, status: int, error: type[Exception], launcher: ProbeLauncher, ec2: "EC2Client", point: VantagePoint
) -> None:
    refusing(ec2, "RunInstances", code, status)
    with pytest.raises(error, match=code if error is not AccessDenied else "ec2:RunInstances"):
        launcher.launch(RUN_ID, point, "t4g.nano")


def test_a_run_finds_its_own_instances_and_no_others(
    launcher: ProbeLauncher, instances: ProbeInstances, point: VantagePoint
) -> None:
    mine = launcher.launch(RUN_ID, point, "t4g.nano")
    launcher.launch(OTHER_RUN, point, "t4g.nano")

    [found] = instances.of_run(RUN_ID)
    assert (found.instance_id, found.point_key, found.instance_type) == (mine, point.key, "t4g.nano")
    assert found.alive


def test_an_instance_that_was_ended_says_why(
    launcher: ProbeLauncher, instances: ProbeInstances, point: VantagePoint
) -> None:
    instances.terminate(launcher.launch(RUN_ID, point, "t4g.nano"))
    [found] = instances.of_run(RUN_ID)
    assert found.gone
    assert found.reason_code == "Client.UserInitiatedShutdown"


def test_ending_what_never_was_is_as_good(instances: ProbeInstances) -> None:
    instances.terminate("i-0123456789abcdef0")


def test_an_instance_that_may_not_be_ended_is_not_passed_over(ec2: "EC2Client", instances: ProbeInstances) -> None:
    refusing(ec2, "TerminateInstances", "OperationNotPermitted")
    with pytest.raises(AwsRefused, match="OperationNotPermitted"):
        instances.terminate("i-0123456789abcdef0")
