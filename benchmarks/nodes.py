"""How well the pace of sessions is used when every node of a large cluster is asked, and what a session costs."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from simulator.app import Simulator
from simulator.sessions.command import COMMAND
from tests.stories.stage import Stage, on_request

NODES = int(os.environ.get("NODES", "200"))
ALLOWED = 3.0  # sessions a second and account; https://github.com/awslabs/awsome-distributed-ai
LONGEST = 3600.0  # real seconds
START = "ssm:StartSession"


def sessions() -> Iterator[str]:
    with on_request() as simulator:
        run = Stage(simulator)
        began = time.perf_counter()
        request = _request(run)
        simulator.put_request(request)
        simulator.clock.settle(LONGEST)
        ending = simulator.get(f"/runs/{simulator.run_id(request['RequestId'])}")
        took = time.perf_counter() - began
        starts = [it for it in simulator.calls() if it.call.name == START]
        held, left = simulator.sessions.all(), simulator.sessions.open()
        rows = _rows(simulator, ending["RunId"])
        told = _told(simulator, ending)
    started = sorted(session.started for session in held)
    seconds = [(session.ended - session.started).total_seconds() for session in held if session.ended]
    rate = (len(started) - 1) / (started[-1] - started[0]).total_seconds()
    yield f"the nodes of a cluster, all {NODES} of them, in the simulator"
    yield f"  {rate / ALLOWED:10.2f} of the allowed rate of {ALLOWED:g} sessions a second; goal 0.9"
    yield f"  {sum(it.status != 200 for it in starts):10} throttles in {len(starts)} calls of StartSession"
    yield f"  {len(left):10} sessions left open"
    yield f"  {sum(seconds) / len(seconds) / COMMAND:10.2f} a session / its script, in simulated time"
    verdicts = ", ".join(f"{verdict} {count}" for verdict, count in Counter(row["Verdict"] for row in rows).items())
    yield f"  {ending['State']}; proved: {', '.join(ending['Proved']) or 'nothing'}; {verdicts}"
    size, omitted = len(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()), told["Omitted"]["Egress"]
    yield f"  {size / 1000:10.1f} kB is the event of its end, at most 200; it leaves {omitted} rows to the evidence"
    yield f"  {took:10.0f} s here, mostly of scripts that really run"


def _rows(simulator: Simulator, run_id: str) -> list[dict[str, Any]]:
    """The verdicts on all nodes, as the evidence has them."""
    where = {"Bucket": simulator.outputs["EvidenceBucketName"], "Key": f"runs/{run_id}/nodes.json"}
    rows: list[dict[str, Any]] = json.loads(simulator.client("s3").get_object(**where)["Body"].read())["Egress"]
    return rows


def _told(simulator: Simulator, ending: dict[str, Any]) -> dict[str, Any]:
    """The detail of the event of its end."""
    [event] = simulator.events(f"HyperPod Cluster {ending['State']}")
    detail: dict[str, Any] = event["Detail"]
    return detail


def _request(run: Stage) -> dict[str, Any]:
    """A group that has a subnet of its own, large enough, with the workers' way out."""
    subnet = run.ec2.create_subnet(VpcId=run.ids["VpcId"], CidrBlock="10.0.64.0/20")["Subnet"]["SubnetId"]
    run.ec2.associate_route_table(RouteTableId=run.ids["WorkerRouteTableId"], SubnetId=subnet)
    own = run.vpc("Worker") | {"Subnets": [subnet]}
    egress = {"Prove": ["OnNodes"], "NodesPerGroup": "All"}
    return run.request(run.group("worker", NODES, OverrideVpcConfig=own), Egress=egress)
