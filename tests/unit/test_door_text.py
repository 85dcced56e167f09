"""A body as text, and the two forms it may have."""

import json
from typing import Any

import pytest

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door import judge_text
from control_plane.domain.door.text import DEEPEST
from tests.unit.door_samples import cluster, judge, told, without


@pytest.mark.parametrize(
    ("text", "rule", "seen"),
    [
        pytest.param("", "DOOR-001", "Expecting value, line 1, column 1", id="nothing"),
        pytest.param('{\n "Cluster": ,\n}', "DOOR-001", "Expecting value, line 2, column 13", id="a value too few"),
        pytest.param("ClusterName: demo", "DOOR-001", "Expecting value, line 1, column 1", id="YAML"),
        pytest.param('{"Cluster": {\n "x": NaN}}', "DOOR-001", "NaN, line 2, column 7", id="no number"),
        pytest.param('{"x": -Infinity}', "DOOR-001", "-Infinity, line 1, column 7", id="no finite number"),
        pytest.param(b'{"x": "\xff"}', "DOOR-001", "byte 7", id="no UTF-8"),
        pytest.param('{"x": "a\nb"}', "DOOR-001", "line 1, column 9", id="a newline in a text"),
        pytest.param("[]", "DOOR-001", "[]", id="a list"),
        pytest.param("null", "DOOR-001", "null", id="null"),
        pytest.param('"{}"', "DOOR-001", '"{}"', id="a text that holds an object"),
        pytest.param(
            "[" * 100_000, "DOOR-002", f"{DEEPEST + 1} levels, line 1, column {DEEPEST + 1}", id="brackets without end"
        ),
        pytest.param('{"a":' * 100 + "1" + "}" * 100, "DOOR-002", f"{DEEPEST + 1} levels", id="objects in objects"),
    ],
)
def test_what_is_no_body_is_told_with_its_place(text: str | bytes, rule: str, seen: str) -> None:
    judged = judge_text(text, create_cluster_model())

    assert judged.request is None
    assert told(judged.findings) == [(rule, "$")]
    assert seen in judged.findings[0].seen


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(cluster()), id="text"),
        pytest.param(json.dumps(cluster()).encode(), id="bytes"),
        pytest.param(json.dumps(cluster()).encode("utf-8-sig"), id="a byte order mark"),
        pytest.param(
            json.dumps(cluster(Tags=[{"Key": "note", "Value": "NaN [[[ Infinity"}])).replace("[[[", ""),
            id="words in a text",
        ),
    ],
)
def test_a_body_may_come_as_text_or_bytes(text: str | bytes) -> None:
    assert judge_text(text, create_cluster_model()).request


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        pytest.param(
            '{"ClusterName": "a", "ClusterName": "b"}', [("DOOR-003", "$.Cluster.ClusterName")], id="in a bare body"
        ),
        pytest.param('{"Cluster": {}, "Cluster": {"ClusterName": "b"}}', [("DOOR-003", "$.Cluster")], id="at the top"),
        pytest.param(
            '{"Cluster": {"ClusterName": "b", "Tags": [{"Key": "k", "Value": "1", "Value": "1", "Value": "1"}]}}',
            [("DOOR-003", "$.Cluster.Tags[0].Value")],
            id="deep inside, three times, to the same end",
        ),
    ],
)
def test_a_key_that_is_there_twice_is_told_by_its_path(text: str, findings: list[tuple[str, str]]) -> None:
    judged = judge_text(text, create_cluster_model())

    assert [found for found in told(judged.findings) if found[0] == "DOOR-003"] == findings


def test_a_number_of_thousands_of_digits_is_only_a_wrong_number() -> None:
    text = json.dumps({"Cluster": cluster(), "DeadlineMinutes": 0}).replace(": 0}", f": {'9' * 5000}}}")

    assert told(judge_text(text, create_cluster_model()).findings) == [("DOOR-040", "$.DeadlineMinutes")]


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        pytest.param({"cluster": cluster()}, [("DOOR-004", "$.cluster")], id="lower case"),
        pytest.param({"Clusters": cluster(), "DeadlineMinutes": 60}, [("DOOR-004", "$.Clusters")], id="the plural"),
        pytest.param(
            {"cluster": cluster(ClusterName="a_b"), "OnFailure": "x"},
            [("DOOR-004", "$.cluster"), ("DOOR-024", "$.Cluster.ClusterName"), ("DOOR-040", "$.OnFailure")],
            id="and what lies under it is judged",
        ),
        pytest.param(
            {**cluster(ClusterName="a_b"), "DeadlineMinutes": 60},
            [("DOOR-024", "$.Cluster.ClusterName"), ("DOOR-004", "$.Cluster")],
            id="our terms in a bare body",
        ),
        pytest.param({"Egress": {}, "RequestId": "a"}, [("DOOR-004", "$.Cluster")], id="our terms alone"),
    ],
)
def test_a_body_of_neither_form_is_explained_and_not_torn_to_pieces(
    body: dict[str, Any], findings: list[tuple[str, str]]
) -> None:
    assert told(judge(body).findings) == findings


def test_a_bare_body_is_the_full_form_of_itself() -> None:
    assert judge(cluster()).request == judge({"Cluster": cluster()}).request


def test_a_misspelt_name_does_not_make_a_bare_body_a_wrapped_one() -> None:
    body = without(cluster(), "ClusterName") | {"cluster_name": "demo"}

    assert told(judge(body).findings) == [("DOOR-011", "$.Cluster.cluster_name")]
