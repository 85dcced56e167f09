"""Step "Ask probes": what is waited for, what is asked, and what a run knows afterwards."""

from datetime import timedelta

import pytest

from control_plane.domain.egress import Verdict
from control_plane.domain.findings import Severity
from control_plane.domain.probe.ledger import COMMAND_TIMEOUT, ONLINE_WAIT, PARAMETER_PATTERNS
from control_plane.domain.probe.verdict import ProbeVerdict
from control_plane.domain.run import State
from control_plane.errors import DeadlinePassed, RunOver
from control_plane.steps.ask_probes import Status
from tests.hyperpod_in_memory import NOON, Refused
from tests.probe_world import ProbeWorld
from tests.unit.test_probe import a_request, own_vpc

TWO = a_request({"InstanceGroupName": "a"}, own_vpc("b", ["subnet-2"], ["sg-2"]))
TEN = a_request(own_vpc("a", [f"subnet-{number}" for number in range(10)], ["sg-1"]))
FAULTS = ["crash before", "request lost", "throttled", "broken", "reply lost", "crash after"]


def launched(world: ProbeWorld) -> ProbeWorld:
    world.launch()
    return world


def verdicts(world: ProbeWorld) -> dict[str, Verdict]:
    return {row.subnet_id: row.verdict for row in world.runs.run.egress}


def rules(world: ProbeWorld) -> dict[str, str]:
    return {finding.subject: finding.rule for finding in world.runs.run.findings}


def test_all_are_asked_together_judged_and_recorded() -> None:
    world = ProbeWorld(TWO)
    report = world.whole()
    assert (report.status, report.verdict) == (Status.ANSWERED, ProbeVerdict.PROVED)
    assert [instance_ids for instance_ids, _ in world.ssm.commands.values()] == [["i-0", "i-1"]]
    assert verdicts(world) == {"subnet-1": Verdict.MATCH, "subnet-2": Verdict.MATCH}
    assert world.ledger.egress == world.runs.run.egress
    assert all(probe.output for probe in world.ledger.probes)


def test_what_is_sent_is_what_the_document_takes() -> None:
    world = ProbeWorld(TWO)
    world.whole()
    [(_, parameters)] = world.ssm.commands.values()
    assert list(parameters) == list(PARAMETER_PATTERNS)


def test_a_contradiction_is_recorded_as_a_finding_that_blocks() -> None:
    world = ProbeWorld(TWO)
    world.addresses["subnet-2"] = "198.51.100.1"
    assert world.whole().verdict is ProbeVerdict.CONTRADICTED
    assert verdicts(world) == {"subnet-1": Verdict.MATCH, "subnet-2": Verdict.OTHER_ADDRESS}
    [finding] = world.runs.run.findings
    assert (finding.subject, finding.severity) == ("subnet-2/sg-2", Severity.BLOCKS)


def test_nobody_is_asked_before_all_are_online() -> None:
    world = launched(ProbeWorld(TWO))
    world.ssm.offline = {"i-1"}
    for _ in range(3):
        report = world.ask()
        assert report.status is Status.WAITING
        assert 0 < report.wait_seconds <= 10
    assert not world.ssm.commands


def test_when_the_wait_is_over_those_that_are_online_are_asked_and_the_others_unknown() -> None:
    world = ProbeWorld(TWO)
    world.ssm.offline = {"i-1"}
    assert world.whole().verdict is ProbeVerdict.UNKNOWN
    assert [instance_ids for instance_ids, _ in world.ssm.commands.values()] == [["i-0"]]
    assert verdicts(world) == {"subnet-1": Verdict.MATCH, "subnet-2": Verdict.UNKNOWN}
    assert rules(world) == {"subnet-2/sg-2": "PROBE-006"}


def test_the_wait_for_agents_is_bounded() -> None:
    world = ProbeWorld(TWO)
    world.ssm.offline = {"i-0", "i-1"}
    start = world.time
    assert world.whole().verdict is ProbeVerdict.UNKNOWN
    assert ONLINE_WAIT <= world.time - start <= ONLINE_WAIT + timedelta(seconds=30)
    assert not world.ssm.commands


def test_when_a_whole_batch_never_comes_online_the_next_is_not_waited_for() -> None:
    world = ProbeWorld(TEN, at_once=4)
    world.ssm.offline = {f"i-{number}" for number in range(4)}
    start = world.time

    assert world.whole().verdict is ProbeVerdict.UNKNOWN
    assert world.time - start <= ONLINE_WAIT + timedelta(seconds=30)
    assert sum("not tried" in probe.trouble.text for probe in world.ledger.probes if probe.trouble) == 6


def test_an_instance_that_dies_at_boot_is_not_waited_for() -> None:
    world = launched(ProbeWorld(TWO))
    world.ec2.end("i-1", "Client.InternalError", "Client.InternalError: Client error on launch")
    world.ssm.offline = {"i-1"}
    world.ask()
    assert [instance_ids for instance_ids, _ in world.ssm.commands.values()] == [["i-0"]]
    world.whole()
    assert rules(world) == {"subnet-2/sg-2": "PROBE-005"}
    assert "kms:CreateGrant" in world.runs.run.findings[0].remedy


def test_an_instance_that_ec2_does_not_show_yet_is_waited_for() -> None:
    world = launched(ProbeWorld(TWO))
    world.ec2.unseen = 1
    world.ssm.offline = {"i-0", "i-1"}
    assert world.ask().status is Status.WAITING
    world.ssm.offline = set()
    assert world.whole().verdict is ProbeVerdict.PROVED


@pytest.mark.parametrize("status", ["Failed", "Undeliverable", "DeliveryTimedOut", "ExecutionTimedOut"])
def test_a_command_that_ends_without_an_answer_is_unknown_at_once(status: str) -> None:
    world = ProbeWorld(TWO)
    world.ssm.silent["i-1"] = status
    start = world.time
    assert world.whole().verdict is ProbeVerdict.UNKNOWN
    assert world.time - start < COMMAND_TIMEOUT
    [row] = [row for row in world.runs.run.egress if row.verdict is Verdict.UNKNOWN]
    assert status in row.reason


def test_the_wait_for_answers_is_bounded() -> None:
    world = ProbeWorld(TWO)
    world.ssm.silent["i-1"] = "InProgress"
    start = world.time
    assert world.whole().verdict is ProbeVerdict.UNKNOWN
    assert COMMAND_TIMEOUT <= world.time - start <= COMMAND_TIMEOUT + timedelta(minutes=1)


def test_an_agent_that_goes_away_as_it_is_asked_is_waited_for_again() -> None:
    world = launched(ProbeWorld(TWO))
    world.wire.faults.refuse["ssm:SendCommand"] = Refused("InvalidInstanceId")
    assert world.ask().status is Status.WAITING
    world.wire.faults.refuse.clear()
    assert world.whole().verdict is ProbeVerdict.PROVED


def test_probes_that_could_not_be_launched_are_judged_at_once() -> None:
    world = ProbeWorld(TWO)
    world.ec2.refusals["t4g.nano"] = Refused("VcpuLimitExceeded")
    world.launch()
    assert world.ask().verdict is ProbeVerdict.UNKNOWN
    assert rules(world) == {"subnet-1/sg-1": "PROBE-005", "subnet-2/sg-2": "PROBE-005"}


@pytest.mark.parametrize(
    "action",
    ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:SendCommand", "ssm:ListCommandInvocations"],
)
def test_a_missing_permission_is_unknown_and_named(action: str) -> None:
    world = launched(ProbeWorld(TWO))
    world.wire.faults.refuse[action] = Refused("AccessDenied")
    while (report := world.ask()).status is Status.WAITING:
        pass
    assert report.verdict is ProbeVerdict.UNKNOWN
    assert [finding.severity for finding in world.runs.run.findings] == [Severity.UNKNOWN] * 2
    assert all(action in finding.seen for finding in world.runs.run.findings)


def test_asking_once_more_after_the_end_changes_nothing() -> None:
    world = ProbeWorld(TWO)
    world.addresses["subnet-2"] = "198.51.100.1"
    world.whole()
    before = world.runs.run
    assert world.ask().verdict is ProbeVerdict.CONTRADICTED
    assert world.runs.run == before


def test_a_run_without_subnets_to_probe_proves_nothing() -> None:
    world = ProbeWorld(a_request(restricted=({"InstanceGroupName": "nova"},)))
    assert world.whole().verdict is ProbeVerdict.UNKNOWN
    assert rules(world) == {"nova": "PROBE-009"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"state": State.REFUSED}, RunOver, id="ended by somebody"),
        pytest.param({"deadline_at": NOON - timedelta(seconds=1)}, DeadlinePassed, id="past its deadline"),
    ],
)
def test_a_run_that_is_over_asks_nothing(changes: dict[str, object], error: type[Exception]) -> None:
    world = launched(ProbeWorld(TWO))
    world.runs.run = world.runs.run.model_copy(update=changes)
    before = [*world.wire.faults.calls]
    with pytest.raises(error):
        world.ask()
    assert world.wire.faults.calls == [*before, "get run"]


def test_a_run_that_ends_while_its_probes_are_looked_at_is_not_asked_for() -> None:
    world = launched(ProbeWorld(TWO))
    world.wire.meanwhile["ssm:DescribeInstanceInformation"] = world.end_run
    with pytest.raises(RunOver):
        world.ask()
    assert not world.ssm.commands


@pytest.mark.parametrize("fault", FAULTS)
def test_whichever_call_goes_wrong_the_end_is_that_of_the_undisturbed_run(fault: str) -> None:
    """Ten vantage points in batches of four; every call in turn is lost, repeated, refused for now or cut off."""
    undisturbed = ProbeWorld(TEN, at_once=4)
    undisturbed.addresses["subnet-7"] = "198.51.100.1"
    undisturbed.whole()
    for call in range(len(undisturbed.wire.faults.calls)):
        world = ProbeWorld(TEN, at_once=4)
        world.addresses["subnet-7"] = "198.51.100.1"
        world.wire.faults.at[call] = fault
        assert world.whole().verdict is ProbeVerdict.CONTRADICTED, call
        assert verdicts(world) == verdicts(undisturbed), call
        assert rules(world) == rules(undisturbed), call
        assert (world.ec2.alive(), len(world.ec2.instances)) == ([], 10), call
        assert world.ec2.most_at_once <= 4, call
