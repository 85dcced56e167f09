"""Any cluster's nodes can be asked at any time, whoever made it; nothing of it is changed."""

from typing import Any

import pytest

from tests.stories.stage import Ending, Stage


def check(stage: Stage, number: str = "1", **body: Any) -> Ending:
    request_id = f"{stage.cluster}-check-{number}"
    answer = stage.sim.api("POST", f"/clusters/{stage.cluster}/egress-checks", {"RequestId": request_id, **body})
    assert answer.status == 202, answer.body
    stage.sim.settle()
    return stage.ending(answer.json()["RunId"])


def somebody_elses(stage: Stage, **group: Any) -> None:
    """A cluster that was made by hand."""
    body = stage.request(stage.group("worker", 2, OverrideVpcConfig=stage.vpc("Worker"), **group))["Cluster"]
    stage.sim.client("sagemaker").create_cluster(**body)
    stage.sim.clock.sleep(3600)
    stage.sim.settle()


def test_a_stranger_s_cluster_is_verified_and_left_as_it_is(stage: Stage) -> None:
    somebody_elses(stage)
    sagemaker = stage.sim.client("sagemaker")
    before = sagemaker.describe_cluster(ClusterName=stage.cluster)
    ending = check(stage)

    assert (ending.run["State"], ending.run["Kind"], ending.told) == (
        *("Verified", "EgressCheck"),
        ["HyperPod Egress Verified"],
    )
    assert ending.seen == {"worker": [stage.ids["WorkerPublicIp"]]}
    assert stage.ids["WorkerPublicIp"] in ending.slack[0]
    after = sagemaker.describe_cluster(ClusterName=stage.cluster)
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}


@pytest.mark.changes_network
def test_it_compares_with_what_the_routes_promise_by_then_or_with_what_is_asked(stage: Stage) -> None:
    somebody_elses(stage)
    stage.route("Worker", NatGatewayId=stage.ids["ControllerNatGatewayId"])
    by_route = check(stage, "1")
    as_asked = check(stage, "2", Egress={"Contract": "Central", "ExpectedPublicIps": [stage.ids["WorkerPublicIp"]]})

    assert (by_route.run["State"], by_route.seen) == ("Verified", {"worker": [stage.ids["ControllerPublicIp"]]})
    assert (as_asked.run["State"], as_asked.told) == ("Mismatch", ["HyperPod Egress Mismatch"])
    assert as_asked.run["ClusterDisposition"] is None


@pytest.mark.changes_network
def test_the_last_proof_is_what_a_partner_reads(stage: Stage) -> None:
    made = stage.run(stage.two_groups())
    stage.route("Worker", NatGatewayId=stage.ids["ControllerNatGatewayId"])
    assert stage.sim.get(f"/clusters/{stage.cluster}/egress.json")["RunId"] == made.run["RunId"]
    checked = check(stage)

    proof = stage.sim.get(f"/clusters/{stage.cluster}/egress.json")
    assert (proof["RunId"], proof["PublicIps"]) == (checked.run["RunId"], [stage.ids["ControllerPublicIp"]])
    assert (proof["Proved"], proof["Evidence"]) == (["OnNodes"], checked.run["Evidence"])
    lines = stage.sim.api("GET", f"/clusters/{stage.cluster}/egress.csv").body.decode().splitlines()
    assert [line.split(",")[:4] for line in lines[1:]] == [
        [stage.ids["ControllerPublicIp"], "Match", stage.cluster, group] for group in ("controller", "worker")
    ]
    assert stage.sim.get(f"/clusters/{stage.cluster}")["RunId"] == made.run["RunId"]


def test_a_cluster_that_is_not_there_is_unverified(stage: Stage) -> None:
    ending = check(stage)
    assert (ending.run["State"], ending.told) == ("Unverified", ["HyperPod Egress Unverified"])
    assert [finding["Rule"] for finding in ending.run["Findings"]] == ["PROOF-004"]


def test_a_cluster_that_comes_up_is_checked_beside_its_run_and_is_unverified(stage: Stage) -> None:
    with stage.sim.hold():
        run_id = stage.start(stage.request(), until="WaitForCluster")
        stage.sim.clock.sleep(60)
    ending = check(stage)

    assert ending.run["State"] == "Unverified"
    assert [row["Verdict"] for row in ending.run["Egress"]] == ["Unknown"]
    assert stage.sim.get(f"/runs/{run_id}")["State"] == "Provisioned"


def test_who_may_not_look_at_the_cluster_is_told_so_and_nothing_is_called_failed(stage: Stage) -> None:
    somebody_elses(stage)
    stage.sim.fail("sagemaker:DescribeCluster", "AccessDeniedException", status=400, caller="CheckAccountFunction")
    ending = check(stage)
    stage.sim.faults.clear()

    assert (ending.run["State"], ending.told) == ("Unverified", ["HyperPod Egress Unverified"])
    [finding] = ending.run["Findings"]
    assert (finding["Rule"], "sagemaker:DescribeCluster" in finding["Seen"]) == ("PROOF-003", True)


def test_a_check_that_is_sent_twice_is_one(stage: Stage) -> None:
    somebody_elses(stage)
    first, again = check(stage), check(stage)
    assert first.run == again.run
    assert len(again.told) == 1
