"""The judgement as a whole."""

import json
from typing import Any

import pytest

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door import DOOR_RULES, judge_text, request_fingerprint
from control_plane.domain.door.judge import MOST_FAULTS
from control_plane.domain.request import Request
from tests.unit.door_samples import cluster, group, judge, told, vpc_config


def test_65_faults_are_told_in_one_answer_and_in_the_order_of_the_document() -> None:
    groups = [group(f"group_{number}", InstanceCount=-1, ThreadsPerCore=3, Colour="red") for number in range(16)]
    judged = judge({"Cluster": {"ClusterName": "a_b", "VpcConfig": vpc_config(), "InstanceGroups": groups}})

    of_a_group = [
        ("DOOR-024", "InstanceGroupName"),
        ("DOOR-023", "InstanceCount"),
        ("DOOR-023", "ThreadsPerCore"),
        ("DOOR-010", "Colour"),
    ]
    assert told(judged.findings) == [
        ("DOOR-024", "$.Cluster.ClusterName"),
        *((rule, f"$.Cluster.InstanceGroups[{number}].{key}") for number in range(16) for rule, key in of_a_group),
    ]
    assert len(judged.findings) == 65


def test_a_flood_of_faults_is_cut_and_says_so() -> None:
    judged = judge({"Cluster": cluster(), "Suppress": ["NAT-999"] * 5000})

    assert len(judged.findings) == MOST_FAULTS + 1
    assert told(judged.findings)[-1] == ("DOOR-099", "$")


def test_a_place_is_told_once_by_a_rule() -> None:
    tangle = (
        '{"ClusterName": "", "ClusterName": "<x>", "InstanceGroups": [{}, {"InstanceCount": null}], "Tags": [{}, {}]}'
    )
    findings = told(judge_text(tangle, create_cluster_model()).findings)

    assert len(findings) == len(set(findings))


def test_every_rule_has_an_id_of_its_own_and_says_why() -> None:
    assert len({rule.id for rule in DOOR_RULES}) == len(DOOR_RULES)
    assert all(rule.title.endswith(".") and rule.reason.endswith(".") and rule.source for rule in DOOR_RULES)


def test_a_finding_shows_no_more_of_a_value_than_can_be_read() -> None:
    [finding] = judge({"Cluster": cluster(ClusterName="a" * 200_000)}).findings

    assert len(finding.model_dump_json()) < 1000


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"Cluster": cluster(), "RequestId": "another"}, id="another RequestId"),
        pytest.param(cluster(), id="the bare body"),
        pytest.param({"Cluster": dict(reversed(cluster().items()))}, id="keys in another order"),
        pytest.param(
            {"DeadlineMinutes": 120, "Cluster": cluster(), "Egress": {"Contract": "NatGateway"}},
            id="defaults written out",
        ),
    ],
)
def test_the_same_request_has_the_same_fingerprint(other: dict[str, Any]) -> None:
    assert fingerprint(other) == fingerprint({"Cluster": cluster(), "RequestId": "one"})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"Cluster": cluster(ClusterName="other")}, id="another cluster"),
        pytest.param({"Cluster": cluster(), "DeadlineMinutes": 121}, id="another deadline"),
        pytest.param(
            {"Cluster": cluster(InstanceGroups=list(reversed(cluster()["InstanceGroups"])))},
            id="another order of groups",
        ),
    ],
)
def test_another_request_has_another_fingerprint(other: dict[str, Any]) -> None:
    assert fingerprint(other) != fingerprint({"Cluster": cluster()})


def test_a_fingerprint_outlives_storage() -> None:
    request = judge({"Cluster": cluster(), "Egress": {"ExpectedPublicIps": ["203.0.113.10"]}}).request
    assert request

    assert request_fingerprint(Request.from_wire(json.loads(json.dumps(request.to_wire())))) == request_fingerprint(
        request
    )


def fingerprint(body: dict[str, Any]) -> str:
    request = judge(body).request
    assert request
    return request_fingerprint(request)
