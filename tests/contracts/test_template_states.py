"""The state machines, as deployed: every run comes to the one record of how it ended, and no look hides another."""

import re
from functools import cache
from typing import Any

import pytest

from control_plane.domain.request import Request
from scripts.lint_states import expressions, unparsable
from tests.contracts.deployed import (
    RUN,
    WATCH,
    all_states,
    all_tasks,
    definition_of,
    flows,
    listed,
    logical_id,
    machines,
    named,
    properties,
    state_machine,
    statements_for,
    step_of,
    tasks,
)

WORK = ("Task", "Map", "Parallel")  # what can fail, and be retried and caught
EXPLAINING, RECORDING = "Explain failure", "Record outcome"
# By then the cluster is in service: that nobody could ask its nodes leaves the proof open, and is no failure; nor is it
# one that nobody watches it. Where each goes on.
WATCHING = "Is it to be watched?"
AFTER_SUCCESS = {"Choose nodes": WATCHING, "Ask nodes": WATCHING, "Take baseline": RECORDING}
ENDS = {"Succeed", "Fail"}
States = dict[str, dict[str, Any]]

each_machine = pytest.mark.parametrize("machine", machines())
each_flow = pytest.mark.parametrize(
    "flow",
    [pytest.param(flow, id=f"{name}: {flow['StartAt']}") for name, each in machines().items() for flow in flows(each)],
)


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


def reachable(start: str, *, but_not_past: str = "", within: States | None = None) -> set[str]:
    found, new = set(), {start}
    while new:
        found |= new
        onward = new - {but_not_past}
        new = {target for name in onward for target, _ in ways_out((within or states())[name])} - found
    return found


@each_flow
def test_every_next_leads_to_a_state_and_every_state_is_led_to(flow: dict[str, Any]) -> None:
    assert reachable(flow["StartAt"], within=flow["States"]) == set(flow["States"])
    assert not [name for name, state in flow["States"].items() if bool(ways_out(state)) == (state["Type"] in ENDS)]


def test_the_watch_has_flows_within_its_maps() -> None:
    """So that what is asked of each flow is asked of them."""
    assert [flow["StartAt"] for flow in flows(machines()[WATCH])] == ["Let changes settle", "Look", "Announce"]


def test_whatever_goes_wrong_leads_to_the_one_explanation_and_from_there_on_and_never_back() -> None:
    ending = reachable(EXPLAINING)
    for name, state in work().items():
        targets = {catcher["Next"] for catcher in state["Catch"]}
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        if name in AFTER_SUCCESS:
            assert targets == {AFTER_SUCCESS[name]}
        else:
            assert targets <= ending - {EXPLAINING} if name in ending else targets == {EXPLAINING}
    assert not [name for name in ending if any(name in reachable(target) for target, _ in ways_out(states()[name]))]


def test_no_execution_ends_before_its_outcome_was_to_be_recorded() -> None:
    ends = {name for name, state in states().items() if state["Type"] in ENDS}
    before = reachable(state_machine()["StartAt"], but_not_past=RECORDING)
    assert RECORDING in before
    assert ends & before == set()


@pytest.mark.parametrize(("machine", "times"), [(RUN, 2), (WATCH, 2)])
def test_a_failure_that_was_caught_ends_in_a_fail_state_which_does_nothing(machine: str, times: int) -> None:
    """So to redrive a failed execution is to fail again."""
    fails = [state for state in all_states(machine).values() if state["Type"] == "Fail"]
    assert len(fails) == times
    assert all(set(state) <= {"Type", "Comment", "Error", "Cause"} for state in fails)


def test_what_fails_within_a_map_is_counted_there_and_no_fail_state_ends_the_others() -> None:
    """A Fail state, or an error that is not caught, within one iteration ends all of them.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    """
    outer, *inner = flows(machines()[WATCH])
    assert [name for flow in inner for name, state in flow["States"].items() if state["Type"] == "Fail"] == []
    looks = [
        state for state in all_states(WATCH).values() if state["Type"] == "Task" and step_of(state) == "check_drift"
    ]
    assert [catcher["Output"] for state in looks for catcher in state["Catch"]] == [{"Failed": True}] * 2
    assert "Failed = true" in outer["States"]["Look at each VPC"]["Assign"]["failed"]
    assert [each["Next"] for each in outer["States"]["Were all looked at?"]["Choices"]] == ["Not all", "Tell digest"]
    assert outer["States"]["Not all"]["Error"] == "NotAllLookedAt"


READ = {
    RUN: {"failure", "outcome", "check", "probes", "cluster", "explanation", "trouble", "watched"},
    WATCH: {"failed"},
}


@each_machine
def test_every_variable_is_set_on_every_way_to_where_it_is_read(machine: str) -> None:
    """An expression over a variable that is not there fails where nothing is caught."""
    read = {name: variables for flow in flows(machines()[machine]) for name, variables in _unset_in(flow).items()}
    assert {name: missing for name, missing in read.items() if missing} == {}
    assert set().union(*(_read(state) for state in all_states(machine).values())) >= READ[machine]


def _unset_in(flow: dict[str, Any]) -> dict[str, set[str]]:
    """By state, the variables that it reads and that some way from the start does not set."""
    known: dict[str, set[str]] = {flow["StartAt"]: set()}
    new = [flow["StartAt"]]
    while new:
        name = new.pop()
        for target, assigned in ways_out(flow["States"][name]):
            before, after = known.get(target), known[name] | assigned
            known[target] = after if before is None else before & after
            new += [target] if known[target] != before else []
    return {name: _read(state) - known[name] for name, state in flow["States"].items()}


def _read(state: dict[str, Any]) -> set[str]:
    text = " ".join(expressions({key: value for key, value in state.items() if key != "ItemProcessor"}))
    return set(re.findall(r"\$([a-z]\w*)(?![\w(])", text)) - {"states"}


def test_nobody_waits_for_a_token() -> None:
    """A token that gets lost is a run that hangs: steps look for themselves, and events only hasten them."""
    resources = {f"{machine}: {name}": str(task["Resource"]) for machine, name, task in all_tasks()}
    assert len(resources) >= 15
    assert [name for name, resource in resources.items() if "waitForTaskToken" in resource] == []


@each_machine
def test_every_arn_that_the_definition_wants_is_given_and_every_given_one_is_wanted(machine: str) -> None:
    given: dict[str, Any] = properties(machine)["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", definition_of(machine).read_text())) == set(given)
    assert {name: f"{named(arn)}Arn" for name, arn in given.items()} == {name: name for name in given}


@each_machine
def test_the_machine_may_invoke_the_functions_of_its_tasks_and_no_others(machine: str) -> None:
    [statement] = statements_for(named(properties(machine)["RoleArn"]), "lambda:InvokeFunction")
    wanted = {logical_id(step_of(task)) for task in tasks(machine).values()}
    assert {named(arn) for arn in listed(statement["Resource"])} == wanted


def test_the_machine_outlasts_the_longest_deadline_that_a_request_may_set() -> None:
    [longest] = [limit.le for limit in Request.model_fields["deadline_minutes"].metadata if hasattr(limit, "le")]
    assert state_machine()["TimeoutSeconds"] > longest * 60


@pytest.mark.parametrize(("machine", "least"), [(RUN, 20), (WATCH, 8)])
def test_every_expression_parses(machine: str, least: int) -> None:
    assert len(list(expressions(machines()[machine]))) > least
    assert unparsable(machines()[machine]) == []
    assert unparsable({"Condition": "{% $count($x %}"}) != []


@each_machine
def test_a_machine_keeps_a_log_and_a_trace(machine: str) -> None:
    declared = properties(machine)
    [destination] = declared["LoggingConfiguration"]["Destinations"]
    group = properties(named(destination["CloudWatchLogsLogGroup"]["LogGroupArn"]))
    assert group["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/states/")
    assert declared["StateMachineType"] == "STANDARD"
    assert declared["TracingConfiguration"] == {"Enabled": True}


def test_two_machines_write_two_logs() -> None:
    groups = [
        named(each["LoggingConfiguration"]["Destinations"][0]["CloudWatchLogsLogGroup"]["LogGroupArn"])
        for each in map(properties, machines())
    ]
    assert len(groups) == len({*groups})
