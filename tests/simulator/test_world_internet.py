"""The world outside, asked by a real curl from inside a VPC."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from simulator import internet
from simulator.context import REGION
from simulator.internet import Internet, way_out
from simulator.internet.outside import ELSEWHERE
from tests.simulator.worlds import Network, World, build_network, open_world

ECHO = "https://checkip.amazonaws.com"
posted: list[tuple[str, bytes]] = []


def slack(path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    posted.append((path, body))
    return 429, {"Retry-After": "7"}, b"slow down"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


@pytest.fixture(scope="module")
def outside(world: World) -> Iterator[Internet]:
    opened = internet.start(world.context, slack)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _unchanged(outside: Internet) -> Iterator[None]:
    yield
    outside.outside.reset()


@pytest.fixture
def network(world: World) -> Network:
    return build_network(world)


@pytest.fixture
def node(world: World, network: Network) -> str:
    """The interface of a machine in the private subnet."""
    made = world.client("ec2").create_network_interface(SubnetId=network.subnet_id, Groups=[network.group_id])
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def curl(outside: Internet, sender_id: str, *arguments: str) -> tuple[int, str]:
    """Exit code and output of what a probe script does."""
    command = ["curl", "-q", "-4", "--noproxy", "*", "-sS", *arguments]
    done = subprocess.run(command, env=outside.environment(sender_id), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_an_echo_host_answers_with_the_gateways_elastic_ip(outside: Internet, network: Network, node: str) -> None:
    assert curl(outside, node, ECHO) == (0, network.public_ip)


def test_an_instance_is_known_by_its_id_too(world: World, outside: Internet, network: Network) -> None:
    interface = {"DeviceIndex": 0, "SubnetId": network.subnet_id, "Groups": [network.group_id]}
    image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    wish = {"ImageId": image, "InstanceType": "t4g.nano", "MinCount": 1, "MaxCount": 1}
    made = world.client("ec2").run_instances(**wish, NetworkInterfaces=[interface])["Instances"][0]["InstanceId"]
    assert curl(outside, made, ECHO) == (0, network.public_ip)


def test_the_answer_follows_the_route_as_it_is_now(
    world: World, outside: Internet, network: Network, node: str
) -> None:
    ec2 = world.client("ec2")
    other = ec2.allocate_address(Domain="vpc")
    made = ec2.create_nat_gateway(SubnetId=network.public_subnet_id, AllocationId=other["AllocationId"])
    world.later(minutes=2)
    ec2.replace_route(
        RouteTableId=network.table_id,
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=made["NatGateway"]["NatGatewayId"],
    )
    assert curl(outside, node, ECHO) == (0, other["PublicIp"])


def test_two_addresses_of_one_gateway_are_used_in_turn(
    world: World, outside: Internet, network: Network, node: str
) -> None:
    ec2 = world.client("ec2")
    more = ec2.allocate_address(Domain="vpc")
    ec2.associate_nat_gateway_address(NatGatewayId=network.nat_id, AllocationIds=[more["AllocationId"]])
    world.later(minutes=1)
    seen = {curl(outside, node, ECHO)[1] for _ in range(2)}
    assert seen == {network.public_ip, more["PublicIp"]}


def test_every_host_and_port_is_an_echo_and_answers_200(outside: Internet, network: Network, node: str) -> None:
    seen = curl(outside, node, "-w", "%{http_code}", "https://echo.partner.example:8443/what/is/my/address")
    assert seen == (0, f"{network.public_ip}\n200")


def test_without_a_way_out_curl_fails_at_once(world: World, outside: Internet, network: Network, node: str) -> None:
    world.client("ec2").delete_nat_gateway(NatGatewayId=network.nat_id)
    code, text = curl(outside, node, ECHO)
    assert (code, text) == (56, "")  # "Empty reply from server"


def test_a_blocked_host_answers_nobody_and_others_still_do(outside: Internet, network: Network, node: str) -> None:
    outside.outside.block("checkip.amazonaws.com")
    assert curl(outside, node, ECHO)[0] == 56
    assert curl(outside, node, "https://ifconfig.example") == (0, network.public_ip)

    outside.outside.block()
    assert curl(outside, node, "https://ifconfig.example")[0] == 56


def test_a_host_can_be_made_to_talk_rubbish(outside: Internet, node: str) -> None:
    outside.outside.answer("checkip.amazonaws.com", "<html>Sign in</html>")
    assert curl(outside, node, ECHO) == (0, "<html>Sign in</html>")


def test_a_machine_that_does_not_trust_the_worlds_authority_refuses_it(outside: Internet) -> None:
    strange = ["curl", "-q", "-sS", "--resolve", f"a.host:{outside.port}:127.0.0.1", f"https://a.host:{outside.port}"]
    done = subprocess.run(strange, capture_output=True, check=False)
    assert done.returncode == 60


def test_somebody_outside_every_vpc_is_seen_from_elsewhere(outside: Internet) -> None:
    assert curl(outside, "", ECHO) == (0, ELSEWHERE)


def test_slack_hears_path_and_body_and_its_answer_comes_back(outside: Internet, node: str) -> None:
    posted.clear()
    body = json.dumps({"text": "hello"})
    url = "https://hooks.slack.com/services/T/B/x"
    seen = curl(outside, node, "-d", body, "-w", "%{http_code} %header{retry-after}", url)
    assert seen == (0, "slow down429 7")
    assert posted == [("/services/T/B/x", body.encode())]


def test_s3_is_reached_through_its_gateway_endpoint_under_the_private_address(
    world: World, outside: Internet, network: Network, node: str
) -> None:
    ec2 = world.client("ec2")
    ec2.delete_route(RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0")
    host = f"s3.{REGION}.amazonaws.com"
    assert way_out(world.context, node, host).dropped is not None

    ec2.create_vpc_endpoint(
        VpcId=network.vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[network.table_id],
    )
    way = way_out(world.context, node, host)
    private_ip = ec2.describe_network_interfaces(NetworkInterfaceIds=[node])["NetworkInterfaces"][0]["PrivateIpAddress"]
    assert (way.addresses, way.hops[-1].startswith("vpce-")) == ((private_ip,), True)
    assert way_out(world.context, node, f"lifecycle.s3.{REGION}.amazonaws.com").addresses == (private_ip,)
    assert way_out(world.context, node, "checkip.amazonaws.com").addresses == ()


def test_an_interface_endpoint_takes_its_services_name(world: World, network: Network, node: str) -> None:
    ec2: Any = world.client("ec2")
    ec2.delete_route(RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0")
    door = ec2.create_security_group(GroupName="door", Description="door", VpcId=network.vpc_id)["GroupId"]
    ec2.create_vpc_endpoint(
        VpcId=network.vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.ssm",
        VpcEndpointType="Interface",
        SubnetIds=[network.public_subnet_id],
        SecurityGroupIds=[door],
        PrivateDnsEnabled=True,
    )
    host = f"ssm.{REGION}.amazonaws.com"
    assert "lets it in" in str(way_out(world.context, node, host).dropped)

    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[https])
    assert len(way_out(world.context, node, host).addresses) == 1
    assert way_out(world.context, node, f"ssmmessages.{REGION}.amazonaws.com").addresses == ()


def test_somebody_who_is_not_there_goes_nowhere(world: World) -> None:
    assert way_out(world.context, "eni-0123456789abcdef0", "example.com").addresses == ()
