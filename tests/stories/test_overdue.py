"""An execution that goes on past its run's deadline is stopped by the sweeper, and its run ends like any other."""

from tests.stories.stage import Stage

AN_HOUR = 3600.0


def test_an_execution_that_overlooks_its_deadline_is_stopped_and_its_run_ends(stage: Stage) -> None:
    request = stage.request(DeadlineMinutes=15, Egress={"Prove": []}, OnFailure="Delete")
    request["Cluster"]["NodeProvisioningMode"] = "Continuous"  # tries again and again, and never says that it failed
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", "controller")
    with stage.sim.skewed(lambda name: -AN_HOUR if name == "ReadClusterFunction" else 0.0):
        ending = stage.run(request)

    described = stage.sim.client("stepfunctions").describe_execution(executionArn=ending.run["ExecutionArn"])
    assert (described["status"], ending.run["State"], ending.run["Cause"]) == ("ABORTED", "Failed", "Capacity")
    assert (len(ending.ends), len(ending.slack)) == (1, 2)  # it was told of the creation, too
    assert ending.run["ClusterDisposition"] == "DeleteRequested"
