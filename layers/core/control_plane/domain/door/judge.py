"""The judgement on a request's shape: all faults in one answer, in the order of the document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from control_plane.domain.door.cluster_rules import check_cluster
from control_plane.domain.door.full_form import full_form
from control_plane.domain.door.keys import in_awss_names
from control_plane.domain.door.model import Model
from control_plane.domain.door.own_part import Ids, check_own_part
from control_plane.domain.door.rules import BODY, BODY_SIZE, NESTING, TOO_MANY
from control_plane.domain.door.shape_check import check_shape
from control_plane.domain.door.spots import Fault, Json, Spot, shown
from control_plane.domain.door.text import DEEPEST, NotReadable, read_text, repeated_keys
from control_plane.domain.findings import Finding, blocking
from control_plane.domain.request import REQUEST_MAX, Request

MOST_FAULTS = 1000  # in one answer; a hostile body could hold a hundred thousand


@dataclass(frozen=True)
class Judged:
    """A request that can be worked on, or None and the findings that are in its way. Remarks come with either."""

    request: Request | None
    findings: tuple[Finding, ...]


def judge_text(text: str | bytes, model: Model, suppressible: Ids = frozenset) -> Judged:
    """Judge a body as it came over HTTP."""
    try:
        body = read_text(text)
    except NotReadable as error:
        return Judged(None, (error.fault.finding(),))
    return judge_body(body, model, suppressible)


def judge_body(body: Json, model: Model, suppressible: Ids = frozenset) -> Judged:
    """Judge a body that is JSON already.

    Args:
        body: as `json.loads` gives it.
        model: what CreateCluster takes.
        suppressible: gives the ids of the account rules that a request may accept knowingly; few requests do.
    """
    asked = object_in(body)
    if isinstance(asked, Fault):
        return Judged(None, (asked.finding(),))
    cluster_keys = model[model.root].members
    full, misplaced = full_form(asked, cluster_keys)
    root = Spot(full)
    faults = chain(
        misplaced,
        repeated_keys(root),
        _check_cluster(root, model),
        check_own_part(root, cluster_keys, suppressible),
    )
    findings = tuple(_told(faults))
    return Judged(None if blocking(findings) else Request.from_wire(full), findings)


def object_in(body: Json) -> dict[str, Any] | Fault:
    """The body, where it is an object that can be judged; otherwise what is wrong with it."""
    root = Spot(None)
    if not isinstance(body, dict):
        return Fault(root, BODY, shown(body), "one JSON object", "Send an object.")
    try:
        size = len(json.dumps(body, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:  # a text is measured before it is read; an event comes as it is
        return Fault(root, NESTING, "levels without end", f"at most {DEEPEST} levels", "Send the request itself.")
    if size > REQUEST_MAX:
        return Fault(root, BODY_SIZE, f"{size} bytes", f"at most {REQUEST_MAX} bytes", "Ask for fewer groups at once.")
    return body


def _check_cluster(root: Spot, model: Model) -> Iterator[Fault]:
    if "Cluster" not in root.fields:
        return
    written, shape = root.get("Cluster"), model[model.root]
    yield from check_shape(written, shape, model)
    if isinstance(written.value, dict):
        yield from check_cluster(Spot(in_awss_names(written.value, shape, model), written.path, written.rank))


def _told(faults: Iterator[Fault]) -> Iterator[Finding]:
    found = list(islice(faults, MOST_FAULTS + 1))
    for fault in sorted(found[:MOST_FAULTS], key=lambda fault: fault.spot.rank):
        yield fault.finding()
    if len(found) > MOST_FAULTS:
        wanted, remedy = "one answer that holds them all", "Mend these and ask again."
        yield Fault(Spot(None), TOO_MANY, f"more than {MOST_FAULTS} faults", wanted, remedy).finding()
