"""The HTTP API's routes, read from the deployed template: which function answers for which method and path."""

import re
from dataclasses import dataclass

from simulator.cloudformation.deploy import Deployed


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # as in the template, "/runs/{id}"
    function: str  # its physical name

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other route takes."""
        return self.path == "$default"

    @property
    def key(self) -> str:
        return self.path if self.is_default else f"{self.method} {self.path}"


def routes(plane: Deployed) -> list[Route]:
    functions = plane.physical("AWS::Lambda::Function")
    apis = [it for it in plane.template["Resources"].values() if it["Type"] == "AWS::ApiGatewayV2::Api"]
    return [
        Route(method.upper(), path, functions[_function_of(operation)])
        for api in apis
        for path, operations in api["Properties"]["Body"]["paths"].items()
        for method, operation in operations.items()
    ]


def _function_of(operation: dict[str, dict[str, dict[str, str]]]) -> str:
    """The function's logical id, from ``.../functions/${ApiFunction.Arn}/invocations``."""
    uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    found = re.search(r"functions/\$\{(\w+)\.Arn\}/", uri)
    if not found:
        raise ValueError(f"The simulator cannot tell which function {uri} is.")
    return found[1]
