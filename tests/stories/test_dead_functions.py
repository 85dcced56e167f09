"""Functions that die whenever they are called, and executions that are ended by others: the run ends, and says so."""

import pytest

from simulator.faults import CallFault, CallKind, ExecutionFault, ExecutionKind, FunctionFault, FunctionKind
from tests.stories.stage import Stage
from tests.stories.test_causes import UNPROBED, assert_told
from tests.stories.test_denied_calls import asked
from tests.stories.test_nobody_is_left_waiting import LONG_PAST, REFUSED, letters_about

ALWAYS = 0

# The function, how it dies, the phase that the run is in then, and what Lambda calls it.
DEAD = [
    ("CheckAccountFunction", FunctionKind.KILL_AT_START, "Accept", "Runtime.ExitError"),
    ("CheckAccountFunction", FunctionKind.OUT_OF_MEMORY, "Accept", "Runtime.ExitError"),
    ("CheckAccountFunction", FunctionKind.OVERTIME, "CheckAccount", "Sandbox.Timedout"),
    ("CheckAccountFunction", FunctionKind.THROTTLED, "Accept", "Lambda.TooManyRequestsException"),
    ("LaunchProbesFunction", FunctionKind.KILL_AT_END, "ProbeSubnets", "Runtime.ExitError"),
    ("AskProbesFunction", FunctionKind.OVERTIME, "ProbeSubnets", "Sandbox.Timedout"),
    ("CreateClusterFunction", FunctionKind.OUT_OF_MEMORY, "CheckAccount", "Runtime.ExitError"),
    ("CreateClusterFunction", FunctionKind.KILL_AT_END, "CreateCluster", "Runtime.ExitError"),
    ("ReadClusterFunction", FunctionKind.OVERTIME, "WaitForCluster", "Sandbox.Timedout"),
]


@pytest.mark.parametrize(
    ("function", "kind", "phase", "error"),
    [pytest.param(*row, id=f"{row[0].removesuffix('Function')} {row[1]}") for row in DEAD],
)
def test_a_step_that_dies_each_time_ends_the_run_and_is_named_by_how_it_died(
    stage: Stage, function: str, kind: FunctionKind, phase: str, error: str
) -> None:
    stage.sim.inject(FunctionFault(function, kind, nth=ALWAYS))
    ending = stage.run(stage.request(**asked(function)))

    assert_told(ending, phase, "Unknown", error, "A call went unanswered in spite of retries")
    made = phase == "WaitForCluster" or (function, kind) == ("CreateClusterFunction", FunctionKind.KILL_AT_END)
    assert ending.clusters == made


@pytest.mark.parametrize("function", ["ExplainFailureFunction", "RemoveProbesFunction", "DeleteClusterFunction"])
def test_a_step_of_the_clean_up_that_dies_each_time_keeps_no_run_from_its_end(stage: Stage, function: str) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    stage.sim.inject(FunctionFault(function, FunctionKind.OUT_OF_MEMORY, nth=ALWAYS))
    ending = stage.run(stage.request(**UNPROBED, OnFailure="Delete"))

    assert (ending.run["State"], ending.ends, len(ending.slack)) == ("Failed", ["HyperPod Cluster Failed"], 2)
    assert (ending.run["Cause"] == "Unknown") == (function == "ExplainFailureFunction")
    gone = "DeleteRequested" if function == "RemoveProbesFunction" else "DeleteFailed"
    assert ending.run["ClusterDisposition"] == gone
    assert ("aws sagemaker delete-cluster" in ending.run["Remedy"]) == (gone == "DeleteFailed")


def test_a_recorder_that_dies_each_time_leaves_the_end_to_the_sweeper(stage: Stage) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    stage.sim.inject(FunctionFault("RecordOutcomeFunction", FunctionKind.KILL_AT_START, nth=ALWAYS))
    ending = stage.run(stage.request(**UNPROBED), patience=LONG_PAST)

    assert (ending.run["State"], ending.run["Cause"]) == ("Failed", "Capacity")
    assert (ending.ends, len(ending.slack)) == (["HyperPod Cluster Failed"], 2)


@pytest.mark.parametrize("function", ["AcceptRequestFunction", "NotifySlackFunction"])
def test_a_function_of_the_bus_that_dies_each_time_leaves_a_dead_letter(stage: Stage, function: str) -> None:
    stage.sim.inject(FunctionFault(function, FunctionKind.KILL_AT_START, nth=ALWAYS))
    request = stage.request(**REFUSED)
    stage.sim.put_request(request)
    stage.sim.settle()

    word = request["RequestId"] if "Accept" in function else stage.sim.run_id(request["RequestId"])
    assert len(letters_about(stage, word)) == 1


def test_a_sweeper_that_dies_each_time_leaves_a_dead_letter(stage: Stage) -> None:
    stage.sim.inject(FunctionFault("SweepRunsFunction", FunctionKind.KILL_AT_START, nth=ALWAYS))
    stage.sim.clock.sleep(900)

    assert letters_about(stage, "SweepRunsFunction")


@pytest.mark.parametrize(
    ("state", "kind", "cause"),
    [
        ("Check account", ExecutionKind.STOP, "Stopped"),
        ("Check account", ExecutionKind.TIME_OUT, "Unknown"),
        ("Ask probes", ExecutionKind.STOP, "Stopped"),
        ("Create cluster", ExecutionKind.STOP, "Stopped"),
        ("Create cluster", ExecutionKind.TIME_OUT, "Unknown"),
        ("Explain failure", ExecutionKind.STOP, "Capacity"),
        ("Record outcome", ExecutionKind.STOP, "Capacity"),  # what was explained first stands
    ],
)
def test_an_execution_that_is_ended_by_others_wherever_it_is_ends_its_run(
    stage: Stage, state: str, kind: ExecutionKind, cause: str
) -> None:
    stage.sim.inject(ExecutionFault(state, kind))
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    ending = stage.run(stage.request(**({} if "probes" in state else UNPROBED)), patience=1800)

    assert (ending.run["State"], ending.run["Cause"], ending.ends) == ("Failed", cause, ["HyperPod Cluster Failed"])
    assert ending.run["Remedy"]
    assert (ending.probes, len(ending.slack)) == (0, len(ending.told))


@pytest.mark.parametrize("times", [1, ALWAYS])
def test_an_event_that_was_not_put_although_the_call_succeeded_is_put_again(stage: Stage, times: int) -> None:
    stage.sim.inject(CallFault("events:PutEvents", CallKind.PARTIAL, caller="AnnounceFunction", nth=times))
    ending = stage.run(stage.request(**REFUSED), patience=600)

    assert (ending.ends, len(ending.slack)) == (["HyperPod Cluster Refused"], 1)
