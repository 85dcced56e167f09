"""Pages of the AWS console, for people to open."""

HOST = "console.aws.amazon.com"
HOSTS = {"aws-us-gov": "console.amazonaws-us-gov.com", "aws-cn": "console.amazonaws.cn"}


def execution_url(state_machine_arn: str, name: str) -> str:
    """The page of one execution.

    >>> execution_url("arn:aws:states:eu-west-1:123456789012:stateMachine:provision", "run-1").partition("#")[2]
    '/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:provision:run-1'
    """
    _, partition, _, region, _ = state_machine_arn.split(":", 4)
    execution_arn = f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    home = f"https://{region}.{HOSTS.get(partition, HOST)}/states/home?region={region}"
    return f"{home}#/v2/executions/details/{execution_arn}"
