"""The state machine, as deployed: every way through it leads to the one record of how the run ended."""

import re
from functools import cache
from typing import Any

from control_plane.domain.request import Request
from scripts.lint_states import expressions, unparsable
from tests.contracts.deployed import (
    ROOT,
    listed,
    logical_id,
    named,
    properties,
    state_machine,
    statements_for,
    step_of,
    tasks,
)

WORK = ("Task", "Map", "Parallel")  # what can fail, and be retried and caught
EXPLAINING, RECORDING = "Explain failure", "Record outcome"
# By then the cluster is in service: that nobody could ask its nodes leaves the proof open, and is no failure.
AFTER_SUCCESS = ("Choose nodes", "Ask nodes")
States = dict[str, dict[str, Any]]


@cache
def states() -> States:
    return dict(state_machine()["States"])


def work() -> States:
    return {name: state for name, state in states().items() if state["Type"] in WORK}


def ways_out(state: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """Where a state may lead, with the variables that are set on the way."""
    ways = [(state[key], _assigned(state)) for key in ("Next", "Default") if key in state]
    branches = [*state.get("Choices", []), *state.get("Catch", [])]
    return ways + [(branch["Next"], _assigned(branch)) for branch in branches]


def _assigned(node: dict[str, Any]) -> set[str]:
    return set(node.get("Assign", {}))


def reachable(start: str, *, but_not_past: str = "") -> set[str]:
    found, new = set(), {start}
    while new:
        found |= new
        onward = new - {but_not_past}
        new = {target for name in onward for target, _ in ways_out(states()[name])} - found
    return found


def test_every_next_leads_to_a_state_and_every_state_is_led_to() -> None:
    assert reachable(state_machine()["StartAt"]) == set(states())
    assert not [
        name for name, state in states().items() if bool(ways_out(state)) == (state["Type"] in {"Succeed", "Fail"})
    ]


def test_whatever_goes_wrong_leads_to_the_one_explanation_and_from_there_on_and_never_back() -> None:
    ending = reachable(EXPLAINING)
    for name, state in work().items():
        targets = {catcher["Next"] for catcher in state["Catch"]}
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        if name in AFTER_SUCCESS:
            assert targets == {RECORDING}
        else:
            assert targets <= ending - {EXPLAINING} if name in ending else targets == {EXPLAINING}
    assert not [name for name in ending if any(name in reachable(target) for target, _ in ways_out(states()[name]))]


def test_no_execution_ends_before_its_outcome_was_to_be_recorded() -> None:
    ends = {name for name, state in states().items() if state["Type"] in {"Succeed", "Fail"}}
    before = reachable(state_machine()["StartAt"], but_not_past=RECORDING)
    assert RECORDING in before
    assert ends & before == set()


def test_a_failure_that_was_caught_ends_in_a_fail_state_which_does_nothing() -> None:
    """So to redrive a failed execution is to fail again."""
    fails = [state for state in states().values() if state["Type"] == "Fail"]
    assert len(fails) == 2
    assert all(set(state) <= {"Type", "Comment", "Error", "Cause"} for state in fails)


def test_every_variable_is_set_on_every_way_to_where_it_is_read() -> None:
    """An expression over a variable that is not there fails where nothing is caught."""
    start = state_machine()["StartAt"]
    known: dict[str, set[str]] = {start: set()}
    new = [start]
    while new:
        name = new.pop()
        for target, assigned in ways_out(states()[name]):
            before, after = known.get(target), known[name] | assigned
            known[target] = after if before is None else before & after
            new += [target] if known[target] != before else []
    read = {name: _read(state) for name, state in states().items()}
    assert set().union(*read.values()) >= {"failure", "outcome", "check", "probes", "cluster", "explanation", "trouble"}
    assert {name: missing for name, wanted in read.items() if (missing := wanted - known[name])} == {}


def _read(state: dict[str, Any]) -> set[str]:
    text = " ".join(expressions(state))
    return set(re.findall(r"\$([a-z]\w*)(?![\w(])", text)) - {"states"}


def test_nobody_waits_for_a_token() -> None:
    """A token that gets lost is a run that hangs: steps look for themselves, and events only hasten them."""
    resources = {name: str(state["Resource"]) for name, state in tasks().items()}
    assert len(resources) >= 10
    assert [name for name, resource in resources.items() if "waitForTaskToken" in resource] == []


def test_every_arn_that_the_definition_wants_is_given_and_every_given_one_is_wanted() -> None:
    text = (ROOT / "statemachines/provision_cluster.asl.yaml").read_text()
    given: dict[str, Any] = properties("ProvisionClusterStateMachine")["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(given)
    assert {name: f"{named(arn)}Arn" for name, arn in given.items()} == {name: name for name in given}


def test_the_machine_may_invoke_the_functions_of_its_tasks_and_no_others() -> None:
    [statement] = statements_for("StateMachineRole", "lambda:InvokeFunction")
    wanted = {logical_id(step_of(task)) for task in tasks().values()}
    assert {named(arn) for arn in listed(statement["Resource"])} == wanted


def test_the_machine_outlasts_the_longest_deadline_that_a_request_may_set() -> None:
    [longest] = [limit.le for limit in Request.model_fields["deadline_minutes"].metadata if hasattr(limit, "le")]
    assert state_machine()["TimeoutSeconds"] > longest * 60


def test_every_expression_parses() -> None:
    assert len(list(expressions(state_machine()))) > 20
    assert unparsable(state_machine()) == []
    assert unparsable({"Condition": "{% $count($x %}"}) != []


def test_the_machine_keeps_a_log_and_a_trace() -> None:
    machine = properties("ProvisionClusterStateMachine")
    [destination] = machine["LoggingConfiguration"]["Destinations"]
    group = properties(named(destination["CloudWatchLogsLogGroup"]["LogGroupArn"]))
    assert group["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/states/")
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
