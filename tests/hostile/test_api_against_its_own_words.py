"""The API against its own description: whatever is sent, it answers as it says, and never with a fault of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as promises

from control_plane.domain.request import REQUEST_MAX
from control_plane.entry.http_api import http_api
from control_plane.steps.api import Api
from tests.hostile.gateway import DRIFT, WATCHED, Wsgi, an_api
from tests.unit.door_samples import cluster

# Not among them: that what keeps to the schema is accepted. CreateCluster's whole shape stands in AWS's model, and the
# findings of a 400 tell it; nor that an unknown method is 405: it is a route that there is not, as any other.
CHECKS = [
    checks.not_a_server_error,
    promises.status_code_conformance,
    promises.content_type_conformance,
    promises.response_schema_conformance,
    promises.negative_data_rejection,
]
EXAMPLES = 100  # a route


@pytest.fixture(scope="module")
def wsgi() -> Iterator[Wsgi]:
    with an_api() as handler:
        yield Wsgi(handler)


@pytest.fixture(scope="module")
def api(wsgi: Wsgi) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", wsgi)


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        pytest.param("POST", "/clusters", GenerationMode.POSITIVE, id="bodies that keep to the description"),
        pytest.param("POST", "/clusters", GenerationMode.NEGATIVE, id="bodies that do not"),
        pytest.param("GET", "/clusters/{name}", GenerationMode.POSITIVE, id="names of clusters"),
        pytest.param("GET", "/runs/{id}", GenerationMode.POSITIVE, id="ids of runs"),
    ],
)
def test_whatever_is_sent_the_answer_is_one_that_the_description_promises(
    api: schemathesis.BaseSchema, wsgi: Wsgi, method: str, path: str, mode: GenerationMode
) -> None:
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    def answers_as_it_says(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    before = len(wsgi.answered)
    answers_as_it_says()
    assert len(wsgi.answered) - before >= EXAMPLES / 2


LONG = "a" * REQUEST_MAX


def test_every_answer_that_the_description_promises_is_given_in_its_shape(api: schemathesis.BaseSchema) -> None:
    given: dict[str, set[str]] = {}

    def send(method: str, path: str, **parts: Any) -> Any:
        answer = api[path][method].Case(**parts).call_and_validate(checks=CHECKS)
        given.setdefault(f"{method} {path}", set()).add(str(answer.status_code))
        return answer.text if path.endswith(".csv") else answer.json()

    run = send("POST", "/clusters", body={"Cluster": cluster(ClusterName="first"), "RequestId": "r-1"})
    send("POST", "/clusters", body=cluster(ClusterName="first"))
    send("POST", "/clusters", body={"Cluster": cluster(), "RequestId": "r-1"})
    send("POST", "/clusters", body={"Cluster": {}})
    send("POST", "/clusters", body={"ClusterName": "a" * REQUEST_MAX})
    send("GET", "/clusters/{name}", path_parameters={"name": "first"})
    send("GET", "/clusters/{name}", path_parameters={"name": "second"})
    for kind in ("json", "csv"):
        send("GET", f"/clusters/{{name}}/egress.{kind}", path_parameters={"name": "first"})
        send("GET", f"/clusters/{{name}}/egress.{kind}", path_parameters={"name": "second"})
    asks: dict[tuple[str, str], dict[str, str]] = {
        ("POST", "/clusters/{name}/egress-checks"): {},
        ("POST", "/adoptions"): {"ClusterName": "first"},
        ("PUT", "/clusters/{name}/baseline"): {"Reason": "as agreed"},
    }
    for (method, path), words in asks.items():
        where: dict[str, Any] = {"path_parameters": {"name": "first"}} if "{name}" in path else {}
        for request_id in (path.rpartition("/")[2], "r-1", LONG):
            send(method, path, **where, body=words | {"RequestId": request_id})
        send(method, path, **where, body=words | {"Cluster": {}})
    for name in (WATCHED, "second"):
        send("POST", "/clusters/{name}/drift-checks", path_parameters={"name": name})
    for name in (WATCHED, "second"):
        send("GET", "/clusters/{name}/baselines", path_parameters={"name": name})
    known = "/clusters/{name}/drifts/{fingerprint}/acknowledgement"
    where = {"name": WATCHED, "fingerprint": DRIFT.fingerprint}
    for body in ({"Reason": "as agreed"}, {}, {"Reason": LONG}):
        send("PUT", known, path_parameters=where, body=body)
    send("PUT", known, path_parameters=where | {"fingerprint": "0"}, body={"Reason": "as agreed"})
    send("GET", "/runs/{id}", path_parameters={"id": run["RunId"]})
    send("GET", "/runs/{id}", path_parameters={"id": "none"})
    promised = {
        f"{method.upper()} {path}": set(operation["responses"])
        for path, operations in api.raw_schema["paths"].items()
        for method, operation in operations.items()
    }
    assert {route: statuses | {"500"} for route, statuses in given.items()} == promised


def test_a_fault_of_ours_is_told_in_the_shape_that_the_description_promises(api: schemathesis.BaseSchema) -> None:
    def broken() -> Api:
        raise RuntimeError

    case = api["/runs/{id}"]["GET"].Case(path_parameters={"id": "run-1"})
    answer = case.call(app=Wsgi(http_api(broken)))
    assert answer.status_code == 500
    case.validate_response(answer, checks=[promises.response_schema_conformance, promises.status_code_conformance])
