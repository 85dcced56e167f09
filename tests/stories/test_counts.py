"""What a run costs, counted exactly. The numbers stand in docs/architecture.md, and the README's prices follow them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest

from simulator.app import Simulator
from tests.counts import documented, documented_in
from tests.races.burst import table
from tests.stories.stage import BOTH_PROOFS, Ending, Stage

LOOPS = {
    "Ask probes": {"Wait for probes", "Ask probes", "Have the probes answered?"},
    "Read cluster": {"Wait for cluster", "Read cluster", "Is the cluster in service?"},
}
REFUSED: dict[str, Any] = {"ExpectedPublicIps": ["203.0.113.99"]}

Calls = Counter[tuple[str, str]]  # how often each function made each call


def calls_during(sim: Simulator, work: Callable[[], object]) -> list[tuple[str, str]]:
    """Who made which call, in order, while a piece of work was done."""
    before = len(sim.calls())
    work()
    return [(it.call.caller, it.call.name) for it in sim.calls()[before:]]


def states_of(sim: Simulator, ending: Ending) -> Counter[str]:
    pages = sim.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=ending.run["ExecutionArn"]) for event in page["events"]]
    return Counter(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)


@dataclass(frozen=True)
class Example:
    """A provisioned run of one group with one subnet, and every call from its request to its last Slack message."""

    sim: Simulator
    ending: Ending
    order: list[tuple[str, str]]
    states: Counter[str]

    @property
    def calls(self) -> Calls:
        return Counter(self.order)

    @property
    def told_by_hyperpod(self) -> int:
        """Its events about this cluster: each is one invocation of the watch, and one query whether it is watched."""
        told = [event["Detail"] for event in self.sim.events() if event["Source"] == "aws.sagemaker"]
        return sum(detail.get("ClusterName") == self.ending.run["ClusterName"] for detail in told)

    def made(self, *names: str) -> int:
        """How often the run made these calls.

        The sweeper works by the clock, the API for who looks on, and the watch is told of other stories' clusters, too.
        """
        others = ("SweepRunsFunction", "ApiFunction", "RequestDriftCheckFunction", "visitor")
        return sum(times for (caller, name), times in self.calls.items() if name in names and caller not in others)


@pytest.fixture(scope="module")
def example(simulator: Simulator) -> Example:
    stage, endings = Stage(simulator), list[Ending]()
    order = calls_during(simulator, lambda: endings.append(stage.run(stage.request(Egress=BOTH_PROOFS))))
    simulator.settle()
    return Example(simulator, endings[0], order, states_of(simulator, endings[0]))


def account_reads(calls: Iterable[tuple[str, str]]) -> Calls:
    """Reads of the customer's account by the check and by the last look before a create: not of our table or bucket."""
    looking = {"CheckAccountFunction", "CreateClusterFunction"}
    read = re.compile(r"(ec2|iam|s3|sagemaker):(Describe|Get|List)")
    return Counter((caller, name) for caller, name in calls if caller in looking and read.match(name))


def test_a_run_passes_as_many_states_as_documented(example: Example) -> None:
    in_loops = {state for loop in LOOPS.values() for state in loop}
    outside = sum(times for name, times in example.states.items() if name not in in_loops)
    assert outside == documented("States of a provisioned run outside its two loops") <= 15
    for step, loop in LOOPS.items():
        assert len(loop) == documented("States a round of either loop takes") == 3
        assert {example.states[name] for name in loop} == {documented(f"Rounds of {step}, in the example")}


def test_a_create_is_one_write_after_few_reads_and_one_describe_a_poll(example: Example) -> None:
    create = ("CreateClusterFunction", "sagemaker:CreateCluster")
    reads = account_reads(example.order[: example.order.index(create)])
    assert reads.total() == documented("Reads of the account before CreateCluster, for one role and one script") <= 12
    assert example.calls[create] == 1
    others = 3  # the account check, the last look before the create, and the baseline
    assert example.made("sagemaker:DescribeCluster") - others == example.states["Read cluster"]


def test_a_look_at_a_cluster_writes_only_what_has_changed(example: Example) -> None:
    rounds = example.states["Read cluster"]
    assert example.calls["ReadClusterFunction", "dynamodb:GetItem"] == 2 * rounds  # the fence, and the request
    assert example.calls["ReadClusterFunction", "dynamodb:UpdateItem"] == documented(
        "Writes of all looks at the cluster, in the example"
    )


def entries(example: Example) -> int:
    """What the table holds to match changes with the example's cluster."""
    name = example.ending.run["ClusterName"]
    return sum(item["pk"]["S"].startswith("RESOURCE#") and item["sk"]["S"] == name for item in table(example.sim))


def test_the_example_makes_as_many_requests_as_its_price_is_worked_out_from(example: Example) -> None:
    events = example.made("events:PutEvents") + 1  # the request itself
    invocations = example.calls["states", "lambda:Invoke"] + 1 + len(example.ending.slack) + example.told_by_hyperpod
    reads = example.made("dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem") + example.told_by_hyperpod
    assert {
        "Lambda invocations, in the example": invocations,
        "DynamoDB reads, in the example": reads,
        "DynamoDB writes, in the example": example.made("dynamodb:UpdateItem", "dynamodb:PutItem"),
        "DynamoDB transactions, in the example": example.made("dynamodb:TransactWriteItems"),
        "Index entries of the baseline, in the example": entries(example),
        "S3 writes, in the example": example.made("s3:PutObject", "s3:ListObjectsV2"),
        "S3 reads, in the example": example.made("s3:GetObject"),
        "EventBridge events, in the example": events,
    } == {
        what: documented(what)
        for what in documented_in("in the example")
        if "Rounds" not in what and "looks" not in what
    }


def subnets(stage: Stage, count: int) -> list[str]:
    """So many more subnets in the VPC, of 16 addresses each."""
    made = [
        stage.ec2.create_subnet(VpcId=stage.ids["VpcId"], CidrBlock=f"10.0.200.{16 * number}/28")
        for number in range(count)
    ]
    return [each["Subnet"]["SubnetId"] for each in made]


@pytest.mark.changes_network
@pytest.mark.parametrize(("groups", "others"), [(1, 0), (100, 0), (100, 16)])
def test_the_account_is_read_in_as_many_calls_for_100_groups_in_16_subnets_as_for_one(
    stage: Stage, groups: int, others: int
) -> None:
    places = cycle([stage.ids["ControllerSubnetId"], *subnets(stage, others)])
    security_groups = stage.vpc("Controller")["SecurityGroupIds"]
    many = [
        stage.group(f"group-{number}", OverrideVpcConfig={"SecurityGroupIds": security_groups, "Subnets": [place]})
        for number, place in zip(range(groups), places, strict=False)
    ]
    request, endings = stage.request(*many, Egress=REFUSED), list[Ending]()
    reads = account_reads(calls_during(stage.sim, lambda: endings.append(stage.run(request))))

    assert endings[0].run["State"] == "Refused"
    ec2 = sum(times for (_, name), times in reads.items() if name.startswith("ec2:"))
    assert ec2 == documented("EC2 calls of the account check, for 1 group or for 100")
    last_look = 1  # before a create, which is not come to here
    assert (
        reads.total()
        == documented("Reads of the account before CreateCluster, for one role and one script") - last_look
    )


def test_the_door_reads_and_writes_once_and_an_event_costs_one_secret_and_one_message(stage: Stage) -> None:
    endings = list[Ending]()
    calls = Counter(calls_during(stage.sim, lambda: endings.append(stage.run(stage.request(Egress=REFUSED)))))

    assert calls["AcceptRequestFunction", "dynamodb:TransactWriteItems"] == 1
    assert calls["AcceptRequestFunction", "stepfunctions:StartExecution"] == 1
    assert calls["NotifySlackFunction", "secretsmanager:GetSecretValue"] <= 1
    assert len(endings[0].slack) == len(endings[0].ends) == 1


def in_dynamodb(calls: Iterable[tuple[str, str]]) -> int:
    return sum(caller == "ApiFunction" and name.startswith("dynamodb:") for caller, name in calls)


def test_an_answer_of_the_api_takes_as_few_reads_as_documented(example: Example, stage: Stage) -> None:
    sim, run = example.sim, example.ending.run
    asked = {
        "POST /clusters": lambda: sim.api("POST", "/clusters", stage.request(Egress=REFUSED)),
        "GET /runs/{id}": lambda: sim.get(f"/runs/{run['RunId']}"),
        "GET /clusters/{name}": lambda: sim.get(f"/clusters/{run['ClusterName']}"),
    }
    for route, work in asked.items():
        assert in_dynamodb(calls_during(sim, work)) == documented(f"DynamoDB calls of {route}")
