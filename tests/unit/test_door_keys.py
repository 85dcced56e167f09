"""Keys that AWS does not know, and what is said of them."""

from typing import Any

import pytest

from tests.unit.door_samples import cluster, group, judge, one_group, told, vpc_config, without

GROUP = "$.Cluster.InstanceGroups[0]"


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        pytest.param(
            {"Cluster": without(cluster(InstanceGruops=[group()]), "InstanceGroups")},
            [("DOOR-010", "$.Cluster.InstanceGruops")],
            id="a near miss stands for what was meant",
        ),
        pytest.param(
            {"Cluster": without(cluster(InstanceGruops=[group(InstanceCount=-1)]), "InstanceGroups")},
            [("DOOR-010", "$.Cluster.InstanceGruops"), ("DOOR-023", f"{GROUP}.InstanceCount")],
            id="what lies under a near miss is judged too",
        ),
        pytest.param(one_group(Colour="red"), [("DOOR-010", f"{GROUP}.Colour")], id="nothing like any key"),
        pytest.param(
            one_group("InstanceType", InstanceTypes=["ml.p5.48xlarge"]),
            [("DOOR-028", GROUP), ("DOOR-010", f"{GROUP}.InstanceTypes")],
            id="a near miss of another kind stands for nothing",
        ),
        pytest.param(
            one_group(TargetAvailabilityZoneId="apne1-az4"),
            [("DOOR-011", f"{GROUP}.TargetAvailabilityZoneId")],
            id="set-up templates",
        ),
        pytest.param(
            one_group(InstanceGroupType="Controller"),
            [("DOOR-011", f"{GROUP}.InstanceGroupType")],
            id="the hyp command",
        ),
        pytest.param(
            one_group("InstanceCount", CurrentCount=1),
            [("DOOR-011", f"{GROUP}.CurrentCount"), ("DOOR-012", f"{GROUP}.InstanceCount")],
            id="DescribeCluster's answer",
        ),
        pytest.param(
            {"Cluster": without(cluster(), "VpcConfig") | {"vpc_config": vpc_config()}},
            [("DOOR-011", "$.Cluster.vpc_config")],
            id="snake case",
        ),
        pytest.param(
            {"Cluster": without(cluster(), "ClusterName") | {"clusterName": "a_b"}},
            [("DOOR-011", "$.Cluster.clusterName"), ("DOOR-024", "$.Cluster.ClusterName")],
            id="camel case",
        ),
        pytest.param(
            one_group("LifeCycleConfig", LifecycleConfig={}),
            [("DOOR-011", f"{GROUP}.LifecycleConfig"), ("DOOR-036", f"{GROUP}.LifeCycleConfig")],
            id="one capital fewer",
        ),
        pytest.param(
            {"Cluster": cluster(cluster_name="again")},
            [("DOOR-011", "$.Cluster.cluster_name")],
            id="beside the right spelling",
        ),
        pytest.param(
            {"Cluster": cluster(DeadlineMinutes=60)},
            [("DOOR-011", "$.Cluster.DeadlineMinutes")],
            id="our term under Cluster",
        ),
        pytest.param(
            {"Type": "AWS::SageMaker::Cluster", "Properties": cluster()}, None, id="a CloudFormation resource"
        ),
        pytest.param(
            {"Cluster": cluster(**{'odd "key"\n': 1})},
            [("DOOR-010", '$.Cluster["odd \\"key\\"\\n"]')],
            id="a key that is no word",
        ),
    ],
)
def test_every_unknown_key_is_told_once(body: dict[str, Any], findings: list[tuple[str, str]] | None) -> None:
    judged = judge(body)

    assert judged.request is None
    if findings is not None:
        assert told(judged.findings) == findings


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"Cluster": cluster(NodeRecovry="None")}, "NodeRecovery", id="nearest name"),
        pytest.param({"Cluster": cluster(node_recovery="None")}, "NodeRecovery", id="AWS's spelling"),
        pytest.param(
            one_group(TargetAvailabilityZoneId="apne1-az4"), "OverrideVpcConfig.Subnets", id="where a zone is chosen"
        ),
        pytest.param(
            one_group(target_availability_zone_id="apne1-az4"), "OverrideVpcConfig.Subnets", id="the same in snake case"
        ),
        pytest.param(one_group(InstanceGroupType="Controller"), "SlurmConfig.NodeType", id="where a role is named"),
        pytest.param({"Cluster": cluster(Egress={})}, "beside Cluster", id="where our terms stand"),
        pytest.param({"Cluster": cluster(ClusterStatus="InService")}, "Leave it out", id="what nobody sets"),
    ],
)
def test_the_remedy_names_what_aws_calls_it(body: dict[str, Any], words: str) -> None:
    [finding] = judge(body).findings

    assert words in finding.remedy


@pytest.mark.parametrize(
    ("body", "place"),
    [
        pytest.param({"Cluster": cluster(ClusterName="<name>")}, "$.Cluster.ClusterName", id="angle brackets"),
        pytest.param({"Cluster": cluster(ClusterName="")}, "$.Cluster.ClusterName", id="nothing at all"),
        pytest.param(one_group(InstanceCount="${COUNT}"), f"{GROUP}.InstanceCount", id="in place of a number"),
        pytest.param(
            {"Cluster": cluster(InstanceGroups="{{ groups }}")}, "$.Cluster.InstanceGroups", id="in place of a list"
        ),
        pytest.param(
            {"Cluster": cluster(NodeRecovery="$RECOVERY")}, "$.Cluster.NodeRecovery", id="in place of a choice"
        ),
        pytest.param(one_group(ExecutionRole="REPLACE_ME"), f"{GROUP}.ExecutionRole", id="words"),
        pytest.param(
            one_group(
                LifeCycleConfig={"SourceS3Uri": "s3://sagemaker-${AWS::AccountId}/x", "OnCreate": "on_create.sh"}
            ),
            f"{GROUP}.LifeCycleConfig.SourceS3Uri",
            id="inside a text that AWS would take",
        ),
        pytest.param(
            {"Cluster": cluster(VpcConfig=vpc_config() | {"Subnets": ["subnet-xxxxxxxx"]})},
            "$.Cluster.VpcConfig.Subnets[0]",
            id="xxxx",
        ),
        pytest.param(
            one_group(KubernetesConfig={"Labels": {"${LABEL}": "x"}}),
            f'{GROUP}.KubernetesConfig.Labels["${{LABEL}}"]',
            id="a key",
        ),
        pytest.param({"Cluster": cluster(), "RequestId": "REPLACE_ME"}, "$.RequestId", id="in our own terms"),
        pytest.param(
            {"Cluster": cluster(), "Egress": {"EchoUrls": ["https://<host>"]}},
            "$.Egress.EchoUrls[0]",
            id="in a list of ours",
        ),
        pytest.param({"Cluster": cluster(), "RequestId": ""}, "$.RequestId", id="an empty term of ours"),
    ],
)
def test_a_placeholder_is_told_once_and_as_a_placeholder(body: dict[str, Any], place: str) -> None:
    assert told(judge(body).findings) == [("DOOR-020", place)]


@pytest.mark.parametrize("value", ["costs < 5 USD", "a price of 5$", "todo list", "x-large", "us-east-1"])
def test_an_honest_value_is_no_placeholder(value: str) -> None:
    alarm = {"AutoRollbackConfiguration": [{"AlarmName": value}]}

    assert judge(
        one_group(ScheduledUpdateConfig={"ScheduleExpression": "cron(0 3 ? * SUN *)", "DeploymentConfig": alarm})
    ).request
