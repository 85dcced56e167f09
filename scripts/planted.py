"""A fault for each scanner to find: one that does not has not looked, and its silence about the rest means nothing."""

import json
from pathlib import Path
from typing import Any

MODULE = "import os\n\nos.system(input())\n"
# In pieces: whole, they would be findings here.
WEBHOOK = "/".join(["https://hooks.slack.com/services", "T0KQ7NB1E", "B0M4X2R9D", "c8JqVw3Z" * 3])
ACCESS_KEY = "AKIA" + "Q7NB1EZM" * 2
MACHINE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Here",
    "States": {"Here": {"Type": "Pass", "Output": "{% $count($states.input %}", "Next": "Nowhere"}},
}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
                },
                "Policies": [
                    {
                        "PolicyName": "Everything",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {"Effect": "Allow", "Action": ["*", "sagemaker:DescribeClutser"], "Resource": "*"}
                            ],
                        },
                    }
                ],
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionString": json.dumps(MACHINE)},
        },
    }
}

# What each scanner has to report of them, by its own name for it.
FAULTS = {
    "ruff": {"S605"},
    "bandit": {"B605"},
    "detect-secrets": {"AWS Access Key", "Slack Token"},
    "cfn-lint": {"W3037"},
    "states": {"statelint", "JSONata"},
    "checkov": {"CKV_AWS_62"},
}


def plant(folder: Path) -> list[Path]:
    contents = {
        "planted.py": MODULE,
        "planted.txt": f"{WEBHOOK}\n{ACCESS_KEY}\n",
        "planted.template.json": json.dumps(TEMPLATE),
    }
    for name, text in contents.items():
        (folder / name).write_text(text)
    return [folder / name for name in contents]
