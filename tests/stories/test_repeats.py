"""However often a request comes, and whatever reply is lost: one run, one cluster, one end."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulator.app import ApiAnswer, Simulator
from simulator.faults import CallFault, CallKind
from tests.stories.stage import Stage


def test_a_request_that_is_delivered_twice_is_one_run(stage: Stage) -> None:
    request = stage.request()
    stage.sim.put_request(request)
    ending = stage.run(request)

    assert (ending.run["State"], ending.clusters, len(ending.ends), len(ending.slack)) == ("Provisioned", 1, 1, 2)
    assert stage.run(request).told == ending.told  # also after its end


def test_of_two_requests_for_one_name_the_second_is_refused_and_told_who_has_it(stage: Stage) -> None:
    first, second = stage.request(), stage.request() | {"RequestId": f"{stage.cluster}-second"}
    run_id = stage.start(first, until="ProbeSubnets")
    event = stage.sim.put_request(second)
    stage.sim.settle()
    holder, refused = stage.ending(run_id), stage.ending(stage.sim.run_id(event))

    assert (holder.run["State"], refused.run["State"]) == ("Provisioned", "Refused")
    assert holder.run["RunId"] in refused.run["Findings"][0]["Seen"]
    assert (refused.clusters, len(refused.slack)) == (1, 1)


def test_of_eight_callers_at_once_for_one_name_one_is_accepted(stage: Stage) -> None:
    asked = [stage.request() | {"RequestId": f"{stage.cluster}-{number}"} for number in range(8)]
    answers = at_once(stage, asked)

    assert sorted(answer.status for answer in answers) == [202] + [409] * 7
    [accepted] = [answer.json()["RunId"] for answer in answers if answer.status == 202]
    assert {answer.json()["RunId"] for answer in answers} == {accepted}
    assert stage.ending(accepted).clusters == 1


@pytest.mark.long
def test_sixteen_callers_at_once_are_sixteen_runs_and_none_is_lost(stage: Stage) -> None:
    asked = [stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]}) for _ in range(16)]
    for number, request in enumerate(asked):
        request |= {"RequestId": f"{stage.cluster}-{number}"}
        request["Cluster"]["ClusterName"] += f"-{number}"
    answers = at_once(stage, asked)

    assert {answer.status for answer in answers} == {202}
    assert {stage.sim.get(f"/runs/{answer.json()['RunId']}")["State"] for answer in answers} == {"Refused"}


def at_once(stage: Stage, requests: list[dict[str, Any]]) -> list[ApiAnswer]:
    with ThreadPoolExecutor(len(requests)) as callers:
        answers = list(callers.map(lambda request: stage.sim.api("POST", "/clusters", request), requests))
    stage.sim.settle()
    return answers


def test_a_create_whose_reply_is_lost_is_one_cluster_and_no_failure(stage: Stage) -> None:
    stage.sim.cut_reply("sagemaker:CreateCluster")
    ending = stage.run(stage.request())

    assert (ending.run["State"], ending.clusters, ending.ends) == ("Provisioned", 1, ["HyperPod Cluster Provisioned"])


def test_a_create_that_takes_longer_than_its_function_may_is_one_cluster_and_no_failure(stage: Stage) -> None:
    slow = CallFault("sagemaker:CreateCluster", CallKind.DELAY, caller="CreateClusterFunction", seconds=600)
    stage.sim.inject(slow)
    ending = stage.run(stage.request())

    assert stage.sim.faults.injected() == {"Delay": 1}
    assert (ending.run["State"], ending.clusters, ending.ends) == ("Provisioned", 1, ["HyperPod Cluster Provisioned"])


def test_an_end_whose_announcement_fails_is_announced_by_the_sweeper(stage: Stage) -> None:
    stage.sim.fail("events:PutEvents", "InternalFailure", status=500, caller="AnnounceFunction")
    before = len(stage.sim.calls())
    run_id = stage.run(stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]})).run["RunId"]
    stage.sim.clock.sleep(600)
    stage.sim.settle()
    stage.sim.faults.clear()

    sent = stage.answered("events:PutEvents", since=before)
    assert (200 in sent["SweepRunsFunction"], 200 in sent["AnnounceFunction"]) == (True, False)
    assert stage.ending(run_id).told == ["HyperPod Cluster Refused"]


def test_a_door_that_dies_after_accepting_is_helped_by_the_sweeper(stage: Stage) -> None:
    stage.sim.fail("stepfunctions:StartExecution", "InternalFailure", status=500, caller="AcceptRequestFunction")
    before = len(stage.sim.calls())
    ending = stage.run(stage.request(), patience=600)
    stage.sim.faults.clear()

    started = stage.answered("stepfunctions:StartExecution", since=before)
    assert (started["AcceptRequestFunction"], started["SweepRunsFunction"]) == ({500}, {200})
    assert (ending.run["State"], ending.ends) == ("Provisioned", ["HyperPod Cluster Provisioned"])


def test_a_slack_that_stays_down_ends_in_the_dead_letter_queue(simulator: Simulator, stage: Stage) -> None:
    simulator.inbox.go_down()
    ending = stage.run(stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]}))
    simulator.inbox.go_down(down=False)

    assert ending.slack == []
    assert len([letter for letter in stage.dead_letters() if ending.run["RunId"] in letter]) == 1
