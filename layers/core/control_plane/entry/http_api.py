"""The HTTP API's routes: who asks what, and in which shape every answer goes out."""

import re
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from control_plane.domain.request import REQUEST_MAX
from control_plane.domain.run import Run
from control_plane.domain.watch.book import OpenDrift
from control_plane.domain.wire import Wire
from control_plane.entry import Handler, logger, now
from control_plane.entry.openapi import ACCEPTING, ACKNOWLEDGING, ADOPTING, ASKING, CHECKING, TABLE, answers, described
from control_plane.errors import RunNotFound
from control_plane.steps.api import Accepted, Api, Baselines, Cluster, Conflicting, Proof, Refused
from control_plane.steps.doorway import Caller

STATUS: dict[type[Wire], int] = {OpenDrift: 200, Accepted: 202, Refused: 400, Conflicting: 409}


class Fault(Wire):
    code: str
    message: str


class Failure(Wire):
    """The one shape of an error that is not about what a request asks for."""

    error: Fault


TOLD: dict[int, type[Wire]] = {202: Accepted, 400: Refused, 409: Conflicting, 413: Failure, 500: Failure}
KNOWN: dict[int, type[Wire]] = {200: OpenDrift, 400: Refused, 404: Failure, 413: Failure, 500: Failure}


def http_api(make: Callable[[], Api]) -> Handler:
    """The Lambda handler of the API; `make` is called at the first request that needs it, and once."""
    app, api = APIGatewayHttpResolver(enable_validation=True), cache(make)
    _clusters(app, api)
    _watch(app, api)
    _runs(app, api)
    _openapi(app)
    _failures(app)

    @logger.inject_lambda_context(clear_state=True)
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answer: dict[str, Any] = app.resolve(event, context)
        return answer

    return handler


def _clusters(app: APIGatewayHttpResolver, api: Callable[[], Api]) -> None:
    @app.post("/clusters", responses=answers(TOLD), openapi_extensions=ASKING)
    def post_cluster() -> Response[Any]:
        """Ask for a cluster: a CreateCluster body, alone or with our terms beside it."""
        return _asked(app, lambda body, caller: api().create_cluster(body, caller))

    @app.get("/clusters/<name>", responses=answers({200: Cluster, 404: Failure, 500: Failure}))
    def get_cluster(name: str) -> Cluster:
        """What we know of a cluster that a run of ours made, or is making."""
        return api().cluster(name)

    @app.post("/clusters/<name>/egress-checks", responses=answers(TOLD), openapi_extensions=CHECKING)
    def post_egress_check(name: str) -> Response[Any]:
        """Ask the nodes of a cluster where they leave, whoever made it. Nothing of it is changed."""
        return _asked(app, lambda body, caller: api().check_egress(name, body, caller))

    @app.get("/clusters/<name>/egress.json", responses=answers({200: Proof, 404: Failure, 500: Failure}))
    def get_egress(name: str) -> Proof:
        """Where the cluster's traffic was last seen to leave."""
        return api().proof(name)

    @app.get("/clusters/<name>/egress.csv", responses=TABLE | answers({404: Failure, 500: Failure}))
    def get_egress_table(name: str) -> Response[Any]:
        """The same as a table, with a line for each address."""
        return Response(status_code=200, content_type="text/csv", body=api().proof(name).to_csv())


def _watch(app: APIGatewayHttpResolver, api: Callable[[], Api]) -> None:
    @app.post("/clusters/<name>/drift-checks", responses=answers({202: Accepted, 404: Failure, 500: Failure}))
    def post_drift_check(name: str) -> Response[Any]:
        """Look at a watched cluster now: is it, and all that it needs, as it should be?

        RunId is that of the run that took its baseline: what is found is told in its name. That run is over, and does
        not show the look. What the look found stands in the cluster's Drift within some minutes.
        """
        return _json(202, api().check_drift(name, _caller(app)))

    @app.post("/adoptions", responses=answers(TOLD), openapi_extensions=ADOPTING)
    def post_adoption() -> Response[Any]:
        """Put a cluster that is there under watch, whoever made it. Nothing of it is changed."""
        return _asked(app, lambda body, caller: api().adopt(body, caller))

    @app.put("/clusters/<name>/baseline", responses=answers(TOLD), openapi_extensions=ACCEPTING)
    def put_baseline(name: str) -> Response[Any]:
        """Accept what is there now as wanted."""
        return _asked(app, lambda body, caller: api().accept_baseline(name, body, caller))

    @app.get("/clusters/<name>/baselines", responses=answers({200: Baselines, 404: Failure, 500: Failure}))
    def get_baselines(name: str) -> Baselines:
        """What the cluster was to be like, since when, and who wanted it so."""
        return api().baselines(name)

    @app.put(
        "/clusters/<name>/drifts/<fingerprint>/acknowledgement",
        responses=answers(KNOWN),
        openapi_extensions=ACKNOWLEDGING,
    )
    def put_acknowledgement(name: str, fingerprint: str) -> Response[Any]:
        """Have nobody reminded of an open drift, until it turns into another or is over."""
        return _asked(app, lambda body, caller: api().acknowledge(name, fingerprint, body, caller))


def _runs(app: APIGatewayHttpResolver, api: Callable[[], Api]) -> None:
    @app.get("/runs/<id>", responses=answers({200: Run, 404: Failure, 500: Failure}))
    def get_run(id: str) -> Run:  # noqa: A002 (the name in the path, as the API's description shows it)
        """A request and what became of it, or how far it is."""
        return api().run(id)


def _openapi(app: APIGatewayHttpResolver) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    def get_openapi() -> Response[str]:
        return Response(status_code=200, content_type="application/json", body=described(app))


def _failures(app: APIGatewayHttpResolver) -> None:
    def not_found(error: RunNotFound) -> Response[Any]:
        return _failure(404, "NotFound", str(error))

    @app.not_found
    def no_such_route(_error: NotFoundError) -> Response[Any]:
        return _failure(404, "NotFound", "There is no such route. GET /openapi.json lists them.")

    def broken(_error: Exception) -> Response[Any]:
        logger.exception("request failed")
        return _failure(500, "InternalError", "This is our fault; the log has the rest. Asking again is safe.")

    app.exception_handler(RunNotFound)(not_found)
    app.exception_handler(Exception)(broken)


def _asked(
    app: APIGatewayHttpResolver, ask: Callable[[bytes, Caller], Accepted | OpenDrift | Refused | Conflicting]
) -> Response[Any]:
    body = _body(app)
    if len(body) > REQUEST_MAX:
        return _failure(413, "TooLarge", f"The body has {len(body)} bytes; at most {REQUEST_MAX} are taken.")
    answer = ask(body, _caller(app))
    return _json(STATUS[type(answer)], answer)


def _body(app: APIGatewayHttpResolver) -> bytes:
    """As it was sent: what is no UTF-8 comes as Base64, and is for the door to judge."""
    sent = app.current_event.body or ""
    return b64decode(sent) if app.current_event.is_base64_encoded else sent.encode()


def _caller(app: APIGatewayHttpResolver) -> Caller:
    context = app.current_event.raw_event["requestContext"]
    who = context.get("authorizer", {}).get("iam", {}).get("userArn", "unknown")
    key = app.current_event.headers.get("idempotency-key")
    # The gateway's own id is Base64: "JKJaXmPLvHcESHA=" has a character that a RequestId may not have.
    return Caller(requested_by=who, fallback_id=key or re.sub(r"[^A-Za-z0-9]", "-", context["requestId"]), at=now())


def _json(status: int, body: Wire) -> Response[Any]:
    return Response(status_code=status, content_type="application/json", body=body.model_dump_json(by_alias=True))


def _failure(status: int, code: str, message: str) -> Response[Any]:
    return _json(status, Failure(error=Fault(code=code, message=message)))
