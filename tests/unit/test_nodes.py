"""Which nodes are asked, and what their answers come to."""

from collections.abc import Sequence
from typing import Any, Literal

import pytest

from control_plane.domain.cluster.seen import Node
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.egress import PredictedEgress, Verdict
from control_plane.domain.probe.ledger import TroubleKind
from control_plane.domain.probe.node_verdict import judge_nodes
from control_plane.domain.probe.nodes import ATTEMPTS, NO_VPC, NodeLedger, NodeProbe, Seated, chosen, out_of_reach
from control_plane.domain.probe.verdict import Judgement, ProbeVerdict
from control_plane.domain.request import EgressTerms
from tests.hyperpod_in_memory import NOON
from tests.probe_world import framed

RUN, ARN = "run-1", "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/abc"
NAT, OTHER = "203.0.113.10", "203.0.113.99"
TERMS = EgressTerms()


def group(name: str, *subnets: str) -> dict[str, Any]:
    role = "arn:aws:iam::123456789012:role/nodes"
    own = {"OverrideVpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": subnets}} if subnets else {}
    return {"InstanceGroupName": name, "InstanceCount": 1, "ExecutionRole": role, **own}


def shape(*groups: dict[str, Any], restricted: Sequence[dict[str, Any]] = ()) -> ClusterShape:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    body = {"ClusterName": "c", "VpcConfig": vpc, "InstanceGroups": groups, "RestrictedInstanceGroups": restricted}
    return ClusterShape.model_validate(body)


def seats(**where: str | None) -> list[Seated]:
    """By node, ``a1="subnet-1"``: of group "a"."""
    return [Seated(instance_group_name=name[0], instance_id=f"i-{name}", subnet_id=where[name]) for name in where]


def node(group_name: str, status: str) -> Node:
    told = {"InstanceGroupName": group_name, "InstanceId": "i-1", "InstanceStatus": {"Status": status}}
    return Node.model_validate(told)


def places(probes: Sequence[NodeProbe]) -> list[tuple[str, str]]:
    return [(probe.instance_group_name, probe.subnet_id) for probe in probes]


def test_one_node_of_every_group_in_each_of_its_subnets_is_asked() -> None:
    there = seats(a1="subnet-1", a2="subnet-1", b1="subnet-2", b2="subnet-3", b3="subnet-3")
    asked = [*chosen(RUN, shape(group("a"), group("b", "subnet-2", "subnet-3", "subnet-4")), [], there, 1)]
    assert places(asked) == [("a", "subnet-1"), ("b", "subnet-2"), ("b", "subnet-3")]
    assert not any(probe.settled for probe in asked)


@pytest.mark.parametrize(("each", "count"), [(1, 1), (2, 2), (9, 5), ("All", 5)])
def test_as_many_of_them_are_asked_as_the_request_says(each: int | Literal["All"], count: int) -> None:
    there = seats(a1="subnet-1", a2="subnet-1", a3="subnet-1", a4="subnet-1", a5="subnet-1")
    asked = [*chosen(RUN, shape(group("a")), [], there, each)]
    assert len({probe.instance_id for probe in asked}) == len(asked) == count


def test_a_run_that_is_repeated_asks_the_same_and_runs_differ() -> None:
    there = seats(**{f"a{number}": "subnet-1" for number in range(20)})
    picked = [next(chosen(f"run-{run}", shape(group("a")), [], there, 1)).instance_id for run in (1, 1, 2, 3, 4, 5)]
    assert picked[0] == picked[1]
    assert len({*picked}) > 1


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        pytest.param([], "the group has no node", id="a group at zero"),
        pytest.param(
            [node("a", "Pending"), node("a", "Failure")], "of its 2 nodes runs: Failure, Pending", id="not up"
        ),
    ],
)
def test_a_group_without_a_running_node_is_unknown_in_all_its_subnets(nodes: list[Node], why: str) -> None:
    asked = [*chosen(RUN, shape(group("a", "subnet-1", "subnet-2")), nodes, [], 1)]
    assert places(asked) == [("a", "subnet-1"), ("a", "subnet-2")]
    judgement = judged(*asked)
    assert {row.verdict for row in judgement.rows} == {Verdict.UNKNOWN}
    assert {finding.rule for finding in judgement.findings} == {"PROBE-012"}
    assert all(why in row.reason for row in judgement.rows)


def test_a_restricted_group_is_unknown_and_there_is_nothing_to_do_about_it() -> None:
    asked = [*chosen(RUN, shape(restricted=[group("r", "subnet-2")]), [], [], 1)]
    judgement = judged(*asked)
    [finding] = judgement.findings
    assert (judgement.rows[0].verdict, judgement.verdict) == (Verdict.UNKNOWN, ProbeVerdict.UNKNOWN)
    assert finding.remedy.startswith("Nothing to do")


def test_a_group_that_is_in_no_vpc_is_unknown_and_says_so() -> None:
    body = {"ClusterName": "c", "InstanceGroups": [group("a")]}
    [asked] = chosen(RUN, ClusterShape.model_validate(body), [node("a", "Running")], [], 1)
    [finding] = judged(asked).findings
    assert (finding.subject, finding.seen) == ("a in no subnet of yours", NO_VPC)


def test_a_node_that_is_in_none_of_its_group_s_subnets_is_unknown() -> None:
    [asked] = chosen(RUN, shape(group("a", "subnet-1", "subnet-2")), [], seats(a1=None), 1)
    assert asked.settled
    assert judged(asked).rows[0].verdict is Verdict.UNKNOWN


def test_groups_whose_nodes_nobody_may_list_are_unknown_with_aws_s_text() -> None:
    asked = [*out_of_reach(shape(group("a"), group("b", "subnet-2")), "AccessDeniedException", "no, you may not")]
    assert [row.reason for row in judged(*asked).rows] == ["no, you may not"] * 2


def probe(**fields: Any) -> NodeProbe:
    return NodeProbe(instance_group_name="a", subnet_id="subnet-1", instance_id="i-a1", **fields)


def answer(one: NodeProbe, address: str = NAT, **changes: Any) -> str:
    seen = {"url": 0, "address": address, "source": "10.0.1.7"}
    line = {
        "nonce": one.question(RUN, TERMS).nonce,
        "started": "2026-11-24T12:00:00Z",
        "ended": "2026-11-24T12:00:01Z",
        "interface": "ens5",
        "addresses": [seen] * 3,
        "ipv6": [],
        "must_reach": [],
        "must_not_reach": [],
    }
    return framed(line | changes)


def heard(one: NodeProbe, output: str) -> NodeProbe:
    return one.said(output, one.question(RUN, TERMS), NOON)


def judged(*probes: NodeProbe, scaling: tuple[str, ...] = ()) -> Judgement:
    promised = [
        PredictedEgress(
            instance_group_name="a", subnet_id="subnet-1", expected_public_ips=(NAT,), path="subnet-1 → nat"
        )
    ]
    return judge_nodes(RUN, TERMS, NodeLedger(cluster_arn=ARN, probes=probes), promised, NOON, scaling)


@pytest.mark.parametrize(
    ("address", "verdict", "word"),
    [
        pytest.param(NAT, Verdict.MATCH, ProbeVerdict.PROVED, id="the promised address"),
        pytest.param(OTHER, Verdict.OTHER_ADDRESS, ProbeVerdict.CONTRADICTED, id="another"),
        pytest.param("rubbish", Verdict.UNKNOWN, ProbeVerdict.UNKNOWN, id="none"),
    ],
)
def test_a_node_is_judged_by_what_was_promised_to_its_own_subnet(
    address: str, verdict: Verdict, word: ProbeVerdict
) -> None:
    one = probe()
    judgement = judged(heard(one, answer(one, address)))
    [row] = judgement.rows
    assert (row.verdict, row.subject, row.via, judgement.verdict) == (verdict, "i-a1", "OnNodes", word)


def test_a_word_of_another_address_beats_what_is_unknown() -> None:
    one = probe()
    lost = probe().given_up(TroubleKind.NO_SESSION, "TargetNotConnected", "not connected")
    assert judged(lost, heard(one, answer(one, OTHER))).verdict is ProbeVerdict.CONTRADICTED
    assert judged(lost, heard(one, answer(one))).verdict is ProbeVerdict.UNKNOWN


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("", id="nothing"),
        pytest.param(answer(probe()).replace("10.0.1.7", "10.0.1.8"), id="a part was lost or changed"),
        pytest.param(answer(probe(attempts=1)), id="an answer to a later question"),
    ],
)
def test_what_cannot_be_relied_on_is_asked_again_and_then_unknown(output: str) -> None:
    one = probe()
    for attempt in range(ATTEMPTS):
        assert (one.settled, one.attempts) == (False, attempt)
        one = heard(one, output if attempt == 0 else "rubbish")
    assert one.settled
    judgement = judged(one)
    assert (judgement.rows[0].verdict, [finding.rule for finding in judgement.findings]) == (
        Verdict.UNKNOWN,
        ["PROBE-007"],
    )


def test_an_answer_to_an_earlier_question_is_none_to_this_one() -> None:
    first = probe()
    second = heard(first, "")
    assert not heard(second, answer(first)).settled
    assert heard(second, answer(second)).settled


def test_a_node_that_session_manager_does_not_reach_is_unknown_however_good_its_route_looks() -> None:
    one = probe()
    for _ in range(ATTEMPTS):
        one = one.failed(TroubleKind.NO_SESSION, "TargetNotConnected", "i-a1 is not connected", NOON)
    [row], [finding] = judged(one).rows, judged(one).findings
    assert (row.verdict, row.expected_public_ips, finding.rule) == (Verdict.UNKNOWN, (NAT,), "PROBE-013")
    assert "aws ssm start-session --target sagemaker-cluster:abc_a-i-a1" in finding.remedy


def test_the_ledger_reads_as_it_was_written() -> None:
    one = probe()
    ledger = NodeLedger(cluster_arn=ARN, probes=(heard(one, answer(one)), heard(probe(), "")))
    assert NodeLedger.from_wire(ledger.to_wire()) == ledger
