"""What the HTTP API answers. The routes are in `entry.http_api`; the shapes here are what its callers read."""

import csv
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO

from control_plane.aws import run_table, watch_table
from control_plane.aws.batches import GETS, QUERIES
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.executions import Executions
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import Overtaken, WatchTable
from control_plane.domain.door import Judged
from control_plane.domain.door.conflicts import unusable_key
from control_plane.domain.door.existing import judge_acknowledgement, judge_adoption, judge_baseline, judge_check
from control_plane.domain.egress import Egress, Via
from control_plane.domain.findings import Finding
from control_plane.domain.request import REQUEST_ID_PATTERN
from control_plane.domain.run import RUN_ID_PATTERN, Evidence, Group, Kind, Phase, Run, State
from control_plane.domain.watch import Watched
from control_plane.domain.watch.book import Acknowledgement, Book, OpenDrift
from control_plane.domain.wire import Moment, Wire, rfc3339
from control_plane.errors import RunNotFound
from control_plane.steps import doorway
from control_plane.steps.doorway import Caller, Doorway, Refusal

NAME_MAX = 63  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html

ACTIONS = doorway.ACTIONS | run_table.READS | GETS | QUERIES | watch_table.KEEPS

TRIES = 5  # at a book that looks write to, too


class Links(Wire):
    run: str
    cluster: str


class Accepted(Wire):
    """It is a run, and goes on by itself."""

    run_id: str
    request_id: str
    cluster_name: str
    links: Links


class Refused(Wire):
    """A fault at the door: nothing was stored."""

    findings: tuple[Finding, ...]


class Conflicting(Refused):
    """Another run is in the way: this one."""

    run_id: str


class Cluster(Wire):
    """A cluster as its last run left it, or is making it."""

    cluster_name: str
    cluster_arn: str | None
    cluster_status: str | None
    run_id: str
    state: State
    phase: Phase
    groups: tuple[Group, ...]
    egress: tuple[Egress, ...]
    drift: tuple[OpenDrift, ...]
    updated_at: Moment


class TakenBaseline(Wire):
    """What a cluster was to be like from then on, and who wanted it so."""

    taken_at: Moment
    by: str
    reason: str
    run_id: str
    s3_uri: str
    sha256: str  # of the object's bytes


class Baselines(Wire):
    """All baselines of a cluster, newest first: it is watched by the first one, as long as it is there."""

    cluster_name: str
    items: tuple[TakenBaseline, ...]


class Proof(Wire):
    """Where a cluster's traffic was last seen to leave, for whoever lets it in by its addresses."""

    cluster_name: str
    cluster_arn: str | None
    run_id: str
    proved: tuple[Via, ...]
    public_ips: tuple[str, ...]  # all that were seen, sorted; a row's verdict says which were promised
    egress: tuple[Egress, ...]
    evidence: Evidence | None
    updated_at: Moment

    def to_csv(self) -> str:
        """One line for each address that was seen from each place. No cell of it holds a text that others wrote."""
        lines = StringIO()
        table = csv.writer(lines, lineterminator="\n")
        table.writerow(CSV_COLUMNS)
        for row in self.egress:
            place = (row.verdict, self.cluster_name, row.instance_group_name, row.subnet_id, row.via, row.subject or "")
            table.writerows((address, *place, rfc3339(row.checked_at)) for address in row.observed_public_ips)
        return lines.getvalue()


CSV_COLUMNS = ["PublicIp", "Verdict", "ClusterName", "InstanceGroupName", "SubnetId", "Via", "Subject", "CheckedAt"]


@dataclass(frozen=True)
class Api:
    doorway: Doorway
    looks: Executions  # of the machine that looks at watched clusters
    runs: RunTable
    clusters: ClusterIndex
    judge: Callable[[bytes], Judged]
    watch: WatchTable
    under_watch: WatchList

    def create_cluster(self, body: bytes, caller: Caller) -> Accepted | Refused | Conflicting:
        return self._let_in(self.judge(body), caller, Kind.PROVISION)

    def check_egress(self, name: str, body: bytes, caller: Caller) -> Accepted | Refused | Conflicting:
        return self._let_in(judge_check(name, body), caller, Kind.EGRESS_CHECK)

    def adopt(self, body: bytes, caller: Caller) -> Accepted | Refused | Conflicting:
        return self._let_in(judge_adoption(body), caller, Kind.ADOPTION)

    def accept_baseline(self, name: str, body: bytes, caller: Caller) -> Accepted | Refused | Conflicting:
        return self._let_in(judge_baseline(name, body), caller, Kind.ADOPTION)

    def check_drift(self, name: str, caller: Caller) -> Accepted:
        """Have a watched cluster looked at now. What is found is told in the name of the run that took its baseline.

        Raises:
            RunNotFound: nobody watches a cluster of this name.
        """
        run = self._run(name, self.clusters.watch_of(name) if len(name) <= NAME_MAX else None)
        asked = sha256(f"{name}/{caller.fallback_id}".encode()).hexdigest()[:32]
        self.looks.start(f"asked-{asked}", {"WaitSeconds": 0, "ClusterNames": [name]})
        return _accepted(run, name)

    def acknowledge(self, name: str, fingerprint: str, body: bytes, caller: Caller) -> OpenDrift | Refused:
        """Have nobody reminded of an open drift, until it turns into another or is over.

        Raises:
            RunNotFound: no drift of this fingerprint stands open.
            Overtaken: looks were faster, each time.
        """
        reason, findings = judge_acknowledgement(name, body)
        if reason is None:
            return Refused(findings=findings)
        word = Acknowledgement(by=caller.requested_by, at=caller.at, reason=reason)
        for _ in range(TRIES):
            with suppress(Overtaken):
                return self._acknowledged(name, fingerprint, word)
        raise Overtaken(f"Looks at {name} were faster, {TRIES} times.")

    def _acknowledged(self, name: str, fingerprint: str, word: Acknowledgement) -> OpenDrift:
        watched, book = self.watch.books([name]).get(name, (None, Book()))
        known = book.acknowledging(fingerprint, word)
        if watched is None or known is None:
            raise RunNotFound(
                f"No drift {fingerprint[:NAME_MAX]} of {name} stands open. GET /clusters/{name} lists them."
            )
        self.watch.keep(watched, known, [])
        return next(one for one in known.shown if one.fingerprint == fingerprint)

    def _let_in(self, judged: Judged, caller: Caller, kind: Kind) -> Accepted | Refused | Conflicting:
        nameless = judged.request is not None and judged.request.request_id is None
        if nameless and not re.fullmatch(REQUEST_ID_PATTERN, caller.fallback_id):
            return Refused(findings=(unusable_key(caller.fallback_id),))
        answer = self.doorway.accept(judged, caller, kind)
        if isinstance(answer, Refusal):
            return _refusal(answer)
        return _accepted(answer, answer.cluster_name or "")

    def run(self, run_id: str) -> Run:
        # What is asked for in a path may be longer than a key: DynamoDB would call that an error.
        if not re.fullmatch(RUN_ID_PATTERN, run_id):
            raise RunNotFound(f"{run_id[:NAME_MAX]} is no run's id: that is run- and 24 hex digits.")
        return self.runs.get(run_id)

    def cluster(self, name: str) -> Cluster:
        run_id, book = self.clusters.run_of(name) if len(name) <= NAME_MAX else (None, Book())
        return _cluster(name, self._run(name, run_id), book)

    def baselines(self, name: str) -> Baselines:
        """
        Raises:
            RunNotFound: no cluster of this name was ever watched.
        """
        taken = self.under_watch.baselines(name) if len(name) <= NAME_MAX else []
        if not taken:
            raise RunNotFound(
                f"No cluster named {name[:NAME_MAX]} was ever watched. POST /adoptions puts one under watch."
            )
        return Baselines(cluster_name=name, items=tuple(map(_taken, taken)))

    def proof(self, name: str) -> Proof:
        return _proof(name, self._run(name, self.clusters.proof_of(name) if len(name) <= NAME_MAX else None))

    def _run(self, name: str, run_id: str | None) -> Run:
        """
        Raises:
            RunNotFound: no run of ours made, or is making, a cluster of this name; or looked at one.
        """
        if run_id is None:
            raise RunNotFound(f"No run has made a cluster named {name[:NAME_MAX]}. Ask for one with POST /clusters.")
        return self.runs.get(run_id)


def _accepted(run: Run, name: str) -> Accepted:
    links = Links(run=f"/runs/{run.run_id}", cluster=f"/clusters/{name}")
    return Accepted(run_id=run.run_id, request_id=run.request_id, cluster_name=name, links=links)


def _refusal(refusal: Refusal) -> Refused | Conflicting:
    if refusal.run_id is None:
        return Refused(findings=refusal.findings)
    return Conflicting(findings=refusal.findings, run_id=refusal.run_id)


def _cluster(name: str, run: Run, book: Book) -> Cluster:
    return Cluster(
        cluster_name=name,
        cluster_arn=run.cluster_arn,
        cluster_status=run.cluster_status,
        run_id=run.run_id,
        state=run.state,
        phase=run.phase,
        groups=run.groups,
        egress=run.egress,
        drift=book.shown,
        updated_at=run.updated_at,
    )


def _taken(watched: Watched) -> TakenBaseline:
    return TakenBaseline(
        taken_at=watched.taken_at,
        by=watched.requested_by,
        reason=watched.reason,
        run_id=watched.run_id,
        s3_uri=watched.baseline.s3_uri,
        sha256=watched.baseline.sha256,
    )


def _proof(name: str, run: Run) -> Proof:
    return Proof(
        cluster_name=name,
        cluster_arn=run.cluster_arn,
        run_id=run.run_id,
        proved=run.proved,
        public_ips=tuple(sorted({address for row in run.egress for address in row.observed_public_ips})),
        egress=run.egress,
        evidence=run.evidence,
        updated_at=run.updated_at,
    )
