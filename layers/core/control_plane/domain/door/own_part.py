"""Our own terms: pydantic's errors in our words, and what must hold between terms."""

from collections.abc import Callable, Collection, Iterator
from itertools import chain

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from control_plane.domain.door.keys import unheard_of
from control_plane.domain.door.near_names import nearest
from control_plane.domain.door.rules import (
    BODY,
    CONTRADICTION,
    DOOR,
    ECHO_URLS,
    EXPECTED_IPS,
    FULL_FORM,
    PORT,
    PUBLIC_ADDRESS,
    SUPPRESS,
    TERM,
    UNKNOWN_TERM,
)
from control_plane.domain.door.spots import Fault, Spot, repeated, shown
from control_plane.domain.door.texts import empty, placeholder
from control_plane.domain.request import Contract, EgressTerms, Request

_RULES = {"port": PORT, "public_address": PUBLIC_ADDRESS}  # the errors that domain.request adds to pydantic's
_DEEPEST_TERM = 3  # $.Egress.EchoUrls[0]

Ids = Callable[[], Collection[str]]


def check_own_part(body: Spot, cluster_keys: Collection[str], suppressible: Ids) -> Iterator[Fault]:
    """Everything wrong with what stands beside Cluster; one fault a place."""
    told: set[str] = set()
    egress = body.get("Egress")
    for fault in chain(
        _check_placeholders(body, _DEEPEST_TERM),
        _check_fields(body, cluster_keys),
        _check_addresses(egress),
        _check_urls(egress),
        _check_suppress(body.get("Suppress"), suppressible),
    ):
        if fault.spot.path not in told:
            told.add(fault.spot.path)
            yield fault


def _check_placeholders(spot: Spot, depth: int) -> Iterator[Fault]:
    if fault := placeholder(spot, "a value"):
        yield fault
    if depth:
        named = (child for key, child in spot.members() if key != "Cluster")
        for child in chain(named, spot.items()):
            yield from _check_placeholders(child, depth - 1)


def _check_fields(body: Spot, cluster_keys: Collection[str]) -> Iterator[Fault]:
    try:
        Request.model_validate(body.fields | {"Cluster": {}}, by_alias=True, by_name=False)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield _in_our_words(body, details, cluster_keys)


def _in_our_words(body: Spot, details: ErrorDetails, cluster_keys: Collection[str]) -> Fault:
    spot, steps = _follow(body, details["loc"]), details["loc"]
    if not steps:  # pydantic goes no further where a key is no text
        return Fault(body, BODY, "a key with half a character in it", "keys that are texts", "Mend or remove that key.")
    nested = steps[0] == "Egress" and len(steps) > 1
    fields = _fields(EgressTerms if nested else Request)
    key = str(steps[nested])
    if details["type"] == "extra_forbidden":
        misplaced = not nested and key in cluster_keys
        return _beside_cluster(spot, key) if misplaced else unheard_of(spot, key, fields, UNKNOWN_TERM)
    wanted = fields[key].description or ""
    if spot.value == "":
        return empty(spot, wanted)
    seen = f"{len(spot.entries)} entries" if details["type"] == "too_long" else shown(spot.value)
    return Fault(spot, _RULES.get(details["type"], TERM), seen, wanted, f"Write {wanted}.")


def _beside_cluster(spot: Spot, key: str) -> Fault:
    wanted = "CreateCluster's keys under Cluster"
    return Fault(spot, FULL_FORM, f"{key} beside Cluster", wanted, "Move it into Cluster.")


def _follow(body: Spot, steps: tuple[int | str, ...]) -> Spot:
    spot = body
    for step in steps:
        if isinstance(step, int):
            spot = spot.at(step)
        elif spot.fields:  # otherwise pydantic names a member of a union, not a key of the body
            spot = spot.get(step)
    return spot


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias: field for field in model.model_fields.values() if field.alias}


def _check_addresses(egress: Spot) -> Iterator[Fault]:
    contract, addresses = egress.get("Contract").value, egress.get("ExpectedPublicIps")
    if contract == Contract.CENTRAL and not addresses.value:
        remedy = "List the addresses that your network shows to the internet."
        yield Fault(addresses, EXPECTED_IPS, "none", "the addresses to expect, with Contract Central", remedy)
    if contract == Contract.CLOSED and addresses.value:
        remedy = "Leave them out, or name another Contract."
        yield Fault(addresses, EXPECTED_IPS, shown(addresses.value), "none, with Contract Closed", remedy)
    for address, first in repeated(addresses.items()):
        seen = f"{shown(address.value)}, as at {first.path}"
        yield Fault(address, PUBLIC_ADDRESS, seen, "each address once", "Take one of them out.")


def _check_urls(egress: Spot) -> Iterator[Fault]:
    echo_urls = egress.get("EchoUrls")
    if echo_urls.value == [] and egress.get("Prove").value != []:
        remedy = 'Name one, leave the key out for the default, or turn the proof off with "Prove": [].'
        yield Fault(echo_urls, ECHO_URLS, "none", "at least one, where something is to be proved", remedy)
    must_reach = {spot.value for spot in egress.get("MustReach").items() if isinstance(spot.value, str)}
    for spot in egress.get("MustNotReach").items():
        if isinstance(spot.value, str) and spot.value in must_reach:
            remedy = "Take it out of MustReach or out of MustNotReach."
            yield Fault(spot, CONTRADICTION, f"{shown(spot.value)} in both lists", "a URL in one list only", remedy)


def _check_suppress(suppress: Spot, suppressible: Ids) -> Iterator[Fault]:
    wanted = "the id of a rule of the account check"
    for spot in suppress.items():
        if not isinstance(spot.value, str) or spot.value in suppressible():
            continue
        near = nearest(spot.value, suppressible())
        remedy = f"Did you mean {near}? Write that." if near else "Take it out; docs/rules.md lists the rules."
        if spot.value.startswith(DOOR):
            remedy = "Take it out and mend the request: its shape cannot be accepted knowingly."
        yield Fault(spot, SUPPRESS, shown(spot.value), wanted, remedy)
