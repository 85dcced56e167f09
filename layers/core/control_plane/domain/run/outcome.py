"""How a run ends, and what must still be said when it does."""

from datetime import datetime
from typing import Any

from control_plane.domain.egress import CONTRADICTIONS, Via, proved
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.request import OnFailure, Request
from control_plane.domain.run import Cause, Disposition, Kind, Run, State
from control_plane.domain.run.lifecycle import ended

NODES_ASKED = Rule(
    id="PROOF-001",
    title="The cluster's own nodes were asked where they leave.",
    severity=Severity.UNKNOWN,
    reason="A probe in the same subnet and groups uses the nodes' route, but only a node shows where it leaves itself.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-run-jobs-slurm-access-nodes.html",
)
PROOF_ON = Rule(
    id="PROOF-002",
    title="The request asks for a proof of where traffic leaves.",
    severity=Severity.INFO,
    reason="With Prove: [] nothing is compared with what the routes promise; the result is a prediction.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
)
CHECK_ENDED_WELL = Rule(
    id="PROOF-003",
    title="An egress check comes to its end.",
    severity=Severity.UNKNOWN,
    reason="What it had not asked by then is not known; the cluster itself is as it was.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html",
)
CLUSTER_THERE = Rule(
    id="PROOF-004",
    title="The cluster whose egress is to be checked is there.",
    severity=Severity.UNKNOWN,
    reason="Only nodes of a cluster of this account and region can be asked.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html",
)
WATCHED = Rule(
    id="WATCH-001",
    title="The cluster is under watch.",
    severity=Severity.WARNS,
    reason="Without a baseline nobody is told when a change sends the cluster's traffic another way.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html",
)
ACCEPTED = Rule(
    id="WATCH-002",
    title="A new baseline says why it was taken.",
    severity=Severity.INFO,
    reason="Whoever reads later that a change was accepted wants to know by whom, and what for.",
    source="https://docs.aws.amazon.com/wellarchitected/latest/operational-excellence-pillar/welcome.html",
)
OUTCOME_RULES = (NODES_ASKED, PROOF_ON, CHECK_ENDED_WELL, CLUSTER_THERE, WATCHED, ACCEPTED)


def outcome(run: Run, request: Request, state: State, at: datetime, *, watched: bool = True) -> Run:
    """The run as it ends in this state.

    Args:
        watched: False: its baseline could not be kept.
    """
    if run.kind is Kind.EGRESS_CHECK:
        return _checked(run, at)
    known = {State.PROVISIONED: _proved, State.ADOPTED: _proved, State.FAILED: _failed}.get(state)
    last = run.model_copy(update=known(run, request) if known else {})
    if known is _proved and not watched:
        last = last.model_copy(update={"findings": (*last.findings, _unwatched(run))})
    return ended(last, state, at)


def _unwatched(run: Run) -> Finding:
    seen, remedy = "its baseline could not be kept", f"Adopt it: POST /adoptions with ClusterName {run.cluster_name}"
    return Finding.of(WATCHED, subject=run.cluster_arn or run.run_id, seen=seen, wanted=WATCHED.title, remedy=remedy)


def _checked(run: Run, at: datetime) -> Run:
    """A check ends as its nodes' words have it, on whatever way it came to its end."""
    rows = [row for row in run.egress if row.via is Via.ON_NODES]
    state = State.VERIFIED if proved(rows) else State.UNVERIFIED
    if any(row.verdict in CONTRADICTIONS for row in rows):
        state = State.MISMATCH
    findings = run.findings
    if run.cause:
        wanted, remedy = CHECK_ENDED_WELL.title, run.remedy or "Ask again."
        detail = run.cause_detail or ""
        findings = (
            *findings,
            Finding.of(CHECK_ENDED_WELL, subject=run.run_id, seen=detail, wanted=wanted, remedy=remedy),
        )
    nothing = {"cause": None, "cause_detail": None, "remedy": None, "cluster_disposition": None}
    known = {"proved": tuple(proved(rows)), "findings": findings, **nothing}
    return ended(run.model_copy(update=known), state, at)


def no_such_cluster(name: str) -> Finding:
    wanted, remedy = CLUSTER_THERE.title, "Look for its name: aws sagemaker list-clusters"
    return Finding.of(CLUSTER_THERE, subject=name, seen="HyperPod knows no such cluster", wanted=wanted, remedy=remedy)


def _proved(run: Run, request: Request) -> dict[str, Any]:
    stages = tuple(proved(run.egress))
    return {"proved": stages, "findings": (*run.findings, *_about_the_proof(run, request, stages))}


def _about_the_proof(run: Run, request: Request, stages: tuple[Via, ...]) -> list[Finding]:
    if not request.egress.prove:
        return [_unproved(PROOF_ON, run, "Prove is empty", "Send Prove: [BeforeCreate] with the next request.")]
    asked_of_nodes = any(row.via is Via.ON_NODES for row in run.egress)
    if Via.ON_NODES not in request.egress.prove or asked_of_nodes:
        return []
    seen = "no node was asked" + ("; the subnets were" if Via.BEFORE_CREATE in stages else "")
    session = f"aws ssm start-session --target sagemaker-cluster:{_cluster_id(run)}_<group>-<instance id>"
    return [_unproved(NODES_ASKED, run, seen, f"By hand: {session} ; there: curl -4 https://checkip.amazonaws.com")]


def _unproved(rule: Rule, run: Run, seen: str, remedy: str) -> Finding:
    return Finding.of(rule, subject=run.cluster_arn or run.run_id, seen=seen, wanted=rule.title, remedy=remedy)


def _cluster_id(run: Run) -> str:
    return (run.cluster_arn or "<cluster id>").rpartition("/")[2]


def _failed(run: Run, request: Request) -> dict[str, Any]:
    disposition = run.cluster_disposition or _disposition(run, request)
    remedy = run.remedy or f"Read the history of {run.execution_arn}, then send the request under a new RequestId."
    by_hand = f"Delete the cluster by hand: aws sagemaker delete-cluster --cluster-name {run.cluster_arn}"
    missing = disposition is Disposition.DELETE_FAILED and "delete-cluster" not in remedy
    return {
        "cause": run.cause or Cause.UNKNOWN,
        "cause_detail": run.cause_detail or "The run ended before its failure could be looked into.",
        "remedy": f"{remedy}\n{by_hand}" if missing else remedy,
        "cluster_disposition": disposition,
    }


def _disposition(run: Run, request: Request) -> Disposition:
    """Nobody noted what became of the cluster: then it was not deleted, although that may have been asked for."""
    if run.cluster_arn is None:
        return Disposition.NOT_CREATED
    return Disposition.DELETE_FAILED if request.on_failure is OnFailure.DELETE else Disposition.KEPT
