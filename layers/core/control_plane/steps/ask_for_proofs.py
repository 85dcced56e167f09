"""Step "Ask for proofs": what the watch found due becomes an egress check, at the same door as anybody's."""

import logging
from collections.abc import Callable
from datetime import datetime

from control_plane.aws import evidence as evidence_room
from control_plane.aws.evidence import EvidenceStore
from control_plane.domain.door import Judged
from control_plane.domain.egress import Via
from control_plane.domain.request import EgressTerms, Reproof, Scope
from control_plane.domain.run import Kind
from control_plane.domain.watch.proof import DueProof
from control_plane.domain.wire import Wire
from control_plane.errors import CallFailed
from control_plane.steps import doorway
from control_plane.steps.doorway import Caller, Doorway, Refusal

logger = logging.getLogger(__name__)

ACTIONS = doorway.ACTIONS | evidence_room.READS


class Request(Wire):
    proofs: tuple[DueProof, ...]


class Report(Wire):
    run_ids: tuple[str, ...]


def ask_for_proofs(request: Request, *, door: Doorway, baselines: EvidenceStore, now: Callable[[], datetime]) -> Report:
    """Ask for each, once: a repeat meets the run that it made before.

    Raises:
        CallFailed: the first that was; raised at the end, so that one cluster hides no other.
    """
    run_ids, failures = list[str](), list[CallFailed]()
    for due in request.proofs:
        try:
            run_ids += _asked(due, door, baselines, now())
        except CallFailed as error:
            logger.warning("No proof of %s could be asked for.", due.cluster_name, exc_info=True)
            failures.append(error)
    if failures:
        raise failures[0]
    return Report(run_ids=tuple(run_ids))


def _asked(due: DueProof, door: Doorway, baselines: EvidenceStore, at: datetime) -> list[str]:
    terms = EgressTerms.from_wire(baselines.get(due.cluster_name, due.baseline)["EgressTerms"])
    reproof = Reproof(
        request_id=due.request_id,
        cluster={"ClusterName": due.cluster_name},
        egress=terms.model_copy(update={"prove": (Via.ON_NODES,)}),
        scope=Scope(instance_group_names=due.proof.instance_group_names, baseline=due.baseline),
    )
    caller = Caller(due.proof.why.requester, due.request_id, at)
    answer = door.accept(Judged(reproof, ()), caller, Kind.EGRESS_CHECK)
    if isinstance(answer, Refusal):
        logger.warning("A proof of %s was refused: %s", due.cluster_name, answer.findings)
        return []
    return [answer.run_id]
