"""The way to a session's channel, as StartSession says it; token and signature go there, so it is looked at first.

It is used exactly as it came, and never put together anew: its query holds raw "+" and "/".
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Scheme, authority, and what stands in the request line: printable ASCII without "#".
URL = re.compile(r'([a-z]+)://([!"$-.0->@-~]*)(/[!"$-~]*)')
LOOPBACK = re.compile(r"127\.0\.0\.1:[1-9][0-9]{0,4}")


class WrongStreamUrl(Exception):
    """It does not lead to this session; the text says why, and repeats neither path nor query."""


class StreamUrl(NamedTuple):
    secure: bool
    host: str
    port: int
    target: str  # path and query

    @property
    def authority(self) -> str:
        """What its Host header says.

        >>> StreamUrl(secure=True, host="a.example", port=443, target="/").authority
        'a.example'
        """
        usual = 443 if self.secure else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


def read_stream_url(text: str, *, session_id: str, region: str, loopback: bool = False) -> StreamUrl:
    """
    Args:
        loopback: whether ``ws://127.0.0.1:<port>`` will do as well, as in a test.

    Raises:
        WrongStreamUrl: it does not lead to this session at this region's Session Manager.
    """
    found = URL.fullmatch(text)
    if not found:
        raise WrongStreamUrl("It is no URL of the form wss://host/path?query.")
    scheme, authority, target = found.groups()
    host, _, port = authority.partition(":")
    near = loopback and scheme == "ws" and LOOPBACK.fullmatch(authority) and int(port) < 1 << 16
    for fault in () if near else _faults(scheme, authority, region):
        raise WrongStreamUrl(fault)
    url = StreamUrl(secure=not near, host=host, port=int(port or 443), target=target)
    if url.path != f"/v1/data-channel/{session_id}":
        raise WrongStreamUrl("Its path is not /v1/data-channel/ and this session's id.")
    return url


def _faults(scheme: str, authority: str, region: str) -> Iterator[str]:
    host, _, port = authority.rpartition("@")[2].partition(":")
    if scheme != "wss":
        yield f"Its scheme is {scheme[:20]}, not wss."
    if "@" in authority:
        yield "It names a user before the host."
    if port not in ("", "443"):
        yield "Its port is not 443."
    if not _is_session_manager(host, region):
        yield f"{host[:253]!r} is no ssmmessages endpoint of {region}."


def _is_session_manager(host: str, region: str) -> bool:
    """Compared by whole DNS labels; a VPC endpoint's own name has one more in front.

    https://docs.aws.amazon.com/general/latest/gr/ssm.html
    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-dns-hostnames
    """
    china = region.startswith("cn-")
    domain, dual_stack = ("amazonaws.com.cn", "api.amazonwebservices.com.cn") if china else ("amazonaws.com", "api.aws")
    first, _, rest = host.partition(".")
    if re.fullmatch("vpce-[a-z0-9-]+", first):
        return rest == f"ssmmessages.{region}.vpce.{domain}"
    return first in ("ssmmessages", "ssmmessages-fips") and rest in (f"{region}.{domain}", f"{region}.{dual_stack}")
