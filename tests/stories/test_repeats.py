"""However often a request comes, and whatever reply is lost: one run, one cluster, one end."""

from simulator.app import Simulator
from tests.stories.stage import Stage


def test_a_request_that_is_delivered_twice_is_one_run(stage: Stage) -> None:
    request = stage.request()
    stage.sim.put_request(request)
    ending = stage.run(request)

    assert (ending.run["State"], ending.clusters, len(ending.ends), len(ending.slack)) == ("Provisioned", 1, 1, 2)
    assert stage.run(request).told == ending.told  # also after its end


def test_of_two_requests_for_one_name_the_second_is_refused_and_told_who_has_it(stage: Stage) -> None:
    first, second = stage.request(), stage.request() | {"RequestId": f"{stage.cluster}-second"}
    with stage.sim.hold():
        stage.sim.put_request(first)
        event = stage.sim.put_request(second)
    stage.sim.settle()
    holder, refused = stage.ending(stage.sim.run_id(first["RequestId"])), stage.ending(stage.sim.run_id(event))

    assert (holder.run["State"], refused.run["State"]) == ("Provisioned", "Refused")
    assert holder.run["RunId"] in refused.run["Findings"][0]["Seen"]
    assert (refused.clusters, len(refused.slack)) == (1, 1)


def test_a_create_whose_reply_is_lost_is_one_cluster_and_no_failure(stage: Stage) -> None:
    stage.sim.cut_reply("sagemaker:CreateCluster")
    ending = stage.run(stage.request())

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
