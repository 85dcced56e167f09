"""Step "Take baseline": keep what the cluster is, and what was read and proved of its way out, as what it should be."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from control_plane.aws import evidence as evidence_room
from control_plane.aws import hyperpod_reader, role_reader, run_table, watch_list
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.role_reader import with_policies
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.domain.account.facts import Facts
from control_plane.domain.drift.baseline import take
from control_plane.domain.drift.model import Baseline
from control_plane.domain.request import EgressTerms
from control_plane.domain.run import Evidence, Kind, Phase, Run
from control_plane.domain.run.outcome import ACCEPTED
from control_plane.domain.watch import Watched
from control_plane.domain.watch.resources import decides_about
from control_plane.domain.wire import Wire
from control_plane.steps.request import StepRequest

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACTIONS = (
    run_table.ACTIONS
    | evidence_room.READS
    | evidence_room.WRITES
    | hyperpod_reader.DESCRIBES
    | role_reader.POLICIES
    | watch_list.BEGINS
)


class Report(Wire):
    taken: bool  # False: the cluster is gone


def take_baseline(  # noqa: PLR0913 (it brings together what is kept in four places, and what two services say)
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    baselines: EvidenceStore,
    under_watch: WatchList,
    reader: HyperPodReader,
    iam: "IAMClient",
    now: Callable[[], datetime],
) -> Report:
    """What was checked is what is wanted: a change since then is drift already. A repeat takes it anew.

    Policies no check has looked at: those of this moment are wanted.
    """
    run = runs.enter(request.run_id, Phase.RECORD_BASELINE, now())
    found = reader.described(str(run.cluster_arn))
    if found is None:
        return Report(taken=False)
    facts = with_policies(iam, Facts.from_wire(evidence.get(run.run_id, "check")["Facts"]))
    terms = _terms(run, runs, baselines, under_watch)
    baseline = take(run, found[1], terms, facts, at=now(), reason=_reason(run))
    kept = baselines.put(baseline.cluster_name, run.run_id, baseline.to_wire())
    under_watch.begin(_watched(run, baseline, kept), decides_about(baseline))
    return Report(taken=True)


def _terms(run: Run, runs: RunTable, baselines: EvidenceStore, under_watch: WatchList) -> EgressTerms:
    """Whoever accepts what is there says nothing of how it should leave, and be proved: that stays as it was."""
    name = str(run.cluster_name)
    before = under_watch.find(name) if _accepted(run) else None
    if before is None:
        return runs.request_of(run.run_id).egress
    return EgressTerms.from_wire(baselines.get(name, before.run_id)["EgressTerms"])


def _accepted(run: Run) -> list[str]:
    return [finding.seen for finding in run.findings if finding.rule == ACCEPTED.id]


def _reason(run: Run) -> str:
    said = _accepted(run)
    return said[0] if said else {Kind.PROVISION: "provisioned"}.get(run.kind, "adopted")


def _watched(run: Run, baseline: Baseline, kept: Evidence) -> Watched:
    return Watched(
        cluster_name=baseline.cluster_name,
        cluster_arn=baseline.cluster_arn,
        run_id=run.run_id,
        request_id=run.request_id,
        requested_by=run.requested_by,
        vpc_ids=tuple(sorted({subnet.vpc_id for subnet in baseline.facts.network.subnets})),
        baseline=kept,
        taken_at=baseline.taken_at,
        reason=baseline.reason,
    )
