"""Why a step could not do its work. What a check finds wrong is a value (`domain.findings`), not an error.

A class name is what Step Functions matches in Retry and Catch: renaming one is a change of the state machine.
"""


class ControlPlaneError(Exception):
    """Root of all of them; its text says where, what, and what to do next."""


class RequestRejected(ControlPlaneError):
    """What was asked can never be done; asking again changes nothing."""


class NameInUse(RequestRejected):
    """A cluster of this name exists, and this run did not make it."""


class RunNotFound(ControlPlaneError):
    """No run has this id."""


class RunOver(ControlPlaneError):
    """The run has ended or is being ended by somebody else; nothing more may be done in its name."""


class DeadlinePassed(ControlPlaneError):
    """The run is past its deadline; nothing new may be started in its name."""


class Misconfigured(ControlPlaneError):
    """The deployment lacks something this function needs: an environment variable, a parameter, a secret's form."""


class CallFailed(ControlPlaneError):
    """A call to AWS did not do what it was for."""

    def __init__(self, action: str, code: str, message: str) -> None:
        """
        Args:
            action: the IAM action, ``"ec2:DescribeSubnets"``.
            code: AWS's error code, or the name of the transport error.
            message: AWS's own text.
        """
        super().__init__(f"{action}: {code}: {message}")
        self.action, self.code, self.message = action, code, message


class AccessDenied(CallFailed):
    """The function may not make the call. Never retried: a policy does not mend itself."""

    def __str__(self) -> str:
        return f"This function may not call {self.action}. Add it to the function's policy and deploy. ({self.message})"


class AwsUnavailable(CallFailed):
    """Throttled, timed out, or AWS's own fault; whether it was applied is not known. The state machine asks again."""


class NotYet(AwsUnavailable):
    """In some minutes the answer will be another: something is being changed, or does not show yet."""


class AwsRefused(CallFailed):
    """AWS understood the call and said no."""
