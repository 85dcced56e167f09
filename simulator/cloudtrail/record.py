"""One record, as EventBridge delivers it in ``detail``.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import json
import re
from datetime import datetime
from hashlib import sha256
from html import unescape
from typing import Any

from moto.core.utils import get_service_model
from moto.moto_api._internal import mock_random

from simulator.cloudtrail import ec2
from simulator.cloudtrail.names import lower_first
from simulator.context import ACCOUNT, REGION
from simulator.eventbridge.buses import rfc3339
from simulator.operations import Call
from simulator.responses import Environ, Response

Shape = dict[str, Any]


def record(call: Call, role: str, at: datetime, environ: Environ, body: bytes, response: Response) -> Shape:
    """What a trail keeps of an answered call."""
    status, content = int(response[0].split()[0]), response[2]
    request_id = str(mock_random.uuid4())
    failed = status >= 400
    return {
        "eventVersion": "1.11",
        "userIdentity": _identity(role, call.caller),
        "eventTime": rfc3339(at),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": REGION,
        "sourceIPAddress": environ.get("REMOTE_ADDR", ""),
        "userAgent": environ.get("HTTP_USER_AGENT", ""),
        "requestParameters": _asked(call, body),
        "responseElements": None if failed else _answered(call, content, request_id),
        **(_error(call, status, content) if failed else {}),
        "requestID": request_id,
        "eventID": str(mock_random.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def _identity(role: str, caller: str) -> Shape:
    """A role's session; whoever calls here goes by the name of its access key, and so its session does.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    principal = f"AROA{sha256(role.encode()).hexdigest()[:17].upper()}"
    issuer = {
        "type": "Role",
        "principalId": principal,
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "accountId": ACCOUNT,
        "userName": role,
    }
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{caller}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{caller}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": issuer},
    }


def _asked(call: Call, body: bytes) -> Shape | None:
    if call.service == "ec2":
        return ec2.request(call.operation, body.decode())
    model = get_service_model(call.service).operation_model(call.operation)
    return lower_first(model.input_shape, json.loads(body)) or None


def _answered(call: Call, content: bytes, request_id: str) -> Shape | None:
    if call.service == "ec2":
        return ec2.response(call.operation, content, request_id)
    model = get_service_model(call.service).operation_model(call.operation)
    return lower_first(model.output_shape, json.loads(content or b"{}")) or None


def _error(call: Call, status: int, content: bytes) -> Shape:
    if call.service == "ec2":
        # EC2's codes say whose fault it was, here and nowhere else.
        side = "Client" if status < 500 else "Server"
        code, message = (_within(name, content.decode()) for name in ("Code", "Message"))
        return {"errorCode": f"{side}.{code}", "errorMessage": message}
    told = json.loads(content)
    code = str(told.get("__type", "")).rpartition("#")[2]
    return {"errorCode": code, "errorMessage": told.get("message") or told.get("Message")}


def _within(name: str, xml: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", xml, re.DOTALL)
    return unescape(found[1]) if found else ""
