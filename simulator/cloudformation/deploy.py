"""Deploy a template file: SAM's transform, an "upload" of what it points to, then one CloudFormation stack."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from simulator.cloudformation import network, services  # noqa: F401 (they register their types)
from simulator.cloudformation.registry import TYPES, Aws, NotModelledError
from simulator.context import REGION

ARTIFACTS = "simulated-artifacts"  # the bucket that `sam deploy` would upload to
CODE = ("CodeUri", "ContentUri")


@dataclass(frozen=True)
class Deployed:
    """A stack: its outputs, its template after SAM's transform, and its resources' ids by type and logical id."""

    outputs: dict[str, str]
    template: dict[str, Any]
    resources: dict[str, dict[str, str]]

    def physical(self, kind: str) -> dict[str, str]:
        return self.resources.get(kind, {})


def deploy(aws: Aws, template: Path, stack: str, parameters: dict[str, str]) -> Deployed:
    """Create the stack; what the template leaves to defaults is passed as the default.

    Raises:
        NotModelledError: the template uses a resource type that the simulator neither has nor is known to do without.
    """
    declared = read(template)
    values = _with_defaults(declared, parameters)
    transformed = _transformed(aws, declared, template.parent, values)
    _check_types(transformed)
    aws("cloudformation").create_stack(
        StackName=stack,
        TemplateBody=json.dumps(_with_zones(transformed, _zones(aws))),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    return Deployed(_outputs(aws, stack, transformed), transformed, _resources(aws, stack))


def read(template: Path) -> dict[str, Any]:
    """Parse YAML with CloudFormation's short forms, "!Ref"; by libyaml, which is ten times as fast."""
    found: dict[str, Any] = _Loader(template.read_bytes()).get_single_data()
    return found


class _Loader(yaml.CSafeLoader):
    pass


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def _resources(aws: Aws, stack: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for resource in aws("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
        ids = found.setdefault(resource["ResourceType"], {})
        ids[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
    return found


def _with_defaults(declared: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    slots = declared.get("Parameters", {})
    if unknown := sorted(set(given) - set(slots)):
        raise NotModelledError(f"The template has no parameter {', '.join(unknown)}.")
    values = {name: given.get(name, slot.get("Default")) for name, slot in slots.items()}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise NotModelledError(f"The template requires a value for {', '.join(missing)}.")
    return {name: str(value) for name, value in values.items()}


def _transformed(aws: Aws, declared: dict[str, Any], root: Path, values: dict[str, str]) -> dict[str, Any]:
    if "Transform" not in declared:
        return declared
    aws("s3").create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    for resource in declared["Resources"].values():
        _upload(aws, resource.get("Properties", {}), root)
    # No call is made: the session tells the region, and with it the partition.
    session = boto3.Session(region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106 # nosec B106 # the simulator takes any key
    translator = Translator({}, Parser(), boto_session=session)
    result: dict[str, Any] = translator.translate(sam_template=declared, parameter_values=dict(values))
    return result


def _upload(aws: Aws, properties: dict[str, Any], root: Path) -> None:
    """Put local code and definitions where the stack finds them, as `sam package` does.

    Of code only the key matters, which is its folder: the function runtime imports it from there.
    """
    for name in {*CODE, "DefinitionUri"} & set(properties):
        key = properties[name]
        if not (root / key).exists():
            raise FileNotFoundError(f"{name}: {root / key} does not exist.")
        body = _empty_zip() if name in CODE else (root / key).read_bytes()
        aws("s3").put_object(Bucket=ARTIFACTS, Key=key, Body=body)
        properties[name] = f"s3://{ARTIFACTS}/{key}"


def _empty_zip() -> bytes:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    return buffer.getvalue()


def _check_types(template: dict[str, Any]) -> None:
    kinds = {name: resource["Type"] for name, resource in template["Resources"].items()}
    lacking = [f"{name} ({kind})" for name, kind in kinds.items() if kind not in TYPES]
    if lacking:
        raise NotModelledError(f"The simulator has no resource type for {', '.join(sorted(lacking))}.")


def _with_zones(node: Any, zones: list[str]) -> Any:
    """Resolve Fn::GetAZs, which moto answers for another region and with zones that ours does not have."""
    if isinstance(node, list):
        return [_with_zones(item, zones) for item in node]
    if not isinstance(node, dict):
        return node
    if "Fn::GetAZs" in node:
        return zones
    return {key: _with_zones(value, zones) for key, value in node.items()}


def _zones(aws: Aws) -> list[str]:
    return sorted(zone["ZoneName"] for zone in aws("ec2").describe_availability_zones()["AvailabilityZones"])


def _outputs(aws: Aws, stack: str, template: dict[str, Any]) -> dict[str, str]:
    """The stack's outputs; moto drops all of them in silence if one cannot be resolved."""
    described = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    found = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    wanted = {name for name, output in template.get("Outputs", {}).items() if "Condition" not in output}
    if missing := sorted(wanted - set(found)):
        raise NotModelledError(f"Stack {stack} came out without its outputs {', '.join(missing)}.")
    return found
