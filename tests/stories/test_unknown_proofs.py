"""What could not be looked at is told as unknown. It is never a pass and never a fail."""

import pytest

from control_plane.domain.probe.ledger import INSTANCE_TYPES
from tests.stories.stage import SUBNETS_ONLY, Ending, Stage


def assert_told_and_gone_on(ending: Ending) -> None:
    assert (ending.run["State"], ending.run["Proved"]) == ("Provisioned", []), ending.run["CauseDetail"]
    assert set(ending.verdicts.values()) == {"Unknown"}
    assert all(row["Reason"] for row in ending.run["Egress"])
    assert (ending.clusters, ending.probes, len(ending.slack)) == (1, 0, 2)
    assert ending.ends == ["HyperPod Cluster Provisioned"]


@pytest.mark.changes_network
def test_a_probe_that_never_comes_online_is_unknown(stage: Stage) -> None:
    stage.sim.agents.never_online(stage.ids["ControllerSubnetId"])
    ending = stage.run(stage.request())

    assert_told_and_gone_on(ending)
    told = [finding for finding in ending.run["Findings"] if finding["Rule"].startswith("PROBE-")]
    assert {finding["Severity"] for finding in told} == {"UNKNOWN"}


def test_an_echo_service_that_answers_rubbish_proves_nothing(stage: Stage) -> None:
    stage.sim.internet.outside.answer("rubbish.example.com", "<html>It works!</html>")
    ending = stage.run(stage.request(Egress=SUBNETS_ONLY | {"EchoUrls": ["https://rubbish.example.com"]}))

    assert_told_and_gone_on(ending)
    assert ending.seen == {"controller": []}


def test_no_room_for_a_probe_is_unknown(stage: Stage) -> None:
    stage.sim.ec2.fail_next_run_instances("InsufficientInstanceCapacity", times=len(INSTANCE_TYPES))
    ending = stage.run(stage.request())

    assert_told_and_gone_on(ending)
    assert "InsufficientInstanceCapacity" in ending.run["Egress"][0]["Reason"]


def test_a_read_that_is_denied_is_unknown_with_the_command_to_run_by_hand(stage: Stage) -> None:
    stage.sim.fail("ec2:DescribeNetworkAcls", "UnauthorizedOperation", status=403)
    ending = stage.run(stage.request())
    stage.sim.faults.clear()

    assert ending.run["State"] == "Provisioned"
    unknown = [finding for finding in ending.run["Findings"] if finding["Rule"].startswith("ACL-")]
    assert unknown
    assert all(finding["Severity"] == "UNKNOWN" for finding in unknown)
    assert all("aws ec2 describe-network-acls" in finding["Remedy"] for finding in unknown)
