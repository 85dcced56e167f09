"""What a caller asks for: a cluster as AWS writes it, and our own terms beside it."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from control_plane.domain.cluster_shape import ClusterShape
from control_plane.domain.egress import Via
from control_plane.domain.wire import Wire

# Opened on a node or a probe instance, never by us; no character in it means anything to a shell.
URL_PATTERN = r"^https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]{0,200})?$"
REQUEST_ID_PATTERN = r"^[A-Za-z0-9._:-]{1,128}$"
DEFAULT_ECHO_URLS = ("https://checkip.amazonaws.com",)

Url = Annotated[str, Field(pattern=URL_PATTERN)]


class Contract(StrEnum):
    """What the caller says the network is."""

    NAT_GATEWAY = "NatGateway"
    CENTRAL = "Central"  # transit gateway, firewall, proxy: the addresses are not ours to read
    CLOSED = "Closed"  # no internet at all


class EgressTerms(Wire):
    contract: Contract = Contract.NAT_GATEWAY
    expected_public_ips: tuple[str, ...] = ()
    prove: tuple[Via, ...] = (Via.BEFORE_CREATE, Via.ON_NODES)
    echo_urls: Annotated[tuple[Url, ...], Field(min_length=1, max_length=5)] = DEFAULT_ECHO_URLS
    must_reach: Annotated[tuple[Url, ...], Field(max_length=20)] = ()
    must_not_reach: Annotated[tuple[Url, ...], Field(max_length=20)] = ()
    nodes_per_group: Annotated[int, Field(ge=1)] | Literal["All"] = 1


class OnFailure(StrEnum):
    KEEP = "Keep"  # leave the failed cluster for debugging
    DELETE = "Delete"


class Request(Wire):
    """A request in its full form; `cluster` is kept as it came, `shape` is how we read it."""

    request_id: Annotated[str, Field(pattern=REQUEST_ID_PATTERN)] | None = None
    cluster: dict[str, Any]
    egress: EgressTerms = EgressTerms()
    on_failure: OnFailure = OnFailure.KEEP
    deadline_minutes: Annotated[int, Field(ge=15, le=1440)] = 120
    suppress: tuple[str, ...] = ()

    @cached_property
    def shape(self) -> ClusterShape:
        return ClusterShape.model_validate(self.cluster)
