"""A cluster that somebody else made is checked, asked, told of and watched by one call; nothing of it is changed."""

from typing import Any

import pytest

from tests.stories.changes import route_to
from tests.stories.stage import Ending, Stage
from tests.stories.test_egress_checks import somebody_elses
from tests.stories.watched import DETECTED, RESOLVED, Watched


def asked(stage: Stage, method: str, path: str, **body: Any) -> Ending:
    answer = stage.sim.api(method, path, {"RequestId": f"{stage.cluster}-{method}", **body})
    assert answer.status == 202, answer.body
    stage.sim.settle()
    return stage.ending(answer.json()["RunId"])


def adopt(stage: Stage, **body: Any) -> Ending:
    return asked(stage, "POST", "/adoptions", ClusterName=stage.cluster, **body)


def test_a_strangers_cluster_is_adopted_with_its_proof_and_left_as_it_is(stage: Stage) -> None:
    somebody_elses(stage)
    sagemaker = stage.sim.client("sagemaker")
    before = sagemaker.describe_cluster(ClusterName=stage.cluster)
    since = len(stage.sim.calls())
    ending = adopt(stage)

    assert (ending.run["State"], ending.run["Kind"], ending.told) == (
        "Adopted",
        "Adoption",
        ["HyperPod Cluster Adopted"],
    )
    assert (ending.run["Proved"], ending.seen) == (["OnNodes"], {"worker": [stage.ids["WorkerPublicIp"]]})
    assert [group["InstanceGroupName"] for group in ending.run["Groups"]] == ["worker"]
    after = sagemaker.describe_cluster(ClusterName=stage.cluster)
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}
    writes = {it.call.name for it in stage.sim.calls()[since:] if it.call.service in ("ec2", "sagemaker", "iam")}
    assert {name for name in writes if not name.partition(":")[2].startswith(("Describe", "List", "Get"))} == set()


@pytest.mark.changes_network
def test_what_is_wrong_with_it_is_told_and_no_reason_to_refuse(stage: Stage) -> None:
    somebody_elses(stage)
    stage.route("Worker", NatGatewayId=stage.failed_nat_gateway())
    ending = adopt(stage, Egress={"Prove": []})

    assert ending.run["State"] == "Adopted"
    assert ending.rules
    assert ending.run["Egress"] == []


@pytest.mark.changes_network
def test_it_is_watched_from_then_on(stage: Stage) -> None:
    somebody_elses(stage)
    adopt(stage, Egress={"Prove": []})
    watched = Watched(stage, ready=True)

    assert [kind for kind, _ in watched.after(changed_and_looked)] == [DETECTED]
    assert [row["Kind"] for row in stage.sim.get(f"/clusters/{stage.cluster}")["Drift"]] == ["Egress"]


def changed_and_looked(it: Watched) -> None:
    route_to("ControllerNatGatewayId")(it)
    it.look()


@pytest.mark.changes_network
def test_what_is_there_now_can_be_accepted_with_a_reason(stage: Stage) -> None:
    watched = Watched(stage)
    assert [kind for kind, _ in watched.after(changed_and_looked)] == [DETECTED]
    accepted = asked(stage, "PUT", f"/clusters/{stage.cluster}/baseline", Reason="The worker's NAT gateway is retired.")

    assert accepted.run["State"] == "Adopted"
    assert "The worker's NAT gateway is retired." in [finding["Seen"] for finding in accepted.run["Findings"]]
    assert [kind for kind, _ in watched.after(Watched.look)] == [RESOLVED]
    assert watched.after(Watched.look) == []
    newest, first = stage.sim.get(f"/clusters/{stage.cluster}/baselines")["Items"]
    assert (newest["RunId"], newest["Reason"]) == (accepted.run["RunId"], "The worker's NAT gateway is retired.")
    assert newest["By"] == accepted.run["RequestedBy"]
    assert (first["Reason"], first["TakenAt"] < newest["TakenAt"]) == ("provisioned", True)
    assert newest["S3Uri"].endswith(f"/baselines/{stage.cluster}/{accepted.run['RunId']}.json")


def test_a_cluster_that_is_not_there_is_not_adopted(stage: Stage) -> None:
    ending = adopt(stage)
    assert (ending.run["State"], ending.told) == ("Refused", ["HyperPod Cluster Refused"])
    assert "Nothing was made, and nothing was changed." in ending.slack[0]


def test_a_request_by_event_is_as_good(stage: Stage) -> None:
    somebody_elses(stage)
    request_id = f"{stage.cluster}-event"
    request = {"RequestId": request_id, "ClusterName": stage.cluster, "Egress": {"Prove": []}}
    stage.sim.put_request(request, "HyperPod Cluster Adoption Requested")
    stage.sim.settle()

    assert stage.ending(stage.sim.run_id(request_id)).told == ["HyperPod Cluster Adopted"]


@pytest.mark.changes_network
def test_a_look_can_be_asked_for(stage: Stage) -> None:
    watched = Watched(stage)

    def change_and_ask(it: Watched) -> None:
        route_to("ControllerNatGatewayId")(it)
        answer = it.sim.api("POST", f"/clusters/{stage.cluster}/drift-checks")
        assert (answer.status, answer.json()["ClusterName"]) == (202, stage.cluster)

    assert [kind for kind, _ in watched.after(change_and_ask)] == [DETECTED]


def test_nobody_looks_at_what_is_not_watched(stage: Stage) -> None:
    assert stage.sim.api("POST", f"/clusters/{stage.cluster}/drift-checks").status == 404
