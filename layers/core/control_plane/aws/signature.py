"""The headers that prove who opens a data channel: Signature Version 4 on the upgrade request.

The service decodes the query before it checks the signature ("+" is a space), while the request line keeps it as it is.
botocore signs the text of a URL's query undecoded, so the decoded pairs are handed to it instead.

Source: https://github.com/aws/session-manager-plugin/blob/mainline/src/communicator/websocketchannel.go
"""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from control_plane.errors import Misconfigured
from control_plane.session.stream_url import StreamUrl

if TYPE_CHECKING:
    from botocore.credentials import Credentials

SERVICE = "ssmmessages"
PRESIGNED = frozenset(
    {
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    }
)


def signed_headers(url: StreamUrl, region: str, credentials: "Credentials | None") -> dict[str, str]:
    """Authorization, X-Amz-Date and, with temporary credentials, X-Amz-Security-Token; none for a presigned URL.

    Raises:
        Misconfigured: there are no credentials to sign with.
    """
    query = parse_qsl(url.query, keep_blank_values=True)
    if PRESIGNED & {name for name, _ in query}:
        return {}
    if credentials is None:
        raise Misconfigured("There are no AWS credentials to sign with. Run this under a role.")
    scheme = "https" if url.secure else "http"
    request = AWSRequest(
        "GET",
        f"{scheme}://{url.authority}{url.path}",
        params=query,  # type: ignore[arg-type]  # the stubs ask for a mapping, which holds no name twice; botocore takes pairs
    )
    SigV4Auth(credentials.get_frozen_credentials(), SERVICE, region).add_auth(request)
    return dict(request.headers.items())
