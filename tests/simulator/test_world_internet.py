"""The world outside, asked by a real curl from inside a VPC."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator import internet
from simulator.context import REGION
from simulator.hyperpod.cluster import Cluster, Group
from simulator.hyperpod.nodes import Nodes
from simulator.internet import Internet, way_out
from simulator.internet.outside import ELSEWHERE
from tests.simulator.worlds import Network, World, build_network

HOST = "checkip.amazonaws.com"
ECHO = f"https://{HOST}"
posted: list[tuple[str, bytes]] = []


def slack(path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    posted.append((path, body))
    return 429, {"Retry-After": "7"}, b"slow down"


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


Change = Callable[[Any, Network, str], object]
ANYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def deny(ec2: Any, network: Network, _: str) -> None:
    mine = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    [acl] = ec2.describe_network_acls(Filters=mine)["NetworkAcls"]
    entry = {"RuleNumber": 1, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "Egress": True}
    ec2.create_network_acl_entry(NetworkAclId=acl["NetworkAclId"], **entry)


def bind_the_public_table(ec2: Any, network: Network, _: str) -> None:
    [table] = ec2.describe_route_tables(RouteTableIds=[network.table_id])["RouteTables"]
    bound = table["Associations"][0]["RouteTableAssociationId"]
    ec2.replace_route_table_association(AssociationId=bound, RouteTableId=network.public_table_id)


CHANGES: dict[str, Change] = {
    "a route": lambda ec2, network, _: ec2.delete_route(
        RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0"
    ),
    "the subnet's table": bind_the_public_table,
    "the internet gateway": lambda ec2, network, _: ec2.detach_internet_gateway(
        InternetGatewayId=network.internet_gateway_id, VpcId=network.vpc_id
    ),
    "the NAT gateway": lambda ec2, network, _: ec2.delete_nat_gateway(NatGatewayId=network.nat_id),
    "a group's rules": lambda ec2, network, _: ec2.revoke_security_group_egress(
        GroupId=network.group_id, IpPermissions=[ANYTHING]
    ),
    "an ACL": deny,
    "the interface": lambda ec2, _, node: ec2.delete_network_interface(NetworkInterfaceId=node),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_very_next_connection_feels_a_change(world: World, network: Network, node: str, change: Change) -> None:
    before = way_out(world.context, node, HOST).addresses
    change(world.client("ec2"), network, node)
    assert (before, way_out(world.context, node, HOST).addresses) == ((network.public_ip,), ())


def test_an_address_is_used_from_the_very_next_connection(world: World, network: Network, node: str) -> None:
    ec2 = world.client("ec2")
    bind_the_public_table(ec2, network, node)
    assert way_out(world.context, node, HOST).addresses == ()
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=node)
    assert way_out(world.context, node, HOST).addresses == (address["PublicIp"],)


def test_a_node_that_comes_has_a_way_out_at_once_and_one_that_goes_has_none(world: World, network: Network) -> None:
    place = Group({"InstanceGroupName": "g", "InstanceType": "ml.t3.medium"}, False, network.subnet_id, (), 2)
    cluster = Cluster("arn:aws:sagemaker:::cluster/abc", {"ClusterName": "c"}, world.clock.now(), [place], {})
    nodes, ways = Nodes(world.context), []
    for _ in range(2):
        nodes.make(cluster, place, world.clock.now())
        ways.append(way_out(world.context, place.nodes[-1].interface_ids[0], HOST).addresses)
    last = place.nodes[-1]
    nodes.remove(place, [last])
    ways.append(way_out(world.context, last.interface_ids[0], HOST).addresses)
    assert ways == [(network.public_ip,), (network.public_ip,), ()]


def test_time_alone_opens_a_nat_gateway_and_its_second_address(world: World) -> None:
    network, ec2 = build_network(world, nat_ready=False), world.client("ec2")
    made = ec2.create_network_interface(SubnetId=network.subnet_id, Groups=[network.group_id])
    node = made["NetworkInterface"]["NetworkInterfaceId"]
    more = ec2.allocate_address(Domain="vpc")

    def over(seconds: float) -> list[tuple[str, ...]]:
        """The ways out just before so many seconds are over, and then."""
        world.later(seconds=seconds - 0.001)
        before = way_out(world.context, node, HOST).addresses
        world.later(seconds=0.001)
        return [before, way_out(world.context, node, HOST).addresses]

    assert over(90) == [(), (network.public_ip,)]
    ec2.associate_nat_gateway_address(NatGatewayId=network.nat_id, AllocationIds=[more["AllocationId"]])
    assert over(30) == [(network.public_ip,), (network.public_ip, more["PublicIp"])]


def test_time_alone_turns_the_route_to_a_failed_gateway_into_a_blackhole(world: World) -> None:
    world.ec2_handle.fail_next_nat_gateway("InternalError", "It failed.")
    network = build_network(world, nat_ready=False)
    made = world.client("ec2").create_network_interface(SubnetId=network.subnet_id, Groups=[network.group_id])
    node = made["NetworkInterface"]["NetworkInterfaceId"]
    before = way_out(world.context, node, HOST).dropped
    world.later(seconds=90)
    after = way_out(world.context, node, HOST).dropped
    assert ("blackhole" in str(before), "blackhole" in str(after)) == (False, True)


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
