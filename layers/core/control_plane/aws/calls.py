"""AWS's errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 (botocore's own name)

from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable, CallFailed

DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "Forbidden", "403"}
)
# Codes of several services' common errors; HyperPod models none of them.
UNAVAILABLE = frozenset(
    {
        "InternalError",
        "InternalException",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
        "Unavailable",
    }
)
# An error travels through the state machine, and a state carries 256 KiB: more than that, and nothing catches it.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
LONGEST_MESSAGE = 4000


@contextmanager
def calling(action: str) -> Iterator[None]:
    """Name the call that is about to be made; a bug stays a bug.

    Raises:
        AccessDenied: AWS says that we may not.
        AwsUnavailable: throttled, timed out, or AWS's own fault; whether it was applied is not known.
        AwsRefused: any other answer that is no success.
    """
    try:
        yield
    except ClientError as error:
        raise _in_our_words(action, error) from error
    except (ConnectionError, HTTPClientError) as error:
        raise AwsUnavailable(action, type(error).__name__, str(error)) from error


def _in_our_words(action: str, error: ClientError) -> CallFailed:
    code = error.response["Error"].get("Code", "Unknown")
    message = error.response["Error"].get("Message", "")[:LONGEST_MESSAGE]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in DENIED:
        return AccessDenied(action, code, message)
    if code in UNAVAILABLE or status >= 500:
        return AwsUnavailable(action, code, message)
    return AwsRefused(action, code, message)
