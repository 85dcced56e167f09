"""The API against requests that no client would make: an answer of ours to each, in its one shape."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest

from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.request import REQUEST_ID_PATTERN
from control_plane.entry import Handler
from control_plane.entry.http_api import http_api
from control_plane.steps.api import Api
from tests.hostile.gateway import an_api, ask
from tests.hostile.strings import ALL, TEN_KILOBYTES
from tests.unit.door_samples import cluster

ROUTES = ["/clusters", "/clusters/a", "/runs/a", "/openapi.json", "/", ""]
ODD_PATHS = [
    "//clusters", "/clusters/", "/clusters//", "/clusters/a/", "/clusters/a/b", "/clusters/..", "/clusters/../runs/a",
    "/./clusters", "/clusters/%2F", "/clusters/%2e%2e", "/clusters/%00", "/clusters/\x00", "/clusters/a\n",
    "/clusters/a?b", "/clusters/a;b", "/CLUSTERS", "/runs/%", "/runs/%zz", "/runs/{id}", "/runs/<id>",
    "/runs/run-000000000000000000000000\n", "\\clusters", "clusters", "*", "http://a.b/clusters",
]  # fmt: skip
METHODS = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "",
    "A" * 1_000,
    "G\nET",
]
WHOLE = json.dumps(cluster()).encode()
BODIES = {
    "nothing": b"",
    "no UTF-8": b"\xff\xfe{",
    "UTF-16": json.dumps(cluster()).encode("utf-16"),
    "a NUL": b"\x00",
    "bytes": bytes(range(256)),
    "half a body": WHOLE[:-1],
    "two bodies": WHOLE * 2,
    "a form": b"ClusterName=a",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "300 kB of JSON": b'{"a":"' + b"a" * 300_000 + b'"}',
    "300 kB of bytes": b"\xff" * 300_000,
    "200 kB of brackets": b"[" * 200_000,
    "200 kB of quotes": b'"\\' * 100_000,
    "a number of 200,000 digits": b'{"DeadlineMinutes":' + b"9" * 200_000 + b"}",
    "no number": b'{"DeadlineMinutes": NaN}',
    "10,000 equal keys": b"{" + b'"a":0,' * 10_000 + b'"a":0}',
    "50,000 groups": b'{"ClusterName":"a","InstanceGroups":[' + b"{}," * 50_000 + b"{}]}",
}


@pytest.fixture(scope="module")
def handler() -> Iterator[Handler]:
    with an_api() as handler:
        yield handler


def told(answer: dict[str, Any], statuses: set[int]) -> Any:
    """What an answer says, which must be ours: a known status, JSON, one of the three shapes."""
    assert answer["statusCode"] in statuses
    assert answer["headers"]["Content-Type"] == "application/json"
    body = json.loads(answer["body"])
    assert body.keys() in ({"Findings"}, {"Findings", "RunId"}, {"Error"})
    assert "Traceback" not in answer["body"]
    return body


@pytest.mark.parametrize("method", METHODS, ids=lambda method: ascii(method)[:20])
def test_another_method_is_a_route_that_there_is_not(handler: Handler, method: str) -> None:
    for path in ROUTES + ODD_PATHS:
        if (method, path) not in {("POST", "/clusters"), ("GET", "/openapi.json")}:
            told(ask(handler, method, path, WHOLE), {404})


def test_any_text_in_a_path_is_a_thing_that_there_is_not(handler: Handler) -> None:
    for text in ALL:
        for path in (f"/runs/{text}", f"/clusters/{text}", f"/{text}"):
            assert len(json.dumps(told(ask(handler, "GET", path), {404}))) < 500


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_meant_is_refused(handler: Handler, body: bytes) -> None:
    assert told(ask(handler, "POST", "/clusters", body), {400, 413})


def test_any_text_as_a_body_is_refused_with_findings(handler: Handler) -> None:
    for text in ALL:
        body = told(ask(handler, "POST", "/clusters", text.encode(errors="surrogatepass")), {400})
        assert [finding["Rule"] for finding in body["Findings"]] == ["DOOR-001"]


def test_any_text_as_an_idempotency_key_is_refused_unless_it_may_be_a_request_id(handler: Handler) -> None:
    for text in ALL:
        key = text.encode(errors="replace").decode()
        answer = ask(handler, "POST", "/clusters", WHOLE, {"Idempotency-Key": key})
        if not key or re.fullmatch(REQUEST_ID_PATTERN, key):
            assert answer["statusCode"] in {202, 409}
        else:
            assert [finding["Rule"] for finding in told(answer, {400})["Findings"]] == ["DOOR-103"]


def test_headers_and_queries_of_any_kind_change_nothing(handler: Handler) -> None:
    odd = {
        "Content-Type": "text/html",
        "Content-Encoding": "gzip",
        "Transfer-Encoding": "chunked",
        "Content-Length": "-1",
    }
    for text in ALL:
        headers = odd | {
            "X-Forwarded-Host": text,
            "Cookie": text,
            "Origin": text,
            "Authorization": text,
            "X-HTTP-Method-Override": text,
        }
        told(ask(handler, "GET", "/runs/none", headers=headers, query=f"a={text}&{text}=b"), {404})
    told(ask(handler, "GET", "/runs/none", query="a=b&" * 100_000), {404})


def test_a_name_longer_than_a_key_may_be_is_not_looked_up() -> None:
    """DynamoDB refuses a key of more than 2,048 bytes; moto does not: so there is no table here at all."""
    nothing = cast("Any", None)
    runs, clusters, watch = RunTable(nothing, ""), ClusterIndex(nothing, ""), WatchTable(nothing, "")
    handler = http_api(lambda: Api(nothing, nothing, runs, clusters, nothing, watch, WatchList(nothing, "")))
    for path in ("/runs/run-", "/clusters/"):
        for character in ("a", "é", "中"):
            told(ask(handler, "GET", f"{path}{character * TEN_KILOBYTES}"), {404})
    told(ask(handler, "GET", f"/clusters/{'a' * TEN_KILOBYTES}/egress.csv"), {404})
