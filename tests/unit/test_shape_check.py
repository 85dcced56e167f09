"""The Cluster part against AWS's model. Each case names every finding that it makes, so that one slip makes one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.door import judge_body
from control_plane.domain.door.model import Model, Shape
from control_plane.domain.findings import Severity
from tests.unit.door_samples import cluster, group, judge, one_group, told, vpc_config, without

GROUP = "$.Cluster.InstanceGroups[0]"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"Cluster": cluster()}, id="two groups, one with an override"),
        pytest.param(cluster(), id="a bare CreateCluster body"),
        pytest.param(
            {
                "Cluster": cluster(
                    Orchestrator={"Eks": {"ClusterArn": "arn:aws:eks:ap-northeast-1:123456789012:cluster/training"}},
                    NodeRecovery="Automatic",
                )
            },
            id="EKS",
        ),
        pytest.param(
            {
                "Cluster": cluster(
                    NodeProvisioningMode="Continuous",
                    InstanceGroups=[
                        group("a", MinInstanceCount=1, CapacityRequirements={"Spot": {}}),
                        without(group("b", InstanceRequirements={"InstanceTypes": ["ml.p5.48xlarge"]}), "InstanceType"),
                    ],
                )
            },
            id="continuous provisioning and what only it offers",
        ),
        pytest.param(
            {"Cluster": cluster(RestrictedInstanceGroups=[without(group("nova"), "LifeCycleConfig")])},
            id="a restricted group",
        ),
        pytest.param(
            {"Cluster": cluster(Tags=[{"Key": "équipe 一", "Value": ""}])}, id="letters of any script, an empty value"
        ),
        pytest.param(
            {"Cluster": cluster(VpcConfig={"SecurityGroupIds": ["sg-1a2b3c4d"], "Subnets": ["subnet-1a2b3c4d"]})},
            id="ids of eight digits",
        ),
        pytest.param(
            one_group(
                AutoPatchConfig={
                    "PatchingStrategy": "WhenIdle",
                    "PatchSchedule": {"NextPatchDate": "2026-12-01T02:00:00Z"},
                }
            ),
            id="a time",
        ),
    ],
)
def test_lets_in_what_create_cluster_takes(body: dict[str, Any]) -> None:
    judged = judge(body)

    assert judged.request
    assert judged.findings == ()


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        pytest.param(
            {"Cluster": cluster(ClusterName=5)}, [("DOOR-021", "$.Cluster.ClusterName")], id="a number for a text"
        ),
        pytest.param({"Cluster": None}, [("DOOR-021", "$.Cluster")], id="null for the cluster"),
        pytest.param(
            {"Cluster": cluster(VpcConfig=[])}, [("DOOR-021", "$.Cluster.VpcConfig")], id="a list for an object"
        ),
        pytest.param(
            {"Cluster": cluster(InstanceGroups={})},
            [("DOOR-021", "$.Cluster.InstanceGroups")],
            id="an object for a list",
        ),
        pytest.param(one_group(InstanceCount=True), [("DOOR-021", f"{GROUP}.InstanceCount")], id="true is no number"),
        pytest.param(one_group(InstanceCount=2.0), [("DOOR-021", f"{GROUP}.InstanceCount")], id="a decimal point"),
        pytest.param(one_group(InstanceCount="2"), [("DOOR-021", f"{GROUP}.InstanceCount")], id="a number in quotes"),
        pytest.param(
            one_group(ThreadsPerCore=None),
            [("DOOR-021", f"{GROUP}.ThreadsPerCore")],
            id="null for what may be left out",
        ),
        pytest.param(
            one_group(InstanceStorageConfigs=[{"EbsVolumeConfig": {"VolumeSizeInGB": 500, "RootVolume": "false"}}]),
            [("DOOR-021", f"{GROUP}.InstanceStorageConfigs[0].EbsVolumeConfig.RootVolume")],
            id="a truth value in quotes",
        ),
        pytest.param(
            one_group(AutoPatchConfig={"PatchingStrategy": "WhenIdle", "PatchSchedule": {"NextPatchDate": "tomorrow"}}),
            [("DOOR-021", f"{GROUP}.AutoPatchConfig.PatchSchedule.NextPatchDate")],
            id="no time",
        ),
        pytest.param(
            one_group(LifeCycleConfig={"SourceS3Uri": "s3://bucket/\ud800", "OnCreate": "on_create.sh"}),
            [("DOOR-021", f"{GROUP}.LifeCycleConfig.SourceS3Uri")],
            id="half a character",
        ),
        pytest.param(
            one_group("ExecutionRole"), [("DOOR-012", f"{GROUP}.ExecutionRole")], id="a required key is missing"
        ),
        pytest.param(
            {"Cluster": without(cluster(), "ClusterName")}, [("DOOR-012", "$.Cluster.ClusterName")], id="no name"
        ),
        pytest.param(
            {"Cluster": cluster(ClusterName="-" * 64)}, [("DOOR-022", "$.Cluster.ClusterName")], id="length before form"
        ),
        pytest.param(
            {"Cluster": cluster(ClusterName="my_cluster")}, [("DOOR-024", "$.Cluster.ClusterName")], id="an underscore"
        ),
        pytest.param(
            {"Cluster": cluster(ClusterName="demo\n")},
            [("DOOR-024", "$.Cluster.ClusterName")],
            id="a newline at the end",
        ),
        pytest.param(
            one_group(ExecutionRole="arn:aws:iam::12345678901:role/hyperpod"),
            [("DOOR-024", f"{GROUP}.ExecutionRole")],
            id="an account of eleven digits",
        ),
        pytest.param(
            one_group(ExecutionRole="arn:aws:iam::１２３４５６７８９０１２:role/hyperpod"),
            [("DOOR-024", f"{GROUP}.ExecutionRole")],
            id="digits of another script",
        ),
        pytest.param(one_group(InstanceCount=-1), [("DOOR-023", f"{GROUP}.InstanceCount")], id="a negative count"),
        pytest.param(
            one_group(InstanceCount=6759), [("DOOR-023", f"{GROUP}.InstanceCount")], id="a count above the bound"
        ),
        pytest.param(
            one_group(
                ScheduledUpdateConfig={
                    "ScheduleExpression": "cron(0 3 ? * SUN *)",
                    "DeploymentConfig": {
                        "RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 2**31}}
                    },
                }
            ),
            [
                (
                    "DOOR-023",
                    f"{GROUP}.ScheduledUpdateConfig.DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize.Value",
                )
            ],
            id="more than an integer can hold",
        ),
        pytest.param(
            {"Cluster": cluster(InstanceGroups=[])}, [("DOOR-022", "$.Cluster.InstanceGroups")], id="an empty list"
        ),
        pytest.param(
            {
                "Cluster": cluster(
                    VpcConfig=vpc_config() | {"SecurityGroupIds": [f"sg-1a2b3c4{digit}" for digit in range(6)]}
                )
            },
            [("DOOR-022", "$.Cluster.VpcConfig.SecurityGroupIds")],
            id="six security groups",
        ),
        pytest.param(
            one_group(KubernetesConfig={"Labels": {f"label-{number}": "x" for number in range(51)}}),
            [("DOOR-022", f"{GROUP}.KubernetesConfig.Labels")],
            id="a map with too many keys",
        ),
        pytest.param(
            one_group(KubernetesConfig={"Labels": {"no spaces": "x"}}),
            [("DOOR-024", f'{GROUP}.KubernetesConfig.Labels["no spaces"]')],
            id="a map's key of another form",
        ),
        pytest.param(
            {"Cluster": cluster(NodeRecovery="automatic")}, [("DOOR-025", "$.Cluster.NodeRecovery")], id="no choice"
        ),
        pytest.param(
            one_group(InstanceType="not a type"),
            [("DOOR-025", f"{GROUP}.InstanceType")],
            id="nothing like an instance type",
        ),
        pytest.param(
            one_group(InstanceStorageConfigs=[{}]),
            [("DOOR-028", f"{GROUP}.InstanceStorageConfigs[0]")],
            id="none of a union",
        ),
        pytest.param(
            one_group(
                InstanceStorageConfigs=[
                    {
                        "EbsVolumeConfig": {"VolumeSizeInGB": 500},
                        "FsxOpenZfsConfig": {"DnsName": "fs-0a1b2c3d.fsx.amazonaws.com"},
                    }
                ]
            ),
            [("DOOR-028", f"{GROUP}.InstanceStorageConfigs[0]")],
            id="two of a union",
        ),
        pytest.param(
            {"Cluster": cluster(VpcConfig=vpc_config() | {"SecurityGroupIds": ["sg-12345"]})},
            [("DOOR-027", "$.Cluster.VpcConfig.SecurityGroupIds[0]")],
            id="sg-12345",
        ),
        pytest.param(
            one_group(OverrideVpcConfig=vpc_config() | {"Subnets": ["vpc-0aaaaaaaaaaaaaaaa"]}),
            [("DOOR-027", f"{GROUP}.OverrideVpcConfig.Subnets[0]")],
            id="another kind of id",
        ),
    ],
)
def test_finds_where_a_value_contradicts_the_model(body: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    judged = judge(body)

    assert told(judged.findings) == findings
    assert judged.request is None


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        pytest.param(one_group(InstanceCount="2"), "Write it without quotes.", id="a number in quotes"),
        pytest.param(one_group(InstanceCount=2.0), "Write it without a decimal point.", id="a decimal point"),
        pytest.param({"Cluster": cluster(ClusterName=5)}, "Put it in quotes.", id="a text without quotes"),
        pytest.param(
            {"Cluster": cluster(VpcConfig=vpc_config() | {"Subnets": "subnet-1a2b3c4d"})},
            "Put it in brackets: a list, even of one.",
            id="a list of one without brackets",
        ),
        pytest.param(
            one_group(ThreadsPerCore=None),
            "Write a whole number. AWS refuses null: a key that is not needed is left out.",
            id="null",
        ),
        pytest.param(
            one_group(InstanceType="ml.p5.48xlage"),
            "Did you mean ml.p5.48xlarge? Write that.",
            id="a near instance type",
        ),
        pytest.param(
            {"Cluster": cluster(NodeRecovery="Automatik")}, "Did you mean Automatic? Write that.", id="a near choice"
        ),
    ],
)
def test_says_what_to_do(body: dict[str, Any], remedy: str) -> None:
    assert [finding.remedy for finding in judge(body).findings] == [remedy]


def test_an_instance_type_that_our_list_lacks_is_remarked_on_and_let_in() -> None:
    judged = judge(one_group(InstanceType="ml.p9.48xlarge"))

    assert judged.request
    assert [(finding.rule, finding.severity) for finding in judged.findings] == [("DOOR-026", Severity.WARNS)]


def test_of_a_list_that_is_too_long_only_what_could_stay_is_judged() -> None:
    judged = judge({"Cluster": cluster(VpcConfig=vpc_config() | {"Subnets": ["subnet-x"] * 5000})})

    assert len(judged.findings) == 1 + 16 + 1  # the length, 16 ids that are none, and that they are all the same
    assert judged.findings[0].seen == "5000 entries"


def test_a_key_that_a_newer_model_brings_is_let_in() -> None:
    model = Model(
        root="In",
        shapes={
            "In": Shape(
                name="In", kind="structure", members={"ClusterName": "Text", "VpcConfig": "Any", "Brand_New": "Any"}
            ),
            "Text": Shape(name="Text", kind="string"),
            "Any": Shape(name="Any", kind="document"),
        },
    )

    assert judge_body({"ClusterName": "demo", "VpcConfig": {}, "Brand_New": {"x": [1]}}, model).request


@given(count=st.integers(-(10**6), 10**6))
def test_a_count_is_let_in_exactly_within_its_bounds(count: int) -> None:
    assert (judge(one_group(InstanceCount=count)).request is not None) is (0 <= count <= 6758)
