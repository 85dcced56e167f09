"""A service's answer on the wire, and how each kind of service writes an error."""

import json
from html import escape
from http import HTTPStatus
from typing import Any

from simulator.operations import Call, Refusal

Environ = dict[str, Any]
Response = tuple[str, list[tuple[str, str]], bytes]  # status line, headers, content

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, and each service's common errors
DENIED = {
    "ec2": ("UnauthorizedOperation", 403),
    "iam": ("AccessDenied", 403),
    "lambda": ("AccessDeniedException", 403),
    "s3": ("AccessDenied", 403),
}
DENIED_ELSEWHERE = ("AccessDeniedException", 400)


def denied(service: str, message: str) -> Refusal:
    """How a service says that the caller may not."""
    code, status = DENIED.get(service, DENIED_ELSEWHERE)
    return Refusal(code, message, status)


def error(call: Call, code: str, message: str, status: int = 400) -> Response:
    """Write an error as the service would, so that SDKs and the CLI read its code and message."""
    line = f"{status} {HTTPStatus(status).phrase}"
    if call.dialect in ("json", "cbor") or (call.dialect == "rest" and call.service != "s3"):
        content = json.dumps({"__type": code, "message": message}).encode()
        return line, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)], content
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.service == "ec2":
        xml = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>0</RequestID></Response>"
    elif call.service == "s3":
        xml = f"<Error>{inner}</Error>"
    else:
        xml = f"<ErrorResponse><Error>{inner}</Error><RequestId>0</RequestId></ErrorResponse>"
    return line, [("Content-Type", "text/xml")], xml.encode()
