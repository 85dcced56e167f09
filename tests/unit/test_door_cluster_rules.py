"""What must hold between keys of the Cluster part."""

from typing import Any

import pytest

from control_plane.domain.findings import Severity
from tests.unit.door_samples import cluster, group, judge, one_group, told, vpc_config, without

GROUPS = "$.Cluster.InstanceGroups"
CONTINUOUS = {"NodeProvisioningMode": "Continuous"}


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "x"} for key in keys]


def restricted(name: str) -> dict[str, Any]:
    """A restricted group takes no LifeCycleConfig."""
    return without(group(name), "LifeCycleConfig")


def lifecycle(*keys: str) -> dict[str, Any]:
    values = {"SourceS3Uri": "s3://sagemaker-x/config", "OnCreate": "on_create.sh", "OnInitComplete": "on_init.sh"}
    return one_group(LifeCycleConfig={key: values[key] for key in keys})


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        pytest.param(
            {"Cluster": without(cluster(), "VpcConfig")},
            [("DOOR-030", f"{GROUPS}[0]")],
            id="a group without a VPC beside one with it",
        ),
        pytest.param(
            {
                "Cluster": without(
                    cluster(RestrictedInstanceGroups=[restricted("nova")], InstanceGroups=[group()]), "VpcConfig"
                )
            },
            [("DOOR-030", f"{GROUPS}[0]"), ("DOOR-030", "$.Cluster.RestrictedInstanceGroups[0]")],
            id="no VPC at all, restricted groups too",
        ),
        pytest.param(
            {"Cluster": {"ClusterName": "demo"}},
            [("DOOR-030", "$.Cluster"), ("DOOR-031", GROUPS)],
            id="neither VPC nor groups",
        ),
        pytest.param(
            {
                "Cluster": cluster(
                    InstanceGroups=[group("a"), group("b"), group("a")], RestrictedInstanceGroups=[restricted("b")]
                )
            },
            [
                ("DOOR-032", f"{GROUPS}[2].InstanceGroupName"),
                ("DOOR-032", "$.Cluster.RestrictedInstanceGroups[0].InstanceGroupName"),
            ],
            id="names that are taken",
        ),
        pytest.param(
            {"Cluster": cluster(InstanceGroups=[group(InstanceCount=1, MinInstanceCount=2)], **CONTINUOUS)},
            [("DOOR-034", f"{GROUPS}[0].MinInstanceCount")],
            id="a minimum above the count",
        ),
        pytest.param(
            one_group(MinInstanceCount=1),
            [("DOOR-035", f"{GROUPS}[0].MinInstanceCount")],
            id="a minimum in the older mode",
        ),
        pytest.param(
            one_group("InstanceType", InstanceRequirements={"InstanceTypes": ["ml.p5.48xlarge"]}),
            [("DOOR-035", f"{GROUPS}[0].InstanceRequirements")],
            id="several types in the older mode",
        ),
        pytest.param(
            {
                "Cluster": cluster(
                    InstanceGroups=[group(InstanceRequirements={"InstanceTypes": ["ml.p5.48xlarge"]})], **CONTINUOUS
                )
            },
            [("DOOR-028", f"{GROUPS}[0]")],
            id="one type and several",
        ),
        pytest.param(one_group("InstanceType"), [("DOOR-028", f"{GROUPS}[0]")], id="no type"),
        pytest.param(
            {"Cluster": cluster(RestrictedInstanceGroups=[without(restricted("nova"), "InstanceType")])},
            [("DOOR-012", "$.Cluster.RestrictedInstanceGroups[0].InstanceType")],
            id="no type in a restricted group",
        ),
        pytest.param(
            {"Cluster": cluster(Orchestrator={})},
            [("DOOR-028", "$.Cluster.Orchestrator")],
            id="an orchestrator that is none",
        ),
        pytest.param(
            {
                "Cluster": cluster(
                    Orchestrator={"Slurm": {}, "Eks": {"ClusterArn": "arn:aws:eks:eu-west-1:123456789012:cluster/a"}}
                )
            },
            [("DOOR-028", "$.Cluster.Orchestrator")],
            id="two orchestrators",
        ),
        pytest.param(
            lifecycle("OnCreate"), [("DOOR-036", f"{GROUPS}[0].LifeCycleConfig")], id="a script that lies nowhere"
        ),
        pytest.param(
            lifecycle("SourceS3Uri"), [("DOOR-036", f"{GROUPS}[0].LifeCycleConfig")], id="a prefix without a script"
        ),
        pytest.param(
            lifecycle("SourceS3Uri", "OnCreate", "OnInitComplete"),
            [("DOOR-036", f"{GROUPS}[0].LifeCycleConfig")],
            id="two scripts",
        ),
        pytest.param(lifecycle("SourceS3Uri", "OnInitComplete"), [], id="a script after AWS's own"),
        pytest.param({"Cluster": cluster(Tags=tags(*map(str, range(48))))}, [], id="48 tags"),
        pytest.param(
            {"Cluster": cluster(Tags=tags(*map(str, range(49))))}, [("DOOR-022", "$.Cluster.Tags")], id="49 tags"
        ),
        pytest.param(
            {"Cluster": cluster(Tags=tags("team", "Team", "team"))},
            [("DOOR-037", "$.Cluster.Tags[2].Key")],
            id="a tag twice",
        ),
        pytest.param(
            {"Cluster": cluster(Tags=tags("AWS:team", "hyperpod-vpc:run-id", "awsome"))},
            [("DOOR-038", "$.Cluster.Tags[0].Key"), ("DOOR-038", "$.Cluster.Tags[1].Key")],
            id="tags that are not the caller's",
        ),
    ],
)
def test_finds_keys_that_contradict_each_other(body: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert told(judge(body).findings) == findings


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        pytest.param(
            {"Cluster": cluster(InstanceGroups=[group(f"group-{number}") for number in range(21)])},
            [("DOOR-033", "$.Cluster")],
            id="more groups than the usual quota",
        ),
        pytest.param({"Cluster": without(cluster(), "InstanceGroups")}, [("DOOR-031", GROUPS)], id="nothing to prove"),
        pytest.param(
            {"Cluster": cluster(VpcConfig=vpc_config() | {"Subnets": ["subnet-1a2b3c4d"] * 2})},
            [("DOOR-029", "$.Cluster.VpcConfig.Subnets")],
            id="a subnet twice",
        ),
    ],
)
def test_remarks_on_what_is_legal_and_odd(body: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    judged = judge(body)

    assert judged.request
    assert told(judged.findings) == findings
    assert {finding.severity for finding in judged.findings} == {Severity.WARNS}
