"""The step: read once, judge all, write it down, and say in two words how the run goes on."""

from datetime import datetime
from typing import Any

import pytest

from control_plane.aws.account_reader import AccountReader
from control_plane.aws.evidence import EvidenceStore
from control_plane.domain.account.facts import Facts
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.request import Request
from control_plane.domain.run import Evidence, Phase, Run, State
from control_plane.errors import AwsUnavailable, RunOver
from control_plane.steps.check_account import Report, Verdict, check_account
from control_plane.steps.request import StepRequest
from tests.accounts import CONTROLLER_IP, WORKER, WORKER_IP, Account, route
from tests.cluster_world import World
from tests.hyperpod_in_memory import RUN_ID
from tests.unit.test_rules_cautions import regional


class FactsReader(AccountReader):
    """Reads a prepared account instead of AWS's."""

    def __init__(self, account: Account, failure: Exception | None = None) -> None:
        self._account, self._failure = account, failure

    def read(self, run: Run, shape: ClusterShape, at: datetime) -> Facts:
        if self._failure:
            raise self._failure
        return self._account.facts()


class EvidenceInMemory(EvidenceStore):
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def put(self, run_id: str, name: str, document: Any) -> Evidence:
        self.kept[f"{run_id}/{name}"] = document
        return Evidence(s3_uri=f"s3://evidence/{name}", sha256="")


class Check:
    """The step in a world of its own."""

    def __init__(self, account: Account, failure: Exception | None = None, **run: Any) -> None:
        self.world = World(Request.from_wire(account.request), **run)
        self.evidence, self.reader = EvidenceInMemory(), FactsReader(account, failure)

    def run(self) -> Report:
        return check_account(
            StepRequest(run_id=RUN_ID),
            runs=self.world.runs,
            evidence=self.evidence,
            baselines=EvidenceInMemory(),
            reader=self.reader,
            now=self.world.now,
        )


def dead_end() -> Account:
    account = Account()
    account.routes("rtb-worker", route(GatewayId="igw-1"))
    return account


def test_a_sound_account_clears_the_run() -> None:
    check = Check(Account())
    assert check.run() == Report(verdict=Verdict.CLEAR, prove_before_create=True, prove_on_nodes=True)
    assert (check.world.run.phase, check.world.run.findings) == (Phase.CHECK_ACCOUNT, ())


def test_a_broken_account_blocks_the_run_and_says_why() -> None:
    check = Check(dead_end())
    assert check.run().verdict is Verdict.BLOCKED
    assert [(one.rule, one.severity) for one in check.world.run.findings] == [("ROUTE-001", Severity.BLOCKS)]


def test_what_is_only_worth_a_warning_clears_the_run() -> None:
    account = dead_end()
    account.request["Suppress"] = ["ROUTE-001"]
    check = Check(account)
    assert check.run().verdict is Verdict.CLEAR
    assert [(one.rule, one.severity) for one in check.world.run.findings] == [("ROUTE-001", Severity.WARNS)]


@pytest.mark.parametrize("prove", [[], ["OnNodes"], ["BeforeCreate"], ["BeforeCreate", "OnNodes"]])
def test_what_is_proved_is_what_was_asked_for(prove: list[str]) -> None:
    account = Account()
    account.egress(Prove=prove)
    report = Check(account).run()
    assert (report.prove_before_create, report.prove_on_nodes) == ("BeforeCreate" in prove, "OnNodes" in prove)


def test_each_group_and_candidate_subnet_has_a_predicted_row() -> None:
    check = Check(Account())
    check.run()
    rows = [(row.instance_group_name, row.expected_public_ips) for row in check.world.run.predicted_egress]
    assert rows == [("controller", (CONTROLLER_IP,)), ("worker", (WORKER_IP,))]


def test_facts_findings_and_predictions_are_kept_as_evidence() -> None:
    check = Check(dead_end())
    check.run()
    kept = check.evidence.kept[f"{RUN_ID}/check"]
    assert Facts.from_wire(kept["Facts"]) == dead_end().facts()
    assert [one["Rule"] for one in kept["Findings"]] == ["ROUTE-001"]
    assert [one["InstanceGroupName"] for one in kept["PredictedEgress"]] == ["controller", "worker"]


def test_the_subnets_behind_a_nat_gateway_that_scales_itself_are_kept_with_the_evidence() -> None:
    account = Account()
    regional(account)
    check = Check(account)
    check.run()
    assert check.evidence.kept[f"{RUN_ID}/check"]["ScalingSubnets"] == [WORKER]


def test_what_the_door_remarked_is_kept_beside_what_the_check_finds() -> None:
    remark = Finding(rule="DOOR-030", severity=Severity.WARNS, subject="$", seen="", wanted="", remedy="", source="")
    check = Check(dead_end(), findings=(remark,))
    check.run()
    check.run()
    assert [one.rule for one in check.world.run.findings] == ["DOOR-030", "ROUTE-001"]


def test_a_second_time_says_and_records_the_same() -> None:
    check = Check(dead_end())
    first = check.run(), check.world.run
    assert (check.run(), check.world.run) == first


def test_a_busy_aws_leaves_the_run_as_it_was() -> None:
    check = Check(Account(), AwsUnavailable("ec2:DescribeSubnets", "Throttling", "slow down"))
    with pytest.raises(AwsUnavailable):
        check.run()
    assert (check.world.run.predicted_egress, check.evidence.kept) == ((), {})


def test_a_run_that_has_ended_is_not_checked() -> None:
    check = Check(Account(), state=State.FAILED)
    with pytest.raises(RunOver):
        check.run()
    assert check.evidence.kept == {}


def test_the_report_reads_as_the_state_machine_asks_for_it() -> None:
    assert Report(verdict=Verdict.CLEAR, prove_before_create=False, prove_on_nodes=True).to_wire() == {
        "Verdict": "Clear",
        "ProveBeforeCreate": False,
        "ProveOnNodes": True,
        "Create": True,
        "Watch": True,
    }
