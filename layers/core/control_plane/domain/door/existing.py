"""The judgement on what is asked about a cluster that is there: to check its egress, or to put it under watch."""

import re
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

from control_plane.domain.door.judge import Judged, object_in
from control_plane.domain.door.own_part import check_own_part
from control_plane.domain.door.rules import TERM, UNKNOWN_TERM
from control_plane.domain.door.spots import Fault, Json, Spot, shown
from control_plane.domain.door.text import NotReadable, read_text, repeated_keys
from control_plane.domain.egress import Via
from control_plane.domain.findings import Finding, blocking
from control_plane.domain.request import Request
from control_plane.domain.run.outcome import ACCEPTED

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html
NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
REASON_MAX = 500
TERMS = ("RequestId", "Egress")


def judge_check(name: str, text: bytes) -> Judged:
    """Judge what is asked about the cluster of this name; an empty text asks for what its routes promise."""
    return _judged(text if text.strip() else b"{}", ("RequestId", "Egress"), name, (Via.ON_NODES,))


def judge_adoption(text: bytes) -> Judged:
    """Judge whether, and by what terms, a cluster is to be put under watch. Nodes are asked unless Prove says no."""
    return _judged(text, ("RequestId", "ClusterName", "Egress"))


def judge_adoption_body(body: Json) -> Judged:
    """As `judge_adoption`, of what is JSON already."""
    return _judged_body(body, ("RequestId", "ClusterName", "Egress"))


def judge_baseline(name: str, text: bytes) -> Judged:
    """Judge whether what is there now is to be the baseline, and why. No node is asked."""
    judged = _judged(text, ("RequestId", "Reason"), name, ())
    if judged.request is None:
        return judged
    reason = str(_read(text).get("Reason"))
    remedy = "Nothing. GET /runs/{id} tells who asked."
    accepted = Finding.of(ACCEPTED, subject=name, seen=reason, wanted="a reason", remedy=remedy)
    return Judged(judged.request, (*judged.findings, accepted))


def judge_acknowledgement(name: str, text: bytes) -> tuple[str | None, tuple[Finding, ...]]:
    """Why somebody need not be reminded of a drift; or None, and what is wrong with that."""
    judged = _judged(text, ("Reason",), name, ())
    return (str(_read(text).get("Reason")) if judged.request else None), judged.findings


def _read(text: bytes) -> dict[str, Json]:
    body = read_text(text)
    return body if isinstance(body, dict) else {}


def _judged(
    text: bytes, keys: Collection[str], name: str | None = None, prove: tuple[Via, ...] | None = None
) -> Judged:
    try:
        body = read_text(text)
    except NotReadable as error:
        return Judged(None, (error.fault.finding(),))
    return _judged_body(body, keys, name, prove)


def _judged_body(
    sent: Json, keys: Collection[str], name: str | None = None, prove: tuple[Via, ...] | None = None
) -> Judged:
    """
    Args:
        keys: that the body may have.
        name: of the cluster, where the path says it.
        prove: what is to be proved, where that is not the body's to say.
    """
    body = object_in(sent)
    if isinstance(body, Fault):
        return Judged(None, (body.finding(),))
    findings = tuple(fault.finding() for fault in _faults(name, body, keys))
    if blocking(findings):
        return Judged(None, findings)
    terms: dict[str, Any] = {key: body[key] for key in TERMS if key in body}
    asked = Request.from_wire({**terms, "Cluster": {"ClusterName": name or body["ClusterName"]}})
    if prove is not None:
        asked = asked.model_copy(update={"egress": asked.egress.model_copy(update={"prove": prove})})
    return Judged(asked, findings)


def _faults(name: str | None, body: dict[str, Json], keys: Collection[str]) -> Iterator[Fault]:
    root = Spot(body)
    said, spot = (body.get("ClusterName"), root.get("ClusterName")) if name is None else (name, root)
    if not isinstance(said, str) or not re.fullmatch(NAME, said):
        where = "a cluster's name" + ("" if name is None else " in the path")
        yield Fault(spot, TERM, shown(said), where, "Write the name of a cluster that is there.")
    if "Reason" in keys:
        yield from _reason(root.get("Reason"))
    for key in body.keys() - set(keys):
        remedy = "Take it out: the cluster is there, and nothing of it is changed."
        yield Fault(root.get(key), UNKNOWN_TERM, f"the key {shown(key)}", " and ".join(keys), remedy)
    known: dict[str, Any] = {key: body[key] for key in TERMS if key in body and key in keys}
    yield from chain(repeated_keys(root), check_own_part(Spot({**known, "Cluster": {}}), (), frozenset))


def _reason(spot: Spot) -> Iterator[Fault]:
    if not isinstance(spot.value, str) or not 1 <= len(spot.value.strip()) <= REASON_MAX:
        wanted = f"a text of at most {REASON_MAX} characters"
        yield Fault(spot, TERM, shown(spot.value), wanted, "Say why what is there now is wanted.")
