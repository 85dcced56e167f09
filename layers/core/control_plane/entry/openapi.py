"""What the API says of itself at GET /openapi.json."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from control_plane.domain.request import REQUEST_ID_PATTERN, REQUEST_MAX, Request
from control_plane.domain.wire import Wire

ABOUT = f"""Ask for HyperPod clusters in your VPC, and read what became of them. Sign every call (SigV4).

A body is at most {REQUEST_MAX} bytes. What the gateway itself answers (403, 413 over 10 MB, 429) is `{{"message"}}`.
"""
MODELS = "#/components/schemas/{model}"
CREATE_CLUSTER: dict[str, Any] = {
    "title": "CreateCluster",
    "description": "CreateCluster's own body, as AWS writes it, and checked against AWS's service model.",
    "externalDocs": {"url": "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html"},
    "type": "object",
    "required": ["ClusterName"],
    "properties": {
        "ClusterName": {"type": "string", "pattern": "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", "maxLength": 63},
        "InstanceGroups": {"type": "array", "items": {"type": "object"}},
        "RestrictedInstanceGroups": {"type": "array", "items": {"type": "object"}},
        "VpcConfig": {"type": "object"},
    },
}
ASKING: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The RequestId of a body that has none.",
            "schema": {"type": "string", "pattern": REQUEST_ID_PATTERN},
        }
    ],
    "requestBody": {
        "required": True,
        "description": "CreateCluster's body, alone or as Cluster with our own terms beside it.",
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"$ref": MODELS.format(model=name)} for name in ("Request", "CreateCluster")]}
            }
        },
    },
}


REQUEST_ID: dict[str, Any] = {"type": "string", "pattern": REQUEST_ID_PATTERN}
TERMS: dict[str, Any] = {"$ref": MODELS.format(model="EgressTerms")}


def _body(description: str, required: list[str], **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": required, "properties": properties, "additionalProperties": False}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": bool(required), "description": description, "content": content}}


def _about_a_cluster(description: str, required: list[str], **properties: Any) -> dict[str, Any]:
    """What is asked of a run about a cluster that is there."""
    return {"parameters": ASKING["parameters"], **_body(description, required, RequestId=REQUEST_ID, **properties)}


CHECKING = _about_a_cluster(
    "How the traffic should leave, if otherwise than its routes promise; and a RequestId.", [], Egress=TERMS
)
ADOPTING = _about_a_cluster(
    "Which cluster, and how its traffic should leave.",
    ["ClusterName"],
    ClusterName=CREATE_CLUSTER["properties"]["ClusterName"],
    Egress=TERMS,
)
REASON: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 500}
ACCEPTING = _about_a_cluster("Why what is there now is wanted.", ["Reason"], Reason=REASON)
ACKNOWLEDGING = _body("Why nobody need be reminded.", ["Reason"], Reason=REASON)
TABLE: dict[int, Any] = {
    200: {
        "description": "A header, and a line for each address that was seen.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


def answers(models: dict[int, type[Wire]]) -> dict[int, Any]:
    """The answers of a route, by status."""
    return {
        status: {"description": model.__doc__, "content": {"application/json": {"model": model}}}
        for status, model in models.items()
    }


def described(app: APIGatewayHttpResolver) -> str:
    document = json.loads(app.get_openapi_json_schema(title="HyperPod in your VPC", version="1.0", description=ABOUT))
    request = Request.model_json_schema(ref_template=MODELS)
    request["properties"]["Cluster"] = {"$ref": MODELS.format(model="CreateCluster")}
    schemas = document["components"]["schemas"]
    schemas |= request.pop("$defs") | {"Request": request, "CreateCluster": CREATE_CLUSTER}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # Powertools' own: our bodies are the door's to judge, with a 400
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return json.dumps(document)
