"""Lambda's Invoke, answered by our runtime instead of moto's canned text."""

import base64
from collections.abc import Callable
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend

from simulator.awslambda.asynchronous import Asynchronous
from simulator.awslambda.runtime import Runtime, Throttled
from simulator.patching import Patches

TAIL = 4096  # bytes of log in an answer: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html


class TooManyRequests(LambdaClientError):
    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


def install(patches: Patches, runtime: Runtime, asynchronous: Asynchronous) -> None:
    patches.replace(LambdaBackend, "invoke", _invoke_method(runtime, asynchronous))


def _invoke_method(runtime: Runtime, asynchronous: Asynchronous) -> Callable[..., bytes]:
    def invoke(
        _: LambdaBackend, name: str, _qualifier: str | None, body: Any, headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        function = runtime.function(name)
        payload = (body.decode() if isinstance(body, bytes) else body) or "{}"
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "Event":
            asynchronous.take(function, payload)
        if kind != "RequestResponse":
            return b""
        try:
            outcome = runtime.invoke(function.function_name, payload)
        except Throttled as throttled:
            raise TooManyRequests from throttled
        if outcome.error:
            response_headers["x-amz-function-error"] = outcome.error
        tail = "\n".join(runtime.log(function.function_name)).encode()[-TAIL:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        return outcome.payload.encode()

    return invoke
