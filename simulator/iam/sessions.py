"""What calls of Session Manager need."""

import re
from collections.abc import Iterator

from simulator.context import ACCOUNT
from simulator.iam.calls import Asked, arn, keys, on
from simulator.iam.policies import Ask
from simulator.iam.resources import Resources


@on("ssm:StartSession")
def _start_session(asked: Asked, _: Resources) -> Iterator[Ask]:
    """The document and the target, each of its own. A node is its cluster here, as it is in accounts that were seen.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
    """
    checked = keys({"ssm:SessionDocumentAccessCheck": ("true",)})
    name, target = asked.json.get("DocumentName", "SSM-SessionManagerRunShell"), asked.json["Target"]
    aws_owned = "" if name.startswith("AWS-") else ACCOUNT
    yield Ask(asked.action, name if name.startswith("arn:") else arn("ssm", f"document/{name}", aws_owned), checked)
    cluster = re.match("sagemaker-cluster:([^_]+)_", target)
    yield Ask(
        asked.action,
        arn("sagemaker", f"cluster/{cluster[1]}") if cluster else arn("ec2", f"instance/{target}"),
        checked,
    )


@on("ssm:TerminateSession")
def _terminate_session(asked: Asked, _: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, arn("ssm", f"session/{asked.json['SessionId']}"))


@on("ssmmessages:OpenDataChannel")
def _open_data_channel(asked: Asked, _: Resources) -> Iterator[Ask]:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html"""
    yield Ask(asked.action, arn("ssm", f"session/{asked.environ['PATH_INFO'].rpartition('/')[2]}"))
