"""Which of a watched cluster's nodes are to be asked again, after a look at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from control_plane.aws import hyperpod_reader, run_table
from control_plane.aws.batches import GETS
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.drift.row import Kind
from control_plane.domain.egress import Via
from control_plane.domain.run import Run, run_id_of
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Saying
from control_plane.domain.watch.proof import COMING, AskedProof, DueProof, Replaced, Why, complete, due, turn_of
from control_plane.errors import RunNotFound
from control_plane.steps.look import Look

ACTIONS = run_table.READS | GETS


@dataclass(frozen=True)
class Prover:
    watch: WatchTable
    runs: RunTable
    every: timedelta | None  # None: never by the clock

    def due(self, look: Look, says: Sequence[Saying], nodes: Sequence[Replaced], at: datetime) -> AskedProof | None:
        """
        Args:
            says: what is told of its drift now.
            nodes: that were replaced, and are `ready`.
        """
        if Via.ON_NODES not in look.baseline.egress_terms.prove or not look.cluster:
            return None
        whole = cache(lambda: self._run(self.watch.last_proof_of(look.name)))  # read where it is needed, and once
        still = {None, *(str(group["InstanceGroupName"]) for group in look.cluster.get("InstanceGroups", []))}
        changed = {name for saying in says if _moves(saying) for name in saying.drift.instance_group_names} & still
        replaced = _groups_of(nodes, whole()) & still if nodes else set()
        last, every = _last_whole(look), self.every and turn_of(look.name, self.every)
        proof = due(changed=changed, replaced=replaced, last=last, every=every, at=at)
        if proof and proof.why is Why.AGE and not self._held(look, whole()):
            return proof.model_copy(update={"why": Why.DOUBT})
        return proof

    def _held(self, look: Look, whole: Run | None) -> bool:
        """Whether the last proof of all groups, and the last that the watch asked for, both said Match."""
        asked = look.book.proof
        ours = [self._run(run_id_of(due_proof(look.watched, asked).request_id))] if asked else []
        return all(run and Via.ON_NODES in run.proved for run in (whole, *ours))

    def _run(self, run_id: str | None) -> Run | None:
        try:
            return self.runs.get(run_id) if run_id else None
        except RunNotFound:
            return None


def due_proof(watched: Watched, proof: AskedProof) -> DueProof:
    return DueProof(cluster_name=watched.cluster_name, baseline=watched.run_id, proof=proof)


def ready(nodes: Sequence[Replaced], look: Look, at: datetime) -> list[Replaced]:
    """Of these nodes, the cluster's own for which another has come, or was waited for long enough."""
    if look.unread & hyperpod_reader.DESCRIBES:
        return []
    all_here = complete(look.cluster)
    return [node for node in nodes if node.cluster_name == look.name and (all_here or at >= node.at + COMING)]


def _moves(saying: Saying) -> bool:
    """Whether it tells that traffic leaves another way than when it was last told."""
    return saying.drift.kind is Kind.EGRESS and not saying.reminds


def _groups_of(nodes: Sequence[Replaced], whole: Run | None) -> set[str | None]:
    """The groups of these nodes, as the last proof of all groups knew them: HyperPod tells of a node alone."""
    known = {row.subject: row.instance_group_name for row in (whole.egress if whole else ())}
    return {known.get(node.instance_id) for node in nodes}


def _last_whole(look: Look) -> datetime:
    """When all groups were last asked, or were to be. A baseline may bring a proof with it."""
    asked, baseline = look.book.whole_proof_at, look.baseline
    brought = any(row.via is Via.ON_NODES for row in baseline.egress)
    return max(asked, baseline.taken_at) if asked and brought else asked or baseline.taken_at
