from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.app import Simulator
from simulator.cloudformation.deploy import deploy
from simulator.cloudformation.registry import NOT_MODELLED, NotModelledError


def template(folder: Path, resources: dict[str, Any], **more: Any) -> Path:
    path = folder / "template.yaml"
    path.write_text(yaml.safe_dump({"Resources": resources, **more}), encoding="utf-8")
    return path


BUCKET = {"Type": "AWS::S3::Bucket"}


@pytest.mark.parametrize(
    ("resources", "more", "words"),
    [
        pytest.param(
            {"Trail": {"Type": "AWS::CloudTrail::Trail"}}, {}, r"Trail \(AWS::CloudTrail::Trail\)", id="an unknown type"
        ),
        pytest.param(
            {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "b", "KmsKeyIdentifier": "k"}}},
            {},
            r"Bus \(AWS::Events::EventBus\): .*KmsKeyIdentifier",
            id="a property that would be ignored",
        ),
        pytest.param(
            {"Queue": {"Type": "AWS::SQS::Queue"}},
            {"Outputs": {"X": {"Value": {"Fn::GetAtt": ["Queue", "Nonsense"]}}}},
            "Nonsense",
            id="an unknown attribute",
        ),
        pytest.param(
            {"A": BUCKET}, {"Parameters": {"P": {"Type": "String"}}}, "a value for P", id="a missing parameter"
        ),
    ],
)
def test_what_would_have_to_be_skipped_is_loud(
    sim: Simulator, tmp_path: Path, resources: dict[str, Any], more: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        deploy(sim.client, template(tmp_path, resources, **more), f"loud-{tmp_path.name}"[:60], {})


def test_a_parameter_that_the_template_does_not_have_is_refused(sim: Simulator, tmp_path: Path) -> None:
    with pytest.raises(NotModelledError, match="no parameter Nope"):
        deploy(sim.client, template(tmp_path, {"A": BUCKET}), "refused", {"Nope": "x"})


def test_everything_that_is_not_modelled_says_why() -> None:
    assert all(len(why.split()) > 3 for why in NOT_MODELLED.values())
    assert NOT_MODELLED


def test_a_network_comes_out_as_its_template_says(sim: Simulator) -> None:
    ids = deploy(
        sim.client, Path("networks/reference.yaml"), "a-network", {"LifecycleBucketName": "sagemaker-a"}
    ).outputs
    ec2 = sim.client("ec2")

    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [ids["WorkerSubnetId"]]}])
    (table,) = tables["RouteTables"]
    routes = {route.get("DestinationCidrBlock"): route.get("NatGatewayId") for route in table["Routes"]}
    (nat,) = ec2.describe_nat_gateways(NatGatewayIds=[ids["WorkerNatGatewayId"]])["NatGateways"]
    (group,) = ec2.describe_security_groups(GroupIds=[ids["SecurityGroupId"]])["SecurityGroups"]
    names = ec2.describe_vpc_attribute(VpcId=ids["VpcId"], Attribute="enableDnsHostnames")
    role = sim.client("iam").list_attached_role_policies(RoleName=ids["ExecutionRoleArn"].rpartition("/")[2])

    assert table["RouteTableId"] == ids["WorkerRouteTableId"]
    assert routes["0.0.0.0/0"] == ids["WorkerNatGatewayId"]
    assert (nat["State"], nat["NatGatewayAddresses"][0]["PublicIp"]) == ("available", ids["WorkerPublicIp"])
    assert {tag["Key"]: tag["Value"] for tag in nat["Tags"]} == {"Name": "a-network-worker"}
    own = [[pair["GroupId"] for pair in rule["UserIdGroupPairs"]] for rule in group["IpPermissions"]]
    assert own == [[ids["SecurityGroupId"]]]
    reach = {tuple(pair["GroupId"] for pair in rule["UserIdGroupPairs"]) for rule in group["IpPermissionsEgress"]}
    assert (ids["SecurityGroupId"],) in reach | {key[:1] for key in reach if key}
    assert names["EnableDnsHostnames"]["Value"] is True
    assert [it["PolicyName"] for it in role["AttachedPolicies"]] == ["AmazonSageMakerClusterInstanceRolePolicy"]


def test_ids_depend_on_stack_and_logical_id_alone(sim: Simulator) -> None:
    """So that a sample request may name the seed world's subnets."""
    name = sim.function_name("EchoFunction")

    assert name.startswith("hyperpod-vpc-EchoFunction-")
    assert name == "hyperpod-vpc-EchoFunction-" + name.rpartition("-")[2]
