"""The port that people use: the HTTP API before the API function, the Slack inbox, the event log, and the controls."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from moto.moto_api._internal import mock_random
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from simulator.awslambda.runtime import Outcome, Throttled
from simulator.clock import Clock, ClockClosed
from simulator.connections import Quiet
from simulator.context import ACCOUNT, REGION
from simulator.door import PROMPT
from simulator.gateway import Route

LARGEST_BODY = 10_485_760  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
API_ID = "simulated1"
DOMAIN = f"{API_ID}.execute-api.{REGION}.amazonaws.com"

Answer = Any  # JSON
Page = Callable[[Request], Answer]


class Refused(Exception):
    """A control that cannot be obeyed; the message says why."""


class QuietHandler(Quiet, WSGIRequestHandler):
    """It closes each connection: not every page here reads the body it is sent."""


class Front:
    """Serves until closed. Paths that begin with "/_" are ours; all others are the HTTP API's."""

    def __init__(self, port: int, clock: Clock, invoke: Callable[[str, str], Outcome]) -> None:
        """
        Raises:
            OSError: the port is taken.
        """
        self._clock = clock
        self._routes: list[Route] = []
        self._invoke = invoke
        self._pages: dict[str, Page] = {}
        with socket.create_server(("127.0.0.1", port), backlog=128) as taken:
            self._server = make_server(
                "127.0.0.1", port, self._serve, threaded=True, request_handler=QuietHandler, fd=taken.fileno()
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(PROMPT,), name="front", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def page(self, prefix: str, page: Page) -> None:
        """Have `page` answer for `prefix` and everything below it, in JSON."""
        self._pages[prefix] = page

    def open(self, routes: list[Route]) -> None:
        self._routes = routes
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._own(request) if request.path.startswith("/_") else self._api(request)
        except ClockClosed:
            raise ConnectionAbortedError("The world has ended.") from None
        return answer(environ, start_response)

    def _own(self, request: Request) -> Response:
        for prefix, page in self._pages.items():
            if request.path == prefix or request.path.startswith(f"{prefix}/"):
                try:
                    return _json(page(request))
                except Refused as refused:
                    return _json({"message": str(refused)}, 400)
        return _json({"message": f"There is no {request.path} here. There is: {', '.join(self._pages)}."}, 404)

    def _api(self, request: Request) -> Response:
        """As the gateway: its own answers are ``{"message": ...}``, the function's are passed on."""
        found = self._route(request)
        if not found:
            return _json({"message": "Not Found"}, 404)
        body = request.get_data()
        if len(body) > LARGEST_BODY:
            return _json({"message": "Request Entity Too Large"}, 413)
        route, parameters = found
        try:
            outcome = self._invoke(route.function, json.dumps(self._event(request, body, route, parameters)))
        except Throttled:  # a failed integration, whatever Lambda said
            outcome = None
        if outcome is None or outcome.error:
            return _json({"message": "Internal Server Error"}, 500)
        return _passed_on(json.loads(outcome.payload))

    def _route(self, request: Request) -> tuple[Route, dict[str, str]] | None:
        for route in self._routes:
            parameters = _matched(route.path, request.path)
            if route.method == request.method and parameters is not None:
                return route, parameters
        return next(((route, {}) for route in self._routes if route.is_default), None)

    def _event(self, request: Request, body: bytes, route: Route, parameters: dict[str, str]) -> dict[str, Any]:
        """Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
        now = self._clock.now()
        text, encoded = _as_text(body)
        query = {name: ",".join(values) for name, values in request.args.lists()}
        return {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": request.path,
            "rawQueryString": request.query_string.decode(),
            "headers": {name.lower(): value for name, value in request.headers},
            **({"queryStringParameters": query} if query else {}),
            **({"pathParameters": parameters} if parameters else {}),
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": API_ID,
                "authorizer": {"iam": _caller(request)},
                "domainName": DOMAIN,
                "domainPrefix": API_ID,
                "http": {
                    "method": request.method,
                    "path": request.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": request.headers.get("User-Agent", ""),
                },
                "requestId": base64.b64encode(mock_random.uuid4().bytes[:11]).decode(),  # as the gateway's look
                "routeKey": route.key,
                "stage": "$default",
                "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
                "timeEpoch": round(now.timestamp() * 1000),
            },
            **({"body": text} if body else {}),
            "isBase64Encoded": encoded,
        }


def _matched(template: str, path: str) -> dict[str, str] | None:
    """The path parameters, if the path fits the route's."""
    wanted, got = template.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(got):
        return None
    pairs = list(zip(wanted, got, strict=True))
    if any(part != value and not part.startswith("{") for part, value in pairs):
        return None
    return {part.strip("{}"): value for part, value in pairs if part.startswith("{")}


def _as_text(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _caller(request: Request) -> dict[str, Any]:
    """Who signed; unsigned calls pass here as a person called "unsigned", which on AWS they would not."""
    signed = request.headers.get("Authorization", "")
    key = signed.partition("Credential=")[2].partition("/")[0] or "unsigned"
    return {
        "accessKey": key,
        "accountId": ACCOUNT,
        "callerId": key,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{ACCOUNT}:user/{key}",
        "userId": key,
    }


def _json(answer: Answer, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")


def _passed_on(answer: Any) -> Response:
    """The function's answer in payload format 2.0; anything without a status code is a 200 with that body."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return _json(answer)
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    response = Response(content, int(answer["statusCode"]))
    response.headers.pop("Content-Type")
    for name, value in {"content-type": "text/plain;charset=UTF-8", **_lowered(answer.get("headers"))}.items():
        response.headers[name] = value
    for cookie in answer.get("cookies") or ():
        response.headers.add("set-cookie", cookie)
    return response


def _lowered(headers: dict[str, Any] | None) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (headers or {}).items()}
