"""The SAM template as the CloudFormation that gets deployed: in this process, without account, network or SAM CLI.

Linters, contract tests and the simulator read this form: roles, rules and the state machine's text are only here.
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "not-uploaded"  # SAM wants an S3 address for code; the key is the folder, relative to ROOT
REGION = "ap-northeast-1"  # SAM wants one to tell the partition; the result names none


def read_template(path: Path) -> dict[str, Any]:
    """Read a template with its short forms, ``!Ref`` and the like, written out."""
    return dict(yaml_parse(path.read_text()))  # type: ignore[no-untyped-call]  # it has no types


def transformed(path: Path = ROOT / "template.yaml") -> dict[str, Any]:
    """Transform a template. Code is addressed as ``{"S3Bucket": BUCKET, "S3Key": "functions/<step>"}``.

    Raises:
        InvalidDocumentException: SAM does not accept the template; its causes say where.
    """
    template = read_template(path)
    for resource in template["Resources"].values():
        _localise(resource["Properties"], path.parent)
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    result: dict[str, Any] = translator.translate(template, parameter_values={})
    for resource in result["Resources"].values():
        _join_definition(resource.get("Properties", {}))
    return result


def _localise(properties: dict[str, Any], root: Path) -> None:
    for name in {"CodeUri", "ContentUri"} & properties.keys():
        properties[name] = f"s3://{BUCKET}/{properties[name]}"
    if definition := properties.pop("DefinitionUri", None):
        properties["Definition"] = read_template(root / definition)


def _join_definition(properties: dict[str, Any]) -> None:
    """SAM writes a state machine's text as a join of its lines."""
    match properties.get("DefinitionString"):
        case {"Fn::Join": [separator, lines]}:
            properties["DefinitionString"] = separator.join(lines)


if __name__ == "__main__":
    json.dump(transformed(), sys.stdout, indent=1)
