"""Run Command as botocore's model knows it: what is asked is checked against it, and so is what we have it answer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from control_plane.aws.run_command import Invocation, RunCommand
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
COMMAND = "00000000-0000-0000-0000-000000000001"
PARAMETERS = {"Nonce": "0" * 32, "MustReach": "-"}


@pytest.fixture
def ssm() -> "SSMClient":
    return boto3.client("ssm")


@pytest.fixture
def answers(ssm: "SSMClient") -> Iterator[Stubber]:
    with Stubber(ssm) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def command(ssm: "SSMClient") -> RunCommand:
    return RunCommand(ssm, "egress-probe")


def ids(many: int) -> list[str]:
    return [f"i-{number:017x}" for number in range(many)]


def known(instance_id: str, status: str = "Online") -> dict[str, Any]:
    return {"InstanceId": instance_id, "PingStatus": status, "LastPingDateTime": NOON}


def invocation(instance_id: str, status: str, output: str = "", details: str | None = None) -> dict[str, Any]:
    plugins = [{"Name": "probe", "Status": status, "Output": output}] if output else []
    return {
        "CommandId": COMMAND,
        "InstanceId": instance_id,
        "Status": status,
        "StatusDetails": details or status,
        "CommandPlugins": plugins,
    }


def test_only_agents_that_answer_now_can_be_asked(answers: Stubber, command: RunCommand) -> None:
    first, second, third = ids(3)
    asked = {"Filters": [{"Key": "InstanceIds", "Values": [first, second, third]}]}
    answers.add_response(
        "describe_instance_information",
        {"InstanceInformationList": [known(first), known(second, "ConnectionLost")]},
        asked,
    )
    assert command.online([first, second, third]) == {first}


def test_all_pages_are_read(answers: Stubber, command: RunCommand) -> None:
    first, second = ids(2)
    asked = {"Filters": [{"Key": "InstanceIds", "Values": [first, second]}]}
    page = {"InstanceInformationList": [known(first)], "NextToken": "more"}
    answers.add_response("describe_instance_information", page, asked)
    answers.add_response(
        "describe_instance_information", {"InstanceInformationList": [known(second)]}, asked | {"NextToken": "more"}
    )
    assert command.online([first, second]) == {first, second}


@pytest.mark.parametrize(("many", "calls"), [(1, [1]), (50, [50]), (51, [50, 1]), (120, [50, 50, 20])], ids=str)
def test_one_command_asks_fifty(many: int, calls: list[int], answers: Stubber, command: RunCommand) -> None:
    for number, size in enumerate(calls):
        start = 50 * number
        answers.add_response(
            "send_command",
            {"Command": {"CommandId": f"{number:036d}"}},
            {
                "DocumentName": "egress-probe",
                "InstanceIds": ids(many)[start : start + size],
                "Parameters": {"Nonce": ["0" * 32], "MustReach": ["-"]},
                "TimeoutSeconds": 60,
            },
        )
    assert command.send(ids(many), PARAMETERS) == tuple(f"{number:036d}" for number in range(len(calls)))


def test_what_was_answered_is_told_by_instance(answers: Stubber, command: RunCommand) -> None:
    said, late, lost, new = ids(4)
    asked = {"CommandId": COMMAND, "Details": True}
    page = [invocation(said, "Success", '{"nonce":"0"}\n'), invocation(late, "InProgress")]
    answers.add_response("list_command_invocations", {"CommandInvocations": page, "NextToken": "more"}, asked)
    rest = [invocation(lost, "TimedOut", details="DeliveryTimedOut"), invocation(new, "Pending")]
    answers.add_response("list_command_invocations", {"CommandInvocations": rest}, asked | {"NextToken": "more"})

    assert command.invocations(COMMAND) == {
        said: Invocation(status="Success", done=True, output='{"nonce":"0"}'),
        late: Invocation(status="InProgress", done=False, output=""),
        lost: Invocation(status="DeliveryTimedOut", done=True, output=""),
        new: Invocation(status="Pending", done=False, output=""),
    }


@pytest.mark.parametrize("code", ["InvalidCommandId", "InvocationDoesNotExist"])
def test_a_command_that_ssm_does_not_know_yet_has_no_answers_yet(
    code: str, answers: Stubber, command: RunCommand
) -> None:
    answers.add_client_error("list_command_invocations", code, http_status_code=400)
    assert command.invocations(COMMAND) == {}


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDeniedException", 400, AccessDenied),
        ("ThrottlingException", 400, AwsUnavailable),
        ("InternalServerError", 500, AwsUnavailable),
        ("InvalidDocument", 400, AwsRefused),
        ("InvalidInstanceId", 400, AwsRefused),
    ],
)
def test_refusals_come_out_in_our_words(
    code: str, status: int, error: type[Exception], answers: Stubber, command: RunCommand
) -> None:
    answers.add_client_error("send_command", code, http_status_code=status)
    with pytest.raises(error, match="ssm:SendCommand"):
        command.send(ids(1), PARAMETERS)
