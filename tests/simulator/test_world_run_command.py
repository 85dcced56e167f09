"""Agents that come online if they may and can, and commands that really run."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator import internet, ssm
from simulator.context import REGION
from simulator.internet import Internet
from simulator.ssm import Agents
from simulator.ssm.agents import ACTIONS
from tests.simulator.worlds import Network, World, build_network, refusal

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
ECHO_SCRIPT = ["echo \"$(curl -q -4 -sS --noproxy '*' https://checkip.amazonaws.com) for {{ Nonce }}\""]


@pytest.fixture(scope="module")
def outside(world: World) -> Iterator[Internet]:
    opened = internet.start(world.context, lambda *_: (200, {}, b"ok"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def agents(world: World, outside: Internet) -> Agents:
    return ssm.install(world.context, outside, world.patches)


@pytest.fixture(scope="module", autouse=True)
def profile(world: World, agents: Agents) -> str:
    return make_profile(world, "agent", ACTIONS)


@pytest.fixture
def client(world: World) -> Any:
    return world.client("ssm")


def make_profile(world: World, name: str, actions: Any, service: str = "ec2.amazonaws.com", **more: Any) -> str:
    iam = world.client("iam")
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}}
    statements = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}, *more.get("statements", [])]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    if more.get("managed"):
        arn = iam.create_policy(PolicyName=name, PolicyDocument=policy)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    else:
        iam.put_role_policy(RoleName=name, PolicyName="agent", PolicyDocument=policy)
    arn = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return str(arn)


def launch(world: World, network: Network, profile_arn: str | None) -> str:
    made = world.client("ec2").run_instances(
        ImageId=IMAGE,
        InstanceType="t4g.nano",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": network.subnet_id, "Groups": [network.group_id]}],
        **({"IamInstanceProfile": {"Arn": profile_arn}} if profile_arn else {}),
    )
    return str(made["Instances"][0]["InstanceId"])


def ping(client: Any, instance_id: str) -> str | None:
    """The agent's PingStatus, None while nobody has heard of it."""
    only = [{"Key": "InstanceIds", "Values": [instance_id]}]
    found = client.describe_instance_information(Filters=only)["InstanceInformationList"]
    return str(found[0]["PingStatus"]) if found else None


@pytest.fixture
def machine(world: World, profile: str) -> str:
    """An instance whose agent is online."""
    made = launch(world, build_network(world), profile)
    world.later(minutes=2)
    return made


def document(
    client: Any, name: str, lines: list[str], *, parameters: dict[str, Any] | None = None, **inputs: str
) -> str:
    step = {"action": "aws:runShellScript", "name": "probe", "inputs": {"runCommand": lines, **inputs}}
    content = {"schemaVersion": "2.2", "mainSteps": [step]} | ({"parameters": parameters} if parameters else {})
    client.create_document(Name=name, Content=json.dumps(content), DocumentType="Command", DocumentFormat="JSON")
    return name


def result(world: World, client: Any, command_id: str, instance_id: str) -> Any:
    """The invocation once its work is done."""
    world.clock.settle(30)
    return client.get_command_invocation(CommandId=command_id, InstanceId=instance_id)


def send(client: Any, name: str, *instance_ids: str, **parameters: str) -> str:
    shaped = {key: [value] for key, value in parameters.items()}
    sent = client.send_command(DocumentName=name, InstanceIds=list(instance_ids), Parameters=shaped)
    return str(sent["Command"]["CommandId"])


def test_an_agent_comes_online_90_seconds_after_the_launch(world: World, client: Any, profile: str) -> None:
    made = launch(world, build_network(world), profile)
    world.later(seconds=89)
    assert ping(client, made) is None

    world.later(seconds=1)
    assert ping(client, made) == "Online"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda _: None, id="no profile"),
        pytest.param(lambda world: make_profile(world, "mute", ACTIONS[:-1]), id="one action missing"),
        pytest.param(
            lambda world: make_profile(world, "other", ACTIONS, "lambda.amazonaws.com"), id="a role not for EC2"
        ),
        pytest.param(
            lambda world: make_profile(
                world, "denied", ACTIONS, statements=[{"Effect": "Deny", "Action": "ssm:Update*", "Resource": "*"}]
            ),
            id="an action denied",
        ),
    ],
)
def test_an_agent_that_may_not_never_comes_online(
    world: World, client: Any, make: Callable[[World], str | None]
) -> None:
    made = launch(world, build_network(world), make(world))
    world.later(minutes=30)
    assert ping(client, made) is None


def test_a_managed_policy_and_wildcards_are_as_good(world: World, client: Any) -> None:
    arn = make_profile(world, "wide", ["ssm:*", "ssmmessages:*Channel"], managed=True)
    made = launch(world, build_network(world), arn)
    world.later(minutes=2)
    assert ping(client, made) == "Online"


def test_an_agent_without_a_way_out_comes_online_only_when_there_is_one(
    world: World, client: Any, profile: str
) -> None:
    network, ec2 = build_network(world), world.client("ec2")
    ec2.delete_route(RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0")
    made = launch(world, network, profile)
    world.later(minutes=10)
    assert ping(client, made) is None

    ec2.create_route(RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=network.nat_id)
    assert ping(client, made) == "Online"


def test_interface_endpoints_are_a_way_too(world: World, client: Any, profile: str) -> None:
    network, ec2 = build_network(world), world.client("ec2")
    ec2.delete_route(RouteTableId=network.table_id, DestinationCidrBlock="0.0.0.0/0")
    everyone = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=network.group_id, IpPermissions=[everyone])
    for service in ("ssm", "ssmmessages"):
        ec2.create_vpc_endpoint(
            VpcId=network.vpc_id,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=[network.subnet_id],
            SecurityGroupIds=[network.group_id],
            PrivateDnsEnabled=True,
        )
    made = launch(world, network, profile)
    world.later(minutes=2)
    assert ping(client, made) == "Online"


def test_an_agent_that_loses_its_way_is_shown_as_lost(world: World, client: Any, profile: str) -> None:
    network = build_network(world)
    made = launch(world, network, profile)
    world.later(minutes=2)
    assert ping(client, made) == "Online"

    world.client("ec2").delete_nat_gateway(NatGatewayId=network.nat_id)
    world.later(minutes=5)
    assert ping(client, made) == "ConnectionLost"


def test_a_terminated_instance_is_forgotten(world: World, client: Any, machine: str) -> None:
    world.client("ec2").terminate_instances(InstanceIds=[machine])
    assert ping(client, machine) is None


def test_agents_can_be_kept_silent_by_subnet(world: World, client: Any, agents: Agents, profile: str) -> None:
    network = build_network(world)
    agents.never_online(network.subnet_id)
    made = launch(world, network, profile)
    world.later(minutes=30)
    assert ping(client, made) is None


def test_information_is_filtered_and_paged(world: World, client: Any, profile: str) -> None:
    network = build_network(world)
    made = {launch(world, network, profile) for _ in range(6)}
    world.later(minutes=2)
    only = [{"Key": "InstanceIds", "Values": sorted(made)}]
    pages = client.get_paginator("describe_instance_information").paginate(
        Filters=only, PaginationConfig={"PageSize": 5}
    )
    sizes = [len(page["InstanceInformationList"]) for page in pages]
    assert sizes == [5, 1]


def test_the_documents_script_runs_where_the_instance_is(world: World, client: Any, profile: str) -> None:
    network = build_network(world)
    made = launch(world, network, profile)
    world.later(minutes=2)
    parameters = {"Nonce": {"type": "String", "allowedPattern": "^[a-z0-9]{1,8}$"}}
    document(client, "Echo", ECHO_SCRIPT, parameters=parameters)
    found = result(world, client, send(client, "Echo", made, Nonce="abc"), made)
    assert (found["Status"], found["ResponseCode"], found["StandardOutputContent"]) == (
        "Success",
        0,
        f"{network.public_ip} for abc\n",
    )
    assert (found["PluginName"], found["StandardErrorContent"]) == ("probe", "")


def test_a_value_given_by_environment_is_never_part_of_the_script(world: World, client: Any, machine: str) -> None:
    parameters = {"Word": {"type": "String", "interpolationType": "ENV_VAR"}}
    document(client, "ByEnvironment", ['echo "{{ Word }}"'], parameters=parameters)
    evil = "$(touch /tmp/never); `id`"
    found = result(world, client, send(client, "ByEnvironment", machine, Word=evil), machine)
    assert found["StandardOutputContent"] == evil + "\n"


def test_an_invocation_is_unknown_for_a_moment_then_pending_then_at_its_end(
    world: World, client: Any, machine: str
) -> None:
    document(client, "Short", ["exit 0"])
    seen: list[str] = []
    with world.clock.working("observer"):
        command_id = send(client, "Short", machine)
        assert (
            refusal(client.get_command_invocation, CommandId=command_id, InstanceId=machine) == "InvocationDoesNotExist"
        )
        seen.append(client.get_command_invocation(CommandId=command_id, InstanceId=machine)["Status"])
    world.clock.settle(30)
    seen.append(client.get_command_invocation(CommandId=command_id, InstanceId=machine)["Status"])
    assert seen == ["Pending", "Success"]


def test_a_script_that_fails_is_a_failed_command_with_its_code(world: World, client: Any, machine: str) -> None:
    document(client, "Fails", ["echo oh no >&2", "exit 7"])
    command_id = send(client, "Fails", machine)
    found = result(world, client, command_id, machine)
    assert (found["Status"], found["ResponseCode"], found["StandardErrorContent"]) == ("Failed", 7, "oh no\n")
    command = client.list_commands(CommandId=command_id)["Commands"][0]
    assert (command["Status"], command["CompletedCount"], command["ErrorCount"]) == ("Failed", 1, 1)


def test_a_script_that_hangs_is_killed_and_timed_out(
    world: World, client: Any, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.ssm.shell.PATIENCE", 0.2)
    document(client, "Hangs", ["echo so far", "sleep 60"], timeoutSeconds="120")
    before = world.clock.now()
    found = result(world, client, send(client, "Hangs", machine), machine)
    assert (found["Status"], found["StatusDetails"], found["ResponseCode"]) == ("TimedOut", "ExecutionTimedOut", -1)
    assert (world.clock.now() - before).total_seconds() >= 120


def test_output_is_cut_at_24000_and_8000_characters_and_at_2500_in_lists(
    world: World, client: Any, machine: str
) -> None:
    flood = "head -c 30000 /dev/zero | tr '\\\\0' x"
    document(client, "Flood", [flood, f"{flood} >&2"])
    command_id = send(client, "Flood", machine)
    found = result(world, client, command_id, machine)
    assert (len(found["StandardOutputContent"]), len(found["StandardErrorContent"])) == (24_000, 8_000)
    assert found["StandardOutputContent"].endswith("--output truncated--")
    listed = client.list_command_invocations(CommandId=command_id, Details=True)["CommandInvocations"][0]
    assert len(listed["CommandPlugins"][0]["Output"]) == 2_500


def test_one_command_serves_many_instances_and_its_invocations_come_in_pages(
    world: World, client: Any, profile: str
) -> None:
    network = build_network(world)
    made = [launch(world, network, profile) for _ in range(3)]
    world.later(minutes=2)
    document(client, "Who", ["echo $AWS_SSM_INSTANCE_ID"])
    command_id = send(client, "Who", *made)
    world.clock.settle(30)
    pager = client.get_paginator("list_command_invocations")
    pages = list(pager.paginate(CommandId=command_id, Details=True, PaginationConfig={"PageSize": 2}))
    assert [len(page["CommandInvocations"]) for page in pages] == [2, 1]
    said = {
        found["InstanceId"]: found["CommandPlugins"][0]["Output"].strip()
        for page in pages
        for found in page["CommandInvocations"]
    }
    assert said == {instance_id: instance_id for instance_id in made}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"DocumentName": "NoSuchDocument"}, "InvalidDocument", id="no such document"),
        pytest.param({"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceId", id="not online"),
        pytest.param(
            {"InstanceIds": [f"i-{number:017x}" for number in range(51)]}, "ValidationException", id="51 instances"
        ),
        pytest.param({"Parameters": {}}, "InvalidParameters", id="a value missing"),
        pytest.param({"Parameters": {"Nonce": ["x"], "Extra": ["y"]}}, "InvalidParameters", id="one too many"),
        pytest.param({"Parameters": {"Nonce": ["x y"]}}, "InvalidParameters", id="not the pattern"),
        pytest.param({"Parameters": {"Nonce": ["x\n"]}}, "InvalidParameters", id="a line end behind the pattern"),
        pytest.param({"Parameters": {"Nonce": ["x", "y"]}}, "InvalidParameters", id="two values for a string"),
    ],
)
def test_a_wrong_command_is_refused(client: Any, machine: str, changes: dict[str, Any], code: str) -> None:
    name = f"Refused{machine[2:]}"
    document(client, name, ["exit 0"], parameters={"Nonce": {"type": "String", "allowedPattern": "^[a-z]{1,8}$"}})
    good = {"DocumentName": name, "InstanceIds": [machine], "Parameters": {"Nonce": ["x"]}}
    assert refusal(client.send_command, **(good | changes)) == code


def test_a_command_for_a_machine_that_dies_meanwhile_times_out(world: World, client: Any, machine: str) -> None:
    document(client, "TooLate", ["exit 0"])
    with world.clock.working("test"):
        sent = client.send_command(DocumentName="TooLate", InstanceIds=[machine], TimeoutSeconds=60)
        world.client("ec2").terminate_instances(InstanceIds=[machine])
    found = result(world, client, sent["Command"]["CommandId"], machine)
    assert (found["Status"], found["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
