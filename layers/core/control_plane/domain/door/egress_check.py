"""The judgement on a request to check the egress of a cluster that is there: how should its traffic leave?"""

import re
from collections.abc import Iterator
from itertools import chain

from control_plane.domain.door.judge import Judged, out_of_bounds
from control_plane.domain.door.own_part import check_own_part
from control_plane.domain.door.rules import BODY, TERM, UNKNOWN_TERM
from control_plane.domain.door.spots import Fault, Json, Spot, shown
from control_plane.domain.door.text import NotReadable, read_text, repeated_keys
from control_plane.domain.egress import Via
from control_plane.domain.findings import blocking
from control_plane.domain.request import Request

KEYS = ("RequestId", "Egress")
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html
NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"


def judge_check(name: str, text: bytes) -> Judged:
    """Judge what is asked about the cluster of this name; an empty text asks for what its routes promise."""
    try:
        body = read_text(text) if text.strip() else {}
    except NotReadable as error:
        return Judged(None, (error.fault.finding(),))
    if not isinstance(body, dict):
        return Judged(None, (Fault(Spot(body), BODY, shown(body), "one JSON object", "Send an object.").finding(),))
    if fault := out_of_bounds(body):
        return Judged(None, (fault.finding(),))
    findings = tuple(fault.finding() for fault in _faults(name, body))
    if blocking(findings):
        return Judged(None, findings)
    asked = Request.from_wire({**body, "Cluster": {"ClusterName": name}})
    return Judged(
        asked.model_copy(update={"egress": asked.egress.model_copy(update={"prove": (Via.ON_NODES,)})}), findings
    )


def _faults(name: str, body: dict[str, Json]) -> Iterator[Fault]:
    root = Spot(body)
    if not re.fullmatch(NAME, name):
        yield Fault(
            root, TERM, shown(name), "a cluster's name in the path", "Write the name of a cluster that is there."
        )
    known = {key: value for key, value in body.items() if key in KEYS}
    for key in body.keys() - known:
        remedy = "Take it out: the cluster is there, and nothing of it is changed."
        yield Fault(root.get(key), UNKNOWN_TERM, f"the key {shown(key)}", " and ".join(KEYS), remedy)
    yield from chain(repeated_keys(root), check_own_part(Spot({**known, "Cluster": {}}), (), frozenset))
