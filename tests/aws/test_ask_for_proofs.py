"""What the watch finds due becomes one run, however often it is asked for; and one cluster hides no other."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.run_table import RunTable
from control_plane.domain.egress import Via
from control_plane.domain.request import Scope, scope_of
from control_plane.domain.run import Kind, run_id_of
from control_plane.domain.watch.proof import AskedProof, DueProof, Why
from control_plane.errors import AccessDenied
from control_plane.steps.ask_for_proofs import Report, Request, ask_for_proofs
from control_plane.steps.doorway import Doorway
from tests.aws.conftest import NOON
from tests.aws.fakes import StateMachine

if TYPE_CHECKING:
    from control_plane.aws.executions import Executions

TERMS = {"Contract": "Central", "ExpectedPublicIps": ["203.0.113.10"], "Prove": ["BeforeCreate", "OnNodes"]}
BASELINE = "run-0123456789abcdef01234567"


class Baselines(EvidenceStore):
    def __init__(self, *missing: str) -> None:
        self.missing = missing

    def get(self, run_id: str, name: str) -> Any:
        if run_id in self.missing:
            raise AccessDenied("s3:GetObject", "AccessDenied", "no")
        return {"EgressTerms": TERMS}


@pytest.fixture
def doorway(acceptance: Acceptance, machine: StateMachine) -> Doorway:
    return Doorway(acceptance, cast("Executions", machine))


def due(name: str, *groups: str) -> DueProof:
    proof = AskedProof(at=NOON, instance_group_names=groups, why=Why.CHANGE)
    return DueProof(cluster_name=name, baseline=BASELINE, proof=proof)


def ask(doorway: Doorway, *proofs: DueProof, baselines: Baselines | None = None) -> Report:
    return ask_for_proofs(Request(proofs=proofs), door=doorway, baselines=baselines or Baselines(), now=lambda: NOON)


def test_a_proof_is_asked_for_once_by_the_baseline_s_terms_of_the_groups_concerned(
    doorway: Doorway, machine: StateMachine, runs: RunTable
) -> None:
    [run_id] = {run_id for _ in range(3) for run_id in ask(doorway, due("one", "worker")).run_ids}
    run, request = runs.get(run_id), runs.request_of(run_id)

    assert {run_id} == {run_id_of(due("one").request_id)} == set(machine.executions)
    assert (run.kind, run.cluster_name) == (Kind.EGRESS_CHECK, "one")
    assert run.requested_by == "the watch: its way out has changed"
    assert scope_of(request) == Scope(instance_group_names=("worker",), baseline=BASELINE)
    assert request.egress.to_wire() | TERMS | {"Prove": [Via.ON_NODES]} == request.egress.to_wire()


def test_one_that_cannot_be_asked_for_is_told_and_hides_no_other(doorway: Doorway, machine: StateMachine) -> None:
    with pytest.raises(AccessDenied):
        ask(doorway, due("sick"), due("sound"), baselines=Baselines("sick"))
    assert set(machine.executions) == {run_id_of(due("sound").request_id)}
