"""Systems Manager's Run Command: who can be asked, asking, and what was answered."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.domain.probe.answer import OUTPUT_LIMIT
from control_plane.domain.probe.ledger import DELIVERY_TIMEOUT
from control_plane.domain.wire import Wire
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import CommandInvocationTypeDef

READS = frozenset({"ssm:DescribeInstanceInformation", "ssm:ListCommandInvocations"})
WRITES = frozenset({"ssm:SendCommand"})
ACTIONS = READS | WRITES

MOST_IDS = 50  # in one call: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
DONE = frozenset({"Success", "Cancelled", "TimedOut", "Failed"})
NOT_YET = frozenset({"InvalidCommandId", "InvocationDoesNotExist"})  # right after SendCommand


class Invocation(Wire):
    """A command on one instance. Of its output AWS shows the first 2,500 characters."""

    status: str  # AWS's detailed one: Success, DeliveryTimedOut, Undeliverable, ...
    done: bool
    output: str


class RunCommand:
    def __init__(self, ssm: "SSMClient", document: str) -> None:
        self._ssm, self._document = ssm, document

    def online(self, instance_ids: Sequence[str]) -> frozenset[str]:
        """Those of the instances whose agent can be asked now."""
        found: set[str] = set()
        for some in _fifties(instance_ids):
            with calling("ssm:DescribeInstanceInformation"):
                pages = self._ssm.get_paginator("describe_instance_information").paginate(
                    Filters=[{"Key": "InstanceIds", "Values": some}]
                )
                known = [instance for page in pages for instance in page["InstanceInformationList"]]
            found |= {instance["InstanceId"] for instance in known if instance["PingStatus"] == "Online"}
        return frozenset(found)

    def send(self, instance_ids: Sequence[str], parameters: Mapping[str, str]) -> tuple[str, ...]:
        """Ask all of them, and say the commands' ids; asking twice costs a second answer and no harm."""
        values = {name: [value] for name, value in parameters.items()}
        return tuple(self._send(some, values) for some in _fifties(instance_ids))

    def _send(self, instance_ids: list[str], values: dict[str, list[str]]) -> str:
        with calling("ssm:SendCommand"):
            answer = self._ssm.send_command(
                DocumentName=self._document,
                InstanceIds=instance_ids,
                Parameters=values,
                TimeoutSeconds=DELIVERY_TIMEOUT.seconds,
            )
        return answer["Command"]["CommandId"]

    def invocations(self, command_id: str) -> dict[str, Invocation]:
        """What became of a command, by instance; an instance that is missing does not know of it yet."""
        try:
            with calling("ssm:ListCommandInvocations"):
                pages = self._ssm.get_paginator("list_command_invocations").paginate(CommandId=command_id, Details=True)
                found = [one for page in pages for one in page["CommandInvocations"]]
        except AwsRefused as error:
            if error.code in NOT_YET:
                return {}
            raise
        return {one["InstanceId"]: _invocation(one) for one in found}


def _invocation(one: "CommandInvocationTypeDef") -> Invocation:
    output = "".join(plugin.get("Output", "") for plugin in one.get("CommandPlugins", []))
    # From a machine that we did not build: text that can be kept, and no more of it than could be an answer.
    kept = output.encode(errors="replace").decode().strip()[: OUTPUT_LIMIT + 1]
    return Invocation(status=one["StatusDetails"], done=one["Status"] in DONE, output=kept)


def _fifties(instance_ids: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(instance_ids)
    while some := list(islice(rest, MOST_IDS)):
        yield some
