"""Which AWS call is this HTTP request? Needed to record calls, to inject faults, and to refuse what we do not have."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from botocore.loaders import create_loader
from botocore.model import ServiceModel

# Signing names that differ from the name of the SDK's client.
CLIENT_NAMES = {"states": "stepfunctions", "monitoring": "cloudwatch", "servicequotas": "service-quotas"}


@dataclass(frozen=True)
class Call:
    """One call as it came in at the door."""

    caller: str  # the access key id: a function's name, "states" or whatever a client outside uses
    service: str  # the SDK client's name, "stepfunctions"
    operation: str  # the API's name, "StartExecution"
    dialect: str  # "json", "query", "cbor" or "rest": how errors have to be written

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Refusal:
    """How a call is refused, in its service's words."""

    code: str
    message: str
    status: int = 400


def call_of(environ: dict[str, Any], body: bytes) -> Call:
    """Read a call from a WSGI request."""
    caller, service = _signed_by(environ.get("HTTP_AUTHORIZATION", ""))
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return Call(caller, service, target.rpartition(".")[2], "json")
    if found := re.fullmatch(r"/service/\w+/operation/(\w+)", environ["PATH_INFO"]):
        return Call(caller, service, found[1], "cbor")
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return Call(caller, service, parse_qs(body.decode()).get("Action", ["?"])[0], "query")
    return Call(caller, service, _rest_operation(service, environ), "rest")


def _signed_by(authorization: str) -> tuple[str, str]:
    """Caller and service, from ``AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, ...``."""
    found = re.search(r"Credential=([^/,]+)/\d+/[^/]+/([^/]+)/", authorization)
    if not found:
        return "anonymous", "s3"  # only S3 takes unsigned calls
    return found[1], CLIENT_NAMES.get(found[2], found[2])


def _rest_operation(service: str, environ: dict[str, Any]) -> str:
    path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    given = set(query) | {name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_")}
    for route in _routes(service):
        if route.method == environ["REQUEST_METHOD"] and route.path.fullmatch(path) and route.flags <= given:
            return route.operation
    return "?"


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    flags: frozenset[str]  # query keys and headers that tell apart what shares a path: "?tagging", "x-amz-copy-source"
    operation: str


@cache
def _routes(service: str) -> list[_Route]:
    """A service's REST routes, the most particular first; from a model of our own: S3's clients change theirs."""
    loader = create_loader()
    if service not in loader.list_available_services("service-2"):
        return []
    model = ServiceModel(loader.load_service_model(service, "service-2"), service)
    routes = [_route(name, model.operation_model(name)) for name in model.operation_names]
    return sorted(routes, key=lambda route: (len(route.flags), len(route.path.pattern)), reverse=True)


def _route(name: str, operation: Any) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    required = {
        member.serialization.get("name", key).lower()
        if _in(member, "header")
        else member.serialization.get("name", key)
        for key, member in (operation.input_shape.members.items() if operation.input_shape else ())
        if (_in(member, "querystring") or _in(member, "header")) and key in operation.input_shape.required_members
    }
    flags = {part.partition("=")[0] for part in query.split("&") if part} | required
    literal = re.sub(r"\\\{\w+\\\}", "[^/]+", re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(path.rstrip("/"))))
    return _Route(operation.http["method"], re.compile(literal + "/?"), frozenset(flags), name)


def _in(member: Any, location: str) -> bool:
    return bool(member.serialization.get("location") == location)
