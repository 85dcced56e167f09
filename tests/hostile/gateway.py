"""The API's own handler behind a gateway of a few lines: bytes in, bytes out, and no process between them."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

import pytest
from werkzeug.wrappers import Request, Response

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.aws.executions import Executions
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.door import judge_text
from control_plane.domain.run import Kind
from control_plane.domain.suppressible import suppressible
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book, turned
from control_plane.entry import Handler
from control_plane.entry.http_api import http_api
from control_plane.steps.api import Api
from control_plane.steps.doorway import Doorway
from tests.aws.conftest import TABLE, a_request, a_run, a_table
from tests.aws.fakes import StateMachine
from tests.unit.test_watch_book import NOON, drift

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONTEXT = SimpleNamespace(
    aws_request_id="1", function_name="api", memory_limit_in_mb=512, invoked_function_arn="arn:api"
)


WATCHED, DRIFT = "watched", drift()


@contextmanager
def an_api() -> Iterator[Handler]:
    """The handler with all that is real behind it but the state machine, and a table in moto."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
        with a_table() as dynamodb:
            machine = cast("Executions", StateMachine())
            runs, clusters = RunTable(dynamodb, TABLE), ClusterIndex(dynamodb, TABLE)
            judge = partial(judge_text, model=create_cluster_model(), suppressible=suppressible)
            watch(dynamodb, WATCHED)
            doorway, books = Doorway(Acceptance(dynamodb, TABLE), machine), WatchTable(dynamodb, TABLE)
            under_watch = WatchList(dynamodb, TABLE)
            yield http_api(lambda: Api(doorway, machine, runs, clusters, judge, books, under_watch))


def watch(dynamodb: "DynamoDBClient", name: str) -> None:
    """A cluster that is under watch, with a drift that stands open."""
    run = a_run(f"made-{name}", name, Kind.ADOPTION)
    Acceptance(dynamodb, TABLE).accept(run, a_request(name), "any")
    whole = run.to_wire() | {"ClusterArn": "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/a1b2c3d4e5f6"}
    kept = {"S3Uri": f"s3://evidence/baselines/{name}/{run.run_id}.json", "Sha256": "0" * 64}
    fields = {key: whole[key] for key in ("ClusterName", "ClusterArn", "RunId", "RequestId", "RequestedBy")}
    more = {"VpcIds": ["vpc-1"], "Baseline": kept, "TakenAt": whole["UpdatedAt"], "Reason": "adopted"}
    watched = Watched.from_wire(fields | more)
    WatchList(dynamodb, TABLE).begin(watched, {})
    WatchTable(dynamodb, TABLE).keep(watched, turned(Book(), {DRIFT.fingerprint: DRIFT}, NOON)[0], [])


def ask(
    handler: Handler,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    query: str = "",
) -> dict[str, Any]:
    """Payload format 2.0: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    answer = handler(_event(method, path, body, headers or {}, query), cast("Any", CONTEXT))
    assert {"statusCode", "body", "isBase64Encoded"} <= answer.keys()
    return answer


def _event(method: str, path: str, body: bytes | None, headers: dict[str, str], query: str) -> dict[str, Any]:
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": ""},
            "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/mallory"}},
        },
    }
    return event | (_as_text(body) if body else {})


def _as_text(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


class Wsgi:
    """The same, for tools that speak WSGI."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.answered: list[int] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        path = unquote_to_bytes(request.path).decode(errors="replace")
        answer = ask(
            self._handler,
            request.method,
            path,
            request.get_data(),
            dict(request.headers),
            request.query_string.decode("latin-1"),
        )
        self.answered.append(HTTPStatus(answer["statusCode"]))
        return Response(answer["body"], answer["statusCode"], answer.get("headers"))(environ, start_response)
