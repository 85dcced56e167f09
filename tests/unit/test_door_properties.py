"""The door against bodies drawn from AWS's model: it lets in what AWS's SDK takes, and never breaks."""

import json
from typing import Any, cast

import botocore.session
from botocore.model import StructureShape
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door import judge_body, judge_text
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


@given(request=REQUESTS)
@slowly_drawn
def test_lets_in_whatever_keeps_to_the_model_and_the_rules(request: dict[str, Any]) -> None:
    judged = judge_body(request, create_cluster_model(), SUPPRESSIBLE)

    assert [finding for finding in judged.findings if finding.severity == "BLOCKS"] == []
    assert judged.request
    assert judged.request.cluster == request["Cluster"]
    assert sdk_complaints(request["Cluster"]) == ""


@given(request=spoilt(REQUESTS) | JUNK)
@slowly_drawn
def test_never_breaks_and_what_it_lets_in_the_sdk_takes(request: Any) -> None:
    judged = judge_body(request, create_cluster_model(), SUPPRESSIBLE)

    places = [(finding.rule, finding.subject) for finding in judged.findings]
    assert len(places) == len(set(places))
    assert judged.request or judged.findings
    if judged.request:
        assert sdk_complaints(judged.request.cluster) == ""
        assert judged.request.shape.cluster_name == judged.request.cluster["ClusterName"]


@given(request=spoilt(REQUESTS))
@slowly_drawn
def test_says_the_same_of_a_body_and_of_its_text(request: Any) -> None:
    model = create_cluster_model()
    body = json.loads(json.dumps(request).replace("NaN", "0").replace("-Infinity", "0").replace("Infinity", "0"))

    assert judge_text(json.dumps(body), model, SUPPRESSIBLE) == judge_body(body, model, SUPPRESSIBLE)


@given(text=st.text() | st.binary() | st.from_regex(r'([\[{"\\:,}\]]|NaN|1|a)*', fullmatch=True))
def test_never_breaks_on_a_text(text: str | bytes) -> None:
    judged = judge_text(text, create_cluster_model())

    assert (judged.request is None) is bool(judged.findings)
