"""The door against bodies drawn from AWS's model: it lets in what AWS's SDK takes, and never breaks."""

import json
from typing import Any, cast

import botocore.session
import pytest
from botocore.model import StructureShape
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door import Judged, judge_body, judge_text, request_fingerprint
from control_plane.domain.door.judge import MOST_FAULTS
from control_plane.domain.request import REQUEST_MAX
from tests.unit.door_samples import SUPPRESSIBLE
from tests.unit.request_strategies import JUNK, bodies, spoilt

SAGEMAKER = botocore.session.get_session().get_service_model("sagemaker")
SHAPE = cast("StructureShape", SAGEMAKER.operation_model("CreateCluster").input_shape)
slowly_drawn = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

OWN_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "RequestId": st.from_regex(r"[A-Za-z0-9._:-]{1,20}", fullmatch=True),
        "OnFailure": st.sampled_from(["Keep", "Delete"]),
        "DeadlineMinutes": st.integers(15, 1440),
        "Suppress": st.lists(st.sampled_from(sorted(SUPPRESSIBLE))),
        "Egress": st.fixed_dictionaries(
            {},
            optional={
                "Contract": st.just("NatGateway"),
                "ExpectedPublicIps": st.lists(st.sampled_from(["203.0.113.10", "198.51.100.7"]), unique=True),
                "Prove": st.lists(st.sampled_from(["BeforeCreate", "OnNodes"])),
                "MustReach": st.lists(st.just("https://example.com/x"), max_size=20),
                "NodesPerGroup": st.integers(1) | st.just("All"),
            },
        ),
    },
)
REQUESTS = st.builds(lambda body, own: {"Cluster": body, **own}, bodies(), OWN_PARTS)


def sdk_complaints(body: Any) -> str:
    return str(ParamValidator().validate(body, SHAPE).generate_report())


def everything_is_said(judged: Judged) -> None:
    """Whatever the door found can be sent, stored and read, and it is not more than an answer can hold."""
    assert judged.request or judged.findings
    told = [finding.model_dump_json(by_alias=True) for finding in judged.findings]
    assert sum(map(len, told)) < 1_000_000
    if judged.request:
        assert request_fingerprint(judged.request)
        assert judged.request.model_dump_json(by_alias=True)


@given(request=REQUESTS)
@slowly_drawn
def test_lets_in_whatever_keeps_to_the_model_and_the_rules(request: dict[str, Any]) -> None:
    judged = judge_body(request, create_cluster_model(), lambda: SUPPRESSIBLE)

    assert [finding for finding in judged.findings if finding.severity == "BLOCKS"] == []
    assert judged.request
    assert judged.request.cluster == request["Cluster"]
    assert sdk_complaints(request["Cluster"]) == ""


@given(request=spoilt(REQUESTS) | JUNK)
@slowly_drawn
def test_never_breaks_and_what_it_lets_in_the_sdk_takes(request: Any) -> None:
    judged = judge_body(request, create_cluster_model(), lambda: SUPPRESSIBLE)

    places = [(finding.rule, finding.subject) for finding in judged.findings]
    assert len(places) == len(set(places))
    everything_is_said(judged)
    if judged.request:
        assert sdk_complaints(judged.request.cluster) == ""
        assert judged.request.shape.cluster_name == judged.request.cluster["ClusterName"]


@given(request=spoilt(REQUESTS))
@slowly_drawn
def test_says_the_same_of_a_body_and_of_its_text(request: Any) -> None:
    model = create_cluster_model()
    body = json.loads(json.dumps(request).replace("NaN", "0").replace("-Infinity", "0").replace("Infinity", "0"))

    assert judge_text(json.dumps(body), model, lambda: SUPPRESSIBLE) == judge_body(body, model, lambda: SUPPRESSIBLE)


@given(text=st.text() | st.binary() | st.from_regex(r'([\[{"\\:,}\]]|NaN|1|a)*', fullmatch=True))
def test_never_breaks_on_a_text(text: str | bytes) -> None:
    judged = judge_text(text, create_cluster_model())

    assert (judged.request is None) is bool(judged.findings)


NUMBERS = st.sampled_from(
    ["0", "-0", "1e999", "-1e999", "1e-999", "9" * 5_000, "0." + "1" * 5_000, "NaN", "-Infinity", "01"]
)
TEXTS = st.text(st.characters(), max_size=8).map(json.dumps) | st.sampled_from(
    ['"\\ud800"', '"\\u0000"', '"\\udfff\\ud800"']
)
KEYS = TEXTS | st.sampled_from(
    ['"Cluster"', '"ClusterName"', '"Egress"', '"EchoUrls"', '"RequestId"', '"InstanceGroups"', '"VpcConfig"']
)
# JSON as nobody's serialiser writes it: keys that repeat, halves of characters, numbers without end.
RAW_JSON = st.recursive(
    NUMBERS | TEXTS | st.sampled_from(["null", "true", "[]", "{}", "[[[[[]]]]]"]),
    lambda inner: (
        st.lists(inner, max_size=5).map(lambda values: f"[{','.join(values)}]")
        | st.lists(st.tuples(KEYS, inner), max_size=6).map(
            lambda pairs: "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=20,
)


@given(text=RAW_JSON)
@settings(deadline=None, max_examples=300)
def test_never_breaks_on_json_that_no_serialiser_writes(text: str) -> None:
    everything_is_said(judge_text(text, create_cluster_model(), lambda: SUPPRESSIBLE))


LARGEST = REQUEST_MAX - 100
LARGE = {
    "keys at the top": json.dumps({f"k{number}": 0 for number in range(20_000)}),
    "equal keys": "{" + '"a":0,' * 40_000 + '"a":0}',
    "pairs of equal keys": "{" + ",".join(f'"k{number}":0,"k{number}":0' for number in range(9_000)) + "}",
    "one key": json.dumps({"a" * LARGEST: 0}),
    "one name": json.dumps({"ClusterName": "a-" * (LARGEST // 2)}),
    "one number": '{"DeadlineMinutes":' + "9" * LARGEST + "}",
    "quotes": '"\\' * (LARGEST // 2),
    "braces that hold places": json.dumps({"ClusterName": "${" * (LARGEST // 2)}),
    "groups": json.dumps({"InstanceGroups": [{}] * 60_000}),
    "groups with a name": json.dumps({"InstanceGroups": [{"InstanceGroupName": "a"}] * 8_000}),
    "tags": json.dumps({"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(7_000)]}),
    "URLs": json.dumps({"Cluster": {}, "Egress": {"EchoUrls": ["x"] * 50_000}}),
    "URLs of both lists": json.dumps(
        {"Cluster": {}, "Egress": dict.fromkeys(("MustReach", "MustNotReach"), ["https://a.b"] * 8_000)}
    ),
    "one long URL": json.dumps({"Cluster": {}, "Egress": {"EchoUrls": ["https://" + "a." * 100_000]}}),
    "rules to suppress": json.dumps({"Cluster": {}, "Suppress": ["NAT-004"] * 20_000}),
    "addresses": json.dumps({"Cluster": {}, "Egress": {"ExpectedPublicIps": ["203.0.113.10"] * 15_000}}),
    "halves of characters": '{"ClusterName":"' + "\\ud800" * 40_000 + '"}',
    "brackets": "[" * LARGEST,
    "brackets in an object": '{"Cluster":' + "[" * 60 + "]" * 60 + "," + '"Egress":' + "[" * 60 + "]" * 60 + "}",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_never_breaks_on_as_much_as_a_request_may_hold(text: str) -> None:
    judged = judge_text(text, create_cluster_model(), lambda: SUPPRESSIBLE)

    everything_is_said(judged)
    assert judged.request is None
    assert len(judged.findings) <= MOST_FAULTS + 1


def test_a_body_nested_deeper_than_python_can_follow_is_told_so() -> None:
    """An event's body comes as objects, which nobody measured before they were read."""
    body: dict[str, Any] = {}
    for _ in range(100_000):
        body = {"Cluster": body}
    judged = judge_body(body, create_cluster_model())

    assert [finding.rule for finding in judged.findings] == ["DOOR-002"]
