"""The signature of an upgrade request, version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

SERVICE, ALGORITHM = "ssmmessages", "AWS4-HMAC-SHA256"
NOTHING = hashlib.sha256(b"").hexdigest()  # an upgrade has no body
UNRESERVED = "-_.~"
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=(?P<key>[^/,\s]+)/"
    r"(?P<scope>(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request), ?"
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class Unsigned(Exception):
    """It is not signed, or not so; the text says what is wrong."""


@dataclass(frozen=True)
class Upgrade:
    """A request to upgrade: its target as it is on the request line, and its headers by their names in lower case."""

    target: str
    headers: Mapping[str, str]


def signer(upgrade: Upgrade, region: str, secret: str | None) -> str:
    """Whose access key an upgrade is signed with.

    Args:
        secret: the key's own; None for somebody outside, of whom the simulator knows none: then the form must do.

    Raises:
        Unsigned
    """
    found = AUTHORIZATION.fullmatch(upgrade.headers.get("authorization", ""))
    if found is None:
        raise Unsigned(f"It has no Authorization of {ALGORITHM}.")
    date, signed = upgrade.headers.get("x-amz-date", ""), found["signed"].split(";")
    wanted = ["host", "x-amz-date", *(["x-amz-security-token"] if "x-amz-security-token" in upgrade.headers else [])]
    if signed != wanted:
        raise Unsigned(f"It signs {', '.join(signed)} instead of {', '.join(wanted)}.")
    if (found["service"], found["region"], found["day"]) != (SERVICE, region, date[:8]):
        raise Unsigned(f"It is signed for {found['scope']}, on {date}.")
    text = f"{ALGORITHM}\n{date}\n{found['scope']}\n{_hex(canonical(upgrade, signed))}"
    if secret is not None and not hmac.compare_digest(_signature(secret, found["scope"], text), found["signature"]):
        raise Unsigned("The request signature does not match.")
    return found["key"]


def canonical(upgrade: Upgrade, signed: list[str]) -> str:
    """The text of which the signature is made. The query is read as a form first: a raw "+" in it is a space."""
    path, _, query = upgrade.target.partition("?")
    pairs = sorted(parse_qsl(query, keep_blank_values=True), key=lambda pair: pair[0])
    form = "&".join(f"{quote(name, safe=UNRESERVED)}={quote(value, safe=UNRESERVED)}" for name, value in pairs)
    headers = "".join(f"{name}:{' '.join(upgrade.headers[name].split())}\n" for name in signed)
    return "\n".join(["GET", quote(path, safe=UNRESERVED + "/"), form, headers, ";".join(signed), NOTHING])


def _signature(secret: str, scope: str, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
