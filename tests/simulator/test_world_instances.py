"""RunInstances and what becomes of an instance, its interface and its end."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.context import REGION
from simulator.ec2.dead_mans_switch import powers_off_after
from tests.simulator.worlds import Network, World, build_network, refusal

ARM_IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
INTEL_IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture(scope="module")
def network(world: World) -> Network:
    return build_network(world)


def wish(network: Network, **changes: Any) -> dict[str, Any]:
    interface = {
        "DeviceIndex": 0,
        "SubnetId": network.subnet_id,
        "Groups": [network.group_id],
        "AssociatePublicIpAddress": False,
    }
    return {
        "ImageId": ARM_IMAGE,
        "InstanceType": "t4g.nano",
        "MinCount": 1,
        "MaxCount": 1,
        "NetworkInterfaces": [interface],
        "InstanceInitiatedShutdownBehavior": "terminate",
    } | changes


def launch(ec2: Any, network: Network, **changes: Any) -> str:
    return str(ec2.run_instances(**wish(network, **changes))["Instances"][0]["InstanceId"])


def instance(ec2: Any, instance_id: str) -> Any:
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def state(ec2: Any, instance_id: str) -> str:
    return str(instance(ec2, instance_id)["State"]["Name"])


def interfaces(ec2: Any, network: Network) -> Any:
    filters = [{"Name": "subnet-id", "Values": [network.subnet_id]}]
    return ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]


def test_it_boots_for_15_seconds_and_is_stamped_by_the_virtual_clock(world: World, ec2: Any, network: Network) -> None:
    launched_at = world.clock.now()
    made = launch(ec2, network)
    assert state(ec2, made) == "pending"

    world.later(seconds=15)
    assert state(ec2, made) == "running"
    assert abs(instance(ec2, made)["LaunchTime"] - launched_at) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("image", "instance_type", "architecture"),
    [(ARM_IMAGE, "t4g.micro", "arm64"), (INTEL_IMAGE, "t3.nano", "x86_64")],
)
def test_an_image_named_by_parameter_becomes_the_image_it_stands_for(
    world: World, ec2: Any, network: Network, image: str, instance_type: str, architecture: str
) -> None:
    made = instance(ec2, launch(ec2, network, ImageId=image, InstanceType=instance_type))
    parameter = world.client("ssm").get_parameter(Name=image.removeprefix("resolve:ssm:"))["Parameter"]
    assert (made["ImageId"], made["Architecture"]) == (parameter["Value"], architecture)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"InstanceType": "t3.nano"}, "InvalidParameterValue", id="an image of the other architecture"),
        pytest.param({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound", id="no such image"),
        pytest.param({"ImageId": "resolve:ssm:/no/such/parameter"}, "InvalidParameterValue", id="no such parameter"),
        pytest.param(
            {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-0123456789abcdef0"}]},
            "InvalidSubnetID.NotFound",
            id="no such subnet",
        ),
    ],
)
def test_what_cannot_run_is_refused_and_leaves_no_reservation(
    ec2: Any, network: Network, changes: dict[str, Any], code: str
) -> None:
    before = len(ec2.describe_instances()["Reservations"])
    assert refusal(ec2.run_instances, **wish(network, **changes)) == code
    assert len(ec2.describe_instances()["Reservations"]) == before


def test_an_unknown_security_group_is_refused(ec2: Any, network: Network) -> None:
    lost = [{"DeviceIndex": 0, "SubnetId": network.subnet_id, "Groups": ["sg-0123456789abcdef0"]}]
    before = len(ec2.describe_instances()["Reservations"])
    assert refusal(ec2.run_instances, **wish(network, NetworkInterfaces=lost)) == "InvalidGroup.NotFound"
    assert len(ec2.describe_instances()["Reservations"]) == before


def test_a_group_of_another_vpc_is_refused(world: World, ec2: Any, network: Network) -> None:
    other = build_network(world)
    mixed = [{"DeviceIndex": 0, "SubnetId": network.subnet_id, "Groups": [other.group_id]}]
    assert refusal(ec2.run_instances, **wish(network, NetworkInterfaces=mixed)) == "InvalidParameter"


def test_the_same_token_and_request_make_one_instance(ec2: Any, network: Network) -> None:
    assert launch(ec2, network, ClientToken="once") == launch(ec2, network, ClientToken="once")


def test_the_same_token_with_another_request_is_refused(ec2: Any, network: Network) -> None:
    launch(ec2, network, ClientToken="twice")
    other = wish(network, ClientToken="twice", InstanceType="t4g.micro")
    assert refusal(ec2.run_instances, **other) == "IdempotentParameterMismatch"


def test_tags_stay_on_instance_volume_and_interface(ec2: Any, network: Network) -> None:
    tags = [{"Key": "run", "Value": "run-1"}]
    specs = [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume", "network-interface")]
    made = instance(ec2, launch(ec2, network, TagSpecifications=specs))
    volume_id = made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    interface_id = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert made["Tags"] == tags
    assert ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]["Tags"] == tags
    assert ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][0]["TagSet"] == tags


def test_the_interface_is_in_the_subnet_with_its_groups_and_goes_with_the_instance(ec2: Any, network: Network) -> None:
    before = {item["NetworkInterfaceId"] for item in interfaces(ec2, network)}
    made = launch(ec2, network)
    (mine,) = [item for item in interfaces(ec2, network) if item["NetworkInterfaceId"] not in before]
    assert [group["GroupId"] for group in mine["Groups"]] == [network.group_id]
    assert instance(ec2, made)["SecurityGroups"][0]["GroupId"] == network.group_id

    ec2.terminate_instances(InstanceIds=[made])
    assert {item["NetworkInterfaceId"] for item in interfaces(ec2, network)} == before


@pytest.mark.parametrize("asked", [{True}, {False}], ids=str)
def test_a_public_address_is_given_exactly_where_asked_for(ec2: Any, network: Network, asked: set[bool]) -> None:
    (public,) = asked
    ec2.modify_subnet_attribute(SubnetId=network.public_subnet_id, MapPublicIpOnLaunch={"Value": True})
    interface = {"DeviceIndex": 0, "SubnetId": network.public_subnet_id, "AssociatePublicIpAddress": public}
    made = instance(ec2, launch(ec2, network, NetworkInterfaces=[interface]))
    assert ("PublicIpAddress" in made) is public


def test_addresses_are_never_given_twice(ec2: Any, network: Network) -> None:
    ec2.create_network_interface(SubnetId=network.subnet_id)
    launch(ec2, network)
    taken = [item["PrivateIpAddress"] for item in interfaces(ec2, network)]
    assert len(taken) == len(set(taken))


def test_a_full_subnet_refuses_an_instance(ec2: Any, network: Network) -> None:
    subnet_id = ec2.create_subnet(VpcId=network.vpc_id, CidrBlock="10.0.8.0/28", AvailabilityZone=f"{REGION}a")[
        "Subnet"
    ]["SubnetId"]
    for _ in range(11):
        ec2.create_network_interface(SubnetId=subnet_id)
    assert ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]["AvailableIpAddressCount"] == 0
    full = wish(network, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet_id}])
    assert refusal(ec2.run_instances, **full) == "InsufficientFreeAddressesInSubnet"


def test_a_type_that_the_zone_does_not_offer_is_refused(ec2: Any, network: Network) -> None:
    subnet_id = ec2.create_subnet(VpcId=network.vpc_id, CidrBlock="10.0.7.0/24", AvailabilityZone=f"{REGION}d")[
        "Subnet"
    ]["SubnetId"]
    huge = wish(
        network,
        ImageId=INTEL_IMAGE,
        InstanceType="p5.48xlarge",
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet_id}],
    )
    assert refusal(ec2.run_instances, **huge) == "Unsupported"


@pytest.mark.parametrize("code", ["InsufficientInstanceCapacity", "VcpuLimitExceeded", "Unsupported"])
def test_a_launch_that_is_to_fail_fails_once(world: World, ec2: Any, network: Network, code: str) -> None:
    world.ec2_handle.fail_next_run_instances(code)
    assert refusal(ec2.run_instances, **wish(network)) == code
    assert launch(ec2, network).startswith("i-")


def test_a_boot_that_is_to_fail_ends_in_termination_with_its_reason(world: World, ec2: Any, network: Network) -> None:
    world.ec2_handle.fail_next_boot(
        "Client.InvalidKMSKey.InvalidState", "The KMS key provided is in an incorrect state"
    )
    made = launch(ec2, network)
    world.later(seconds=15)
    assert (state(ec2, made), instance(ec2, made)["StateReason"]["Code"]) == (
        "terminated",
        "Client.InvalidKMSKey.InvalidState",
    )


@pytest.mark.parametrize(("behaviour", "end"), [("terminate", "terminated"), ("stop", "stopped")])
def test_user_data_that_powers_off_ends_the_instance_in_time(
    world: World, ec2: Any, network: Network, behaviour: str, end: str
) -> None:
    switch = {"UserData": "#!/bin/sh\nshutdown -P +20\n", "InstanceInitiatedShutdownBehavior": behaviour}
    made = launch(ec2, network, **switch)
    world.later(minutes=20)
    assert state(ec2, made) == "running"

    world.later(seconds=15)
    assert state(ec2, made) == end
    assert instance(ec2, made)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_a_dead_mans_switch_spares_who_is_dead_already(world: World, ec2: Any, network: Network) -> None:
    made = launch(ec2, network, UserData="#!/bin/sh\nshutdown -P +5\n")
    world.later(minutes=1)
    ec2.terminate_instances(InstanceIds=[made])
    world.later(minutes=10)
    assert instance(ec2, made)["StateReason"]["Code"] == "Client.UserInitiatedShutdown"


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        ("#!/bin/sh\nshutdown -P +15", 900),
        ("#!/bin/sh\n/sbin/shutdown -h -P +7 bye", 420),
        ("#!/bin/bash\nsystemd-run --on-active=90 systemctl poweroff", 90),
        ("#!/bin/bash\nsystemd-run --unit=end --on-active=25min /sbin/shutdown -P now", 1500),
        ("#!/bin/sh\nsystemd-run --no-block --on-active=18min systemctl poweroff || shutdown -P +18", 1080),
        ("#!/bin/sh\n# shutdown -P +15", None),
        ("#!/bin/sh\necho hello", None),
    ],
)
def test_user_data_is_read_for_its_own_end(script: str, seconds: int | None) -> None:
    found = powers_off_after(script)
    assert (found.total_seconds() if found else None) == seconds


@pytest.mark.parametrize("instance_type", ["t4g.nano", "t4g.micro", "t3.nano", "t3.micro"])
def test_the_small_types_are_offered_in_the_zone(ec2: Any, instance_type: str) -> None:
    filters = [{"Name": "instance-type", "Values": [instance_type]}, {"Name": "location", "Values": [f"{REGION}a"]}]
    offers = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=filters)
    assert [offer["InstanceType"] for offer in offers["InstanceTypeOfferings"]] == [instance_type]
