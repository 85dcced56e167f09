"""Which of a watched cluster's nodes are to be asked again, after a look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from control_plane.aws import run_table
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.drift.model import Baseline
from control_plane.domain.drift.row import Kind
from control_plane.domain.egress import Via
from control_plane.domain.run import Run, run_id_of
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Book, Saying
from control_plane.domain.watch.proof import COMING, AskedProof, DueProof, Replaced, Why, complete, due, turn_of
from control_plane.errors import RunNotFound

ACTIONS = run_table.READS

Cluster = Mapping[str, Any]  # as DescribeCluster tells it; empty where it is gone, or could not be read


@dataclass(frozen=True)
class Prover:
    watch: WatchTable
    runs: RunTable
    every: timedelta | None  # None: never by the clock

    def due(
        self,
        watched: Watched,
        book: Book,
        baseline: Baseline,
        cluster: Cluster,
        says: Sequence[Saying],
        nodes: Sequence[Replaced],
        at: datetime,
    ) -> AskedProof | None:
        """
        Args:
            says: what is told of its drift now.
            nodes: that were replaced, and are `ready`.
        """
        if Via.ON_NODES not in baseline.egress_terms.prove or not cluster:
            return None
        still = {None, *(str(group["InstanceGroupName"]) for group in cluster.get("InstanceGroups", []))}
        changed = {name for saying in says if _moves(saying) for name in saying.drift.instance_group_names} & still
        replaced = self._groups_of(watched, nodes) & still if nodes else set()
        last, every = _last_whole(book, baseline), self.every and turn_of(watched.cluster_name, self.every)
        proof = due(changed=changed, replaced=replaced, last=last, every=every, at=at)
        if proof and proof.why is Why.AGE and not self._held(watched, book):
            return proof.model_copy(update={"why": Why.DOUBT})
        return proof

    def _groups_of(self, watched: Watched, nodes: Sequence[Replaced]) -> set[str | None]:
        """The groups of these nodes, as the last proof of all groups knew them: HyperPod tells of a node alone."""
        last = self._run(self.watch.last_proof_of(watched.cluster_name))
        known = {row.subject: row.instance_group_name for row in (last.egress if last else ())}
        return {known.get(node.instance_id) for node in nodes}

    def _held(self, watched: Watched, book: Book) -> bool:
        """Whether the last proof of all groups, and the last that the watch asked for, both said Match."""
        whole = self.watch.last_proof_of(watched.cluster_name)
        ours = [run_id_of(due_proof(watched, book.proof).request_id)] if book.proof else []
        last = [self._run(run_id) for run_id in (whole, *ours)]
        return all(run and Via.ON_NODES in run.proved for run in last)

    def _run(self, run_id: str | None) -> Run | None:
        try:
            return self.runs.get(run_id) if run_id else None
        except RunNotFound:
            return None


def due_proof(watched: Watched, proof: AskedProof) -> DueProof:
    return DueProof(cluster_name=watched.cluster_name, baseline=watched.run_id, proof=proof)


def ready(nodes: Sequence[Replaced], cluster: Cluster, at: datetime) -> list[Replaced]:
    """Of these nodes, those for which another has come, or was waited for long enough."""
    return [node for node in nodes if complete(cluster) or at >= node.at + COMING]


def _moves(saying: Saying) -> bool:
    """Whether it tells that traffic leaves another way than when it was last told."""
    return saying.drift.kind is Kind.EGRESS and not saying.reminds


def _last_whole(book: Book, baseline: Baseline) -> datetime:
    """When all groups were last asked, or were to be. A baseline may bring a proof with it."""
    asked = book.whole_proof_at
    brought = any(row.via is Via.ON_NODES for row in baseline.egress)
    return max(asked, baseline.taken_at) if asked and brought else asked or baseline.taken_at
