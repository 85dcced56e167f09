"""Whom the step chooses, what it reads for that, and what it does when it may not read."""

import json
from typing import Any

import pytest

from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.probe.nodes import NodeLedger
from control_plane.domain.run import Phase
from control_plane.steps.choose_nodes import LOOKED_AT, Report, choose_nodes
from control_plane.steps.request import StepRequest
from tests.cluster_world import World, a_request, phase
from tests.hyperpod_in_memory import ARN, NOON, OURS, RUN_ID, Refused
from tests.probe_world import EvidenceInMemory, Wire

BLOCKS = {"subnet-1": "10.0.1.0/24", "subnet-2": "10.0.2.0/24"}
BOTH = {"SecurityGroupIds": ["sg-1"], "Subnets": [*BLOCKS]}


class Choice:
    """A cluster in service whose controller can be in one subnet, and its workers in two."""

    def __init__(self, *nodes: tuple[str, str], each: int | str = 1) -> None:
        request = a_request(
            groups={"worker": {"OverrideVpcConfig": BOTH}},
            VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        )
        terms = request.egress.model_copy(update={"nodes_per_group": each})
        self.world = World(
            request.model_copy(update={"egress": terms}), cluster_arn=ARN.format(1), **phase("WaitForCluster", NOON)
        )
        self.world.hyperpod.add(OURS)
        self.world.hyperpod.add_nodes(*nodes)
        self.evidence = EvidenceInMemory(Wire())
        subnets = [{"SubnetId": name, "CidrBlock": block} for name, block in BLOCKS.items()]
        check = {"Shape": request.shape.to_wire(), "Facts": {"Network": {"Subnets": subnets}}}
        self.evidence.kept["check"] = json.dumps(check)

    def run(self) -> Report:
        return choose_nodes(
            StepRequest(run_id=RUN_ID),
            runs=self.world.runs,
            evidence=self.evidence,
            reader=self.world.reader,
            now=self.world.now,
        )

    @property
    def ledger(self) -> NodeLedger:
        return NodeLedger.from_wire(json.loads(self.evidence.kept["nodes"]))

    @property
    def places(self) -> list[tuple[str, str]]:
        return [(probe.instance_group_name, probe.subnet_id) for probe in self.ledger.probes]

    def calls(self, name: str) -> int:
        return self.world.faults.calls.count(name)


def test_where_a_node_is_is_asked_only_of_a_group_that_may_be_in_several_subnets() -> None:
    choice = Choice(("controller", "Running"), ("worker", "Running"), ("worker", "Running"))
    choice.world.hyperpod.addresses["i-00000000000000002"] = "10.0.2.9"
    assert choice.run() == Report(nodes=3)
    assert choice.places == [("controller", "subnet-1"), ("worker", "subnet-1"), ("worker", "subnet-2")]
    assert (choice.calls("ListClusterNodes"), choice.calls("DescribeClusterNode")) == (1, 2)
    assert choice.world.run.phase is Phase.PROBE_NODES


def test_a_node_that_does_not_run_is_not_asked() -> None:
    choice = Choice(("controller", "Running"), ("worker", "Failure"), ("worker", "Running"))
    assert choice.run() == Report(nodes=2)


@pytest.mark.parametrize(("each", "looks"), [(1, LOOKED_AT), (150, 150), ("All", 200)])
def test_of_a_large_group_no_more_nodes_are_looked_at_than_are_needed(each: int | str, looks: int) -> None:
    choice = Choice(*[("worker", "Running")] * 200, each=each)
    choice.run()
    assert choice.calls("DescribeClusterNode") == looks


def test_a_node_that_left_meanwhile_is_unknown() -> None:
    choice = Choice(("controller", "Running"), ("worker", "Running"))
    choice.world.faults.refuse["DescribeClusterNode"] = Refused("ResourceNotFound")
    assert choice.run() == Report(nodes=1)
    codes = [probe.trouble.code if probe.trouble else "" for probe in choice.ledger.probes]
    assert codes == ["", "NoSubnet"]


def test_a_cluster_without_a_vpc_has_nobody_to_ask() -> None:
    choice = Choice(("controller", "Running"))
    shape = ClusterShape.model_validate(a_request().cluster)
    choice.evidence.kept["check"] = json.dumps({"Shape": shape.to_wire(), "Facts": {"Network": {"Subnets": []}}})
    assert choice.run() == Report(nodes=0)


def test_what_nobody_may_list_is_unknown_with_aws_s_word_for_it() -> None:
    choice = Choice(("controller", "Running"))
    choice.world.faults.refuse["ListClusterNodes"] = Refused("AccessDeniedException", "may not list")
    assert choice.run() == Report(nodes=0)
    assert choice.places == [("controller", "subnet-1"), ("worker", "subnet-1"), ("worker", "subnet-2")]
    assert all(probe.trouble and "may not list" in probe.trouble.text for probe in choice.ledger.probes)


def test_what_was_chosen_stays_when_the_step_is_repeated() -> None:
    choice = Choice(("controller", "Running"))
    choice.run()
    before: dict[str, Any] = choice.ledger.to_wire()
    choice.world.hyperpod.add_nodes(("worker", "Running"))
    assert choice.run() == Report(nodes=1)
    assert choice.ledger.to_wire() == before
