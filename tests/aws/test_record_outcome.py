"""How a run ends: once, with all that is known, whatever could not be written beside it."""

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.egress import Egress, Verdict, Via
from control_plane.domain.run import Cause, Disposition, Evidence, Kind, Run, State
from control_plane.errors import AccessDenied, AwsUnavailable, CallFailed
from control_plane.steps.record_outcome import OutcomeRequest, Report, record_outcome
from control_plane.steps.request import PATIENCE
from tests.aws.conftest import NOON, TABLE, a_request, a_run
from tests.contracts.deployed import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ARN = "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/abcdefghijkl"


@dataclass
class Ending:
    """The step, with everything it needs but the run."""

    runs: RunTable
    outbox: Outbox
    evidence: EvidenceStore

    def __call__(self, run: Run, state: State, retried: int = 0) -> Run:
        request = OutcomeRequest(run_id=run.run_id, state=state, retried=retried)
        record_outcome(request, runs=self.runs, outbox=self.outbox, evidence=self.evidence, now=lambda: NOON)
        return self.runs.get(run.run_id)


@pytest.fixture
def end(runs: RunTable, outbox: Outbox, evidence: EvidenceStore) -> Ending:
    return Ending(runs, outbox, evidence)


def accepted(acceptance: Acceptance, **terms: Any) -> Run:
    run = acceptance.accept(a_run(), a_request(**terms), "same")
    assert isinstance(run, Run)
    return run


def row(via: Via, verdict: Verdict) -> Egress:
    return Egress(
        instance_group_name="workers",
        subnet_id="subnet-1",
        via=via,
        subject="i-1",
        expected_public_ips=("203.0.113.10",),
        observed_public_ips=("203.0.113.10",),
        verdict=verdict,
        reason="",
        path="",
        checked_at=NOON,
    )


@pytest.mark.parametrize(
    ("prove", "rows", "proved", "rules"),
    [
        pytest.param(
            ["BeforeCreate", "OnNodes"],
            [row(Via.BEFORE_CREATE, Verdict.MATCH)],
            (Via.BEFORE_CREATE,),
            ["PROOF-001"],
            id="nodes not asked",
        ),
        pytest.param(
            ["BeforeCreate"],
            [row(Via.BEFORE_CREATE, Verdict.MATCH)],
            (Via.BEFORE_CREATE,),
            [],
            id="nothing more was wanted",
        ),
        pytest.param(["BeforeCreate"], [row(Via.BEFORE_CREATE, Verdict.UNKNOWN)], (), [], id="unknown proves nothing"),
        pytest.param([], [], (), ["PROOF-002"], id="proof turned off"),
    ],
)
def test_a_provisioned_run_says_what_was_proved_and_what_was_not(
    acceptance: Acceptance,
    runs: RunTable,
    end: Ending,
    prove: list[str],
    rows: list[Egress],
    proved: tuple[Via, ...],
    rules: list[str],
) -> None:
    run = accepted(acceptance, Egress={"Prove": prove})
    runs.note(run.run_id, egress=rows, cluster_arn=ARN)
    last = end(run, State.PROVISIONED)
    assert (last.state, last.proved, [finding.rule for finding in last.findings]) == (State.PROVISIONED, proved, rules)


@pytest.mark.parametrize(
    ("known", "on_failure", "disposition"),
    [
        pytest.param({}, "Keep", Disposition.NOT_CREATED, id="never made"),
        pytest.param({"cluster_arn": ARN}, "Keep", Disposition.KEPT, id="kept"),
        pytest.param(
            {"cluster_arn": ARN},
            "Delete",
            Disposition.DELETE_FAILED,
            id="should have gone, and nobody noted that it did",
        ),
        pytest.param(
            {"cluster_arn": ARN, "cluster_disposition": Disposition.DELETE_REQUESTED},
            "Delete",
            Disposition.DELETE_REQUESTED,
            id="going",
        ),
    ],
)
def test_a_failed_run_says_what_became_of_its_cluster(
    acceptance: Acceptance,
    runs: RunTable,
    end: Ending,
    known: dict[str, Any],
    on_failure: str,
    disposition: Disposition,
) -> None:
    run = accepted(acceptance, OnFailure=on_failure)
    runs.note(run.run_id, remedy="mend it", **known)
    last = end(run, State.FAILED)
    assert (last.cause, last.cluster_disposition) == (Cause.UNKNOWN, disposition)
    assert str(last.remedy).startswith("mend it")
    assert ("aws sagemaker delete-cluster" in str(last.remedy)) == (disposition is Disposition.DELETE_FAILED)


def test_the_evidence_holds_the_request_the_check_and_the_run_and_its_hash_is_in_the_event(
    acceptance: Acceptance, outbox: Outbox, evidence: EvidenceStore, end: Ending
) -> None:
    run = accepted(acceptance)
    evidence.put(run.run_id, "check", {"Facts": "all of them"})
    last = end(run, State.REFUSED)
    kept = evidence.get(run.run_id, "evidence")
    assert (kept["Check"], kept["Probes"], kept["Run"]["State"]) == ({"Facts": "all of them"}, None, "Refused")
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == kept["Versions"]["ControlPlane"]
    )
    (told,) = outbox.pending(run.run_id)
    assert last.evidence is not None
    assert told.detail["Evidence"] == last.evidence.to_wire()


class NoBucket:
    """An evidence store that answers every write with this."""

    def __init__(self, error: CallFailed) -> None:
        self._error = error

    def find(self, run_id: str, name: str) -> None:
        return None

    def put(self, run_id: str, name: str, document: object) -> Evidence:
        raise self._error


DENIED = AccessDenied("s3:PutObject", "AccessDenied", "no")
BUSY = AwsUnavailable("s3:PutObject", "SlowDown", "later")


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        pytest.param(DENIED, 0, id="it is denied"),
        pytest.param(BUSY, PATIENCE, id="S3 stays busy"),
    ],
)
def test_a_run_ends_even_where_its_evidence_cannot_be_kept(
    acceptance: Acceptance, end: Ending, error: CallFailed, retried: int
) -> None:
    run = accepted(acceptance)
    end.evidence = cast("EvidenceStore", NoBucket(error))
    last = end(run, State.REFUSED, retried)
    assert (last.state, last.evidence) == (State.REFUSED, None)


def test_evidence_that_cannot_be_kept_just_now_is_kept_a_moment_later(acceptance: Acceptance, end: Ending) -> None:
    run, bucket = accepted(acceptance), end.evidence
    end.evidence = cast("EvidenceStore", NoBucket(BUSY))
    with pytest.raises(AwsUnavailable):
        end(run, State.REFUSED, PATIENCE - 1)
    assert end.runs.get(run.run_id).state is State.RUNNING
    end.evidence = bucket
    assert end(run, State.REFUSED, PATIENCE).evidence is not None


def test_the_first_end_stands(
    acceptance: Acceptance, runs: RunTable, outbox: Outbox, evidence: EvidenceStore, end: Ending
) -> None:
    run = accepted(acceptance)
    first = end(run, State.REFUSED)
    request = OutcomeRequest(run_id=run.run_id, state=State.FAILED)
    report = record_outcome(request, runs=runs, outbox=outbox, evidence=evidence, now=lambda: NOON)
    assert (report, runs.get(run.run_id)) == (Report(state=State.REFUSED), first)
    assert len(outbox.pending(run.run_id)) == 1


@pytest.mark.parametrize(
    ("verdicts", "state", "detail_type"),
    [
        pytest.param([Verdict.MATCH, Verdict.MATCH], State.VERIFIED, "HyperPod Egress Verified", id="all match"),
        pytest.param([Verdict.MATCH, Verdict.BLOCKED], State.MISMATCH, "HyperPod Egress Mismatch", id="one does not"),
        pytest.param(
            [Verdict.MATCH, Verdict.UNKNOWN], State.UNVERIFIED, "HyperPod Egress Unverified", id="one unknown"
        ),
        pytest.param([], State.UNVERIFIED, "HyperPod Egress Unverified", id="nobody was asked"),
    ],
)
@pytest.mark.parametrize("asked_for", [State.PROVISIONED, State.REFUSED, State.FAILED])
def test_a_check_of_the_egress_ends_as_its_nodes_have_it_whatever_way_it_came(
    acceptance: Acceptance, end: Ending, asked_for: State, verdicts: list[Verdict], state: State, detail_type: str
) -> None:
    run = acceptance.accept(a_run(kind=Kind.EGRESS_CHECK), a_request(), "same")
    assert isinstance(run, Run)
    end.runs.note(run.run_id, egress=[row(Via.ON_NODES, verdict) for verdict in verdicts], cluster_arn=ARN)
    last = end(run, asked_for)
    assert (last.state, last.cause, last.cluster_disposition) == (state, None, None)
    assert [event.detail_type for event in end.outbox.pending(run.run_id)] == [detail_type]


def test_a_check_that_broke_off_says_so_and_calls_nothing_failed(acceptance: Acceptance, end: Ending) -> None:
    run = acceptance.accept(a_run(kind=Kind.EGRESS_CHECK), a_request(), "same")
    assert isinstance(run, Run)
    end.runs.note(run.run_id, cause=Cause.IAM, cause_detail="may not list nodes", remedy="Add it to the role.")
    last = end(run, State.FAILED)
    assert [(finding.rule, finding.seen, finding.remedy) for finding in last.findings] == [
        ("PROOF-003", "may not list nodes", "Add it to the role.")
    ]


def test_a_check_takes_the_name_from_nobody_and_is_the_last_proof(
    acceptance: Acceptance, end: Ending, dynamodb: "DynamoDBClient"
) -> None:
    making = accepted(acceptance)
    check = acceptance.accept(a_run("r-2", kind=Kind.EGRESS_CHECK), a_request(), "another")
    assert isinstance(check, Run)
    end.runs.note(check.run_id, egress=[row(Via.ON_NODES, Verdict.MATCH)], cluster_arn=ARN)
    end(check, State.PROVISIONED)
    index, name = ClusterIndex(dynamodb, TABLE), str(making.cluster_name)
    assert (index.run_of(name)[0], index.proof_of(name)) == (making.run_id, check.run_id)
