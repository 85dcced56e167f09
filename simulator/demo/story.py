"""What the demo does: deploy, ask for a cluster, follow the run to its end, show what Slack got."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from simulator.app import Simulator
from simulator.demo.drift import drift
from simulator.demo.look import Look
from simulator.demo.verdict import failings
from simulator.demo.view import View

REQUEST = Path("events/cluster_requested.json")
LOOK_EVERY = 0.2  # real seconds


def demo(speed: float, view: View) -> int:
    """Tell the story; returns the exit code: 0 if all that was to be shown was seen."""
    view.say("Deploying template.yaml and networks/reference.yaml, as they are, into a simulated AWS …")
    with Simulator.start(speed=speed) as sim:
        view.world(sim.world)
        (entry,) = json.loads(REQUEST.read_text(encoding="utf-8"))
        view.request(entry)
        sim.client("events").put_events(Entries=[entry])
        look = _follow(sim, json.loads(entry["Detail"])["RequestId"], view)
        sim.settle()
        view.slack([message["Payload"] for message in sim.slack()])
        wrong = failings(look.run, sim.world)
        return view.ending(wrong or drift(sim, look.run["ClusterName"], view))


def _follow(sim: Simulator, request_id: str, view: View) -> Look:
    with view.following():
        for look in _looks(sim, request_id):
            view.show(look)
    return look


def _looks(sim: Simulator, request_id: str) -> Iterator[Look]:
    """Look at the run, again and again, the last time when it has ended."""
    stepfunctions = sim.client("stepfunctions")
    run_id = sim.run_id(request_id)
    over = False
    while not over:
        time.sleep(LOOK_EVERY)
        look = Look.at(sim.get(f"/runs/{run_id}"), stepfunctions)
        over = look.over
        yield look
