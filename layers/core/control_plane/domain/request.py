"""What a caller asks for: a cluster as AWS writes it, and our own terms beside it.

A field's description ends the sentence "wanted: …" in a finding, and stands in the API's own description.
"""

import json
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.egress import Via
from control_plane.domain.wire import Wire

# Opened on a node or a probe instance, never by us; no character in it means anything to a shell.
URL_PATTERN = r"^https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]{0,200})?$"
REQUEST_ID_PATTERN = r"^[A-Za-z0-9._:-]{1,128}$"
DEFAULT_ECHO_URLS = ("https://checkip.amazonaws.com",)
HIGHEST_PORT = 65535
REQUEST_MAX = 256 * 1024  # bytes of JSON

# From where nobody on the internet is seen: https://www.iana.org/assignments/iana-ipv4-special-registry/
# The three networks kept for documentation are not among them: examples are written with them.
NEVER_PUBLIC = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)


def _public_address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise PydanticCustomError("public_address", "no IPv4 address") from None
    if any(address in network for network in NEVER_PUBLIC):
        raise PydanticCustomError("public_address", "not public")
    return text


def _port(url: str) -> str:
    _, _, port = url.removeprefix("https://").partition("/")[0].partition(":")
    if port and not 1 <= int(port) <= HIGHEST_PORT:
        raise PydanticCustomError("port", "no such port")
    return url


PublicAddress = Annotated[str, AfterValidator(_public_address)]
Url = Annotated[str, Field(pattern=URL_PATTERN), AfterValidator(_port)]
URL_IN_WORDS = "https URLs without user, query or fragment, in a list"


class Contract(StrEnum):
    """What the caller says the network is."""

    NAT_GATEWAY = "NatGateway"
    CENTRAL = "Central"  # transit gateway, firewall, proxy: the addresses are not ours to read
    CLOSED = "Closed"  # no internet at all


class EgressTerms(Wire):
    """How the cluster's traffic should leave, and how that is to be proved."""

    contract: Annotated[Contract, Field(description="NatGateway, Central or Closed")] = Contract.NAT_GATEWAY
    expected_public_ips: Annotated[
        tuple[PublicAddress, ...], Field(description='public IPv4 addresses in a list, such as ["203.0.113.10"]')
    ] = ()
    prove: Annotated[tuple[Via, ...], Field(description="BeforeCreate, OnNodes, both or neither, in a list")] = tuple(
        Via
    )
    echo_urls: Annotated[tuple[Url, ...], Field(max_length=5, description=f"at most 5 {URL_IN_WORDS}")] = (
        DEFAULT_ECHO_URLS
    )
    must_reach: Annotated[tuple[Url, ...], Field(max_length=20, description=f"at most 20 {URL_IN_WORDS}")] = ()
    must_not_reach: Annotated[tuple[Url, ...], Field(max_length=20, description=f"at most 20 {URL_IN_WORDS}")] = ()
    nodes_per_group: Annotated[
        Annotated[int, Field(ge=1, strict=True)] | Literal["All"], Field(description="a whole number from 1, or All")
    ] = 1


class OnFailure(StrEnum):
    KEEP = "Keep"  # leave the failed cluster for debugging
    DELETE = "Delete"


class Request(Wire):
    """A request in its full form; `cluster` is kept as it came, `shape` is how we read it."""

    request_id: Annotated[
        str | None, Field(pattern=REQUEST_ID_PATTERN, description="1 to 128 letters, digits and . _ : -")
    ] = None
    cluster: Annotated[dict[str, Any], Field(description="an object, as CreateCluster takes it")]
    egress: Annotated[EgressTerms, Field(description="an object")] = Field(default_factory=EgressTerms)
    on_failure: Annotated[OnFailure, Field(description="Keep or Delete")] = OnFailure.KEEP
    deadline_minutes: Annotated[
        int, Field(ge=15, le=1440, strict=True, description="a whole number from 15 to 1440")
    ] = 120
    suppress: Annotated[tuple[str, ...], Field(description="ids of rules of the account check, in a list")] = ()

    @cached_property
    def shape(self) -> ClusterShape:
        return ClusterShape.model_validate(self.cluster)


class Scope(Wire):
    """What of a cluster is asked about, and what it is held against."""

    instance_group_names: tuple[str, ...] = ()  # none: all groups
    baseline: str | None = None  # the run whose baseline promised; None: the routes promise, as they are by then


class Reproof(Request):
    """What the watch asks for by itself. No door takes a scope: it is no part of what callers may ask."""

    scope: Scope


def scope_of(request: Request) -> Scope:
    return request.scope if isinstance(request, Reproof) else Scope()


def stored_request(body: str) -> Request:
    """A request as it was accepted."""
    shape = json.loads(body)
    return (Reproof if "Scope" in shape else Request).from_wire(shape)


def request_fingerprint(request: Request) -> str:
    """What is asked for, as a hash: the same however its keys are ordered, and under whatever RequestId.

    What is left out counts as its default, so that a repeat in the full form meets the short one.
    """
    asked = request.model_dump(mode="json", by_alias=True, exclude={"request_id"})
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
