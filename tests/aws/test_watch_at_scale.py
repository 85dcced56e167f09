"""A look at a thousand clusters in twenty VPCs: what it asks of AWS, what it passes on, and that it has the room."""

import json
import tracemalloc
from collections import Counter
from typing import Any

import pytest

from control_plane.steps.check_drift import Report, Request
from control_plane.steps.list_watched import TOGETHER, list_watched
from control_plane.steps.list_watched import Request as All
from tests.aws.many_clusters import Estate, estate
from tests.contracts.deployed import properties
from tests.counts import documented

ESTATE = (*[47] * 19, 107)  # one VPC has more clusters than a look takes
STATE = 262_144  # bytes; https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
# Seconds that a call takes, generously; a look makes its calls one after the other.
SLOW = {"sagemaker": 0.5, "ec2": 0.5, "iam": 0.5, "s3": 0.1, "dynamodb": 0.05}


def size(state: Any) -> int:
    return len(json.dumps(state.to_wire()).encode())


def calls(asked: Counter[str], service: str) -> int:
    return sum(often for call, often in asked.items() if call.startswith(f"{service}:"))


@pytest.mark.long
def test_a_thousand_clusters_in_twenty_vpcs_cost_a_read_of_each_vpc_and_one_description_of_each_cluster() -> None:
    with estate(ESTATE) as many:
        _all_are_looked_at(many)


def _all_are_looked_at(many: Estate) -> None:
    many.asked.clear()
    listed = list_watched(All(), under_watch=many.under_watch)
    whole, slowest = Counter(many.asked), 0.0
    for portion in listed.portions:
        many.asked.clear()
        report = many.checker.check(Request(cluster_names=portion.cluster_names))
        assert report == Report(cluster_names=(), seen={}, run_ids=(), wait_seconds=30, proofs=())
        slowest = max(slowest, sum(slow * calls(many.asked, service) for service, slow in SLOW.items()))
        whole += many.asked

    def documented_calls(service: str) -> int:
        return documented(f"{service} calls of a look at 1,000 clusters in 20 VPCs")

    assert len(listed.portions) == documented("Portions of a look at 1,000 clusters in 20 VPCs") == len(ESTATE) + 1
    assert whole["sagemaker:DescribeCluster"] == whole["s3:GetObject"] == sum(ESTATE) == 1000
    assert calls(whole, "ec2") == documented_calls("EC2") <= 14 * len(ESTATE)
    assert calls(whole, "iam") == documented_calls("IAM")
    assert calls(whole, "dynamodb") == documented_calls("DynamoDB")
    assert slowest == pytest.approx(documented("Seconds of the largest portion, where AWS is slow"), abs=1)
    assert slowest < properties("CheckDriftFunction")["Timeout"] / 3
    assert size(listed) < STATE / 3  # a thousand names of the greatest length


def test_a_change_in_a_vpc_is_told_of_each_of_its_clusters_in_states_that_a_machine_can_carry() -> None:
    with estate([10]) as many:
        names = tuple(many.names[0])
        many.point_first_group_to(0, nat_gateway=1)
        first = many.checker.check(Request(cluster_names=names))
        again = many.checker.check(Request(cluster_names=first.cluster_names, seen=first.seen))

    assert sorted(first.cluster_names) == sorted(names)
    assert {len(seen) for seen in first.seen.values()} == {1}
    assert len(again.run_ids) == len(again.proofs) == len(names)
    assert max(size(first), size(again)) / len(names) * TOGETHER < STATE / 3


def test_the_largest_portion_takes_a_tenth_of_the_function_s_memory() -> None:
    with estate([20]) as many:
        tracemalloc.start()
        try:
            many.checker.check(Request(cluster_names=tuple(many.names[0])))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak / 20 * TOGETHER < properties("CheckDriftFunction")["MemorySize"] * 2**20 / 10
