"""What sharing saves in the account check, and what telling all faults at once costs at the door."""

import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import cast

import botocore.session
from botocore.model import Shape
from botocore.validate import ParamValidator

from benchmarks.account import large_account
from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.account.case import Case
from control_plane.domain.account.promise import Promises
from control_plane.domain.door import judge_body
from control_plane.domain.request import Request
from control_plane.domain.rules import CHECKS, judge

GROUPS, SUBNETS, SAMPLE = 100, 16, 32


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """The best of several runs: the others were disturbed."""

    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(times))


def account_check() -> Iterator[str]:
    account = large_account(GROUPS, SUBNETS)
    request, facts = Request.from_wire(account.request), account.facts()
    placements = Case(request, facts).seated

    def each_alone() -> None:
        for placement, subnet in placements[:SAMPLE]:
            Promises(facts.network).of(subnet, placement.security_group_ids)

    shared = seconds(lambda: Case(request, facts).predicted_egress())
    alone = seconds(each_alone) / SAMPLE * len(placements)
    whole = seconds(lambda: judge(Case(request, facts)))
    yield f"account check: {GROUPS} groups × {SUBNETS} subnets, {len(CHECKS)} rules"
    yield f"  {len(placements) / shared:10,.0f} path walks a second; shared / each alone = {shared / alone:.3f}"
    yield f"  {len(CHECKS) / whole:10,.0f} rule runs a second; rules and walks / walks alone = {whole / shared:.2f}"
    peak = peak_mib(lambda: judge(Case(Request.from_wire(account.request), account.facts())))
    yield f"  {peak:10,.1f} MiB at the peak, request and facts included"


def request_door() -> Iterator[str]:
    body, model = large_account(20, 1).request, create_cluster_model()
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("CreateCluster").input_shape
    ours = seconds(lambda: judge_body(body, model))
    theirs = seconds(lambda: ParamValidator().validate(body["Cluster"], cast("Shape", shape)))
    yield "request door: 20 groups"
    yield f"  {1 / ours:10,.0f} requests a second; all faults / botocore's check of types alone = {ours / theirs:.1f}"


def peak_mib(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20
