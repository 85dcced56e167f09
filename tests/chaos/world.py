"""Where runs are played, one after the other, each under its own name and at the same place in the sweeper's beat."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.app import Simulator
from simulator.door import Answered
from tests.chaos.disturbances import fault_of
from tests.chaos.end_state import EndState, Remains
from tests.chaos.look import Look
from tests.chaos.scenarios import Scenario
from tests.stories.stage import Stage

JITTER = 3  # seeds the pauses of the state machine's retries, so that a run makes the same calls each time
SWEEPS_EVERY = timedelta(minutes=5)
OFF_BEAT = timedelta(seconds=7)  # so that steps and sweeps seldom meet at the very same moment
HANGS = 900.0  # real seconds after which a world that will not settle is taken to hang
PATIENCE = 60  # sweeps until a run that is not over is given up on: five hours
PROBES_LIVE = timedelta(minutes=14)  # at most: they power themselves off 13 minutes after a boot of some seconds
HEARD = ("HyperPod Cluster", "Step Functions")  # what our rules wait for, beside the sweeper's own beat


@dataclass(frozen=True)
class Played:
    end: EndState
    remains: Remains
    dead_letters: list[str]
    calls: list[Answered]
    states: list[str]  # that its execution entered, each once
    heard: list[str]  # detail-types of the events that some rule waits for
    injected: Counter[str] = field(default_factory=Counter)  # faults by kind
    met: int = 0  # of the faults that were planned
    while_dead: list[str] = field(default_factory=list)  # complaints about the time without a control plane


class World:
    def __init__(self, sim: Simulator) -> None:
        self.sim, self.stage = sim, Stage(sim)
        self._other_names = {value: f"<{output}>" for output, value in self.stage.ids.items()}
        self._number = 0
        self._beat = self._find_the_beat()

    def play(self, scenario: Scenario, faults: Sequence[str] = ()) -> Played:
        """Play a run to its end, with redelivery and the sweeper's help as long as it needs them."""
        request = self._begin(scenario)
        look = Look(self.sim, request["RequestId"], self.stage.cluster)
        calls_before, events_before = len(self.sim.calls()), len(self.sim.events())
        random.seed(JITTER)
        self.sim.inject(*map(fault_of, faults))
        self.sim.put_request(request)
        self._settle()
        calls, met = self.sim.calls()[calls_before:], self.sim.faults.met()
        injected, while_dead = self._come_back(look) if self.sim.faults.plane_is_dead else (Counter(), [])
        self._rest(look)
        injected += self.sim.faults.injected()
        met = max(met, self.sim.faults.met())
        self.sim.faults.clear()
        heard = dict.fromkeys(event["DetailType"] for event in self.sim.events()[events_before:])
        return Played(
            end=look.end(self._other_names),
            remains=look.remains(),
            dead_letters=look.dead_letters(),
            calls=calls,
            states=look.states(),
            heard=[kind for kind in heard if kind.startswith(HEARD)],
            injected=injected,
            met=met,
            while_dead=while_dead,
        )

    def _begin(self, scenario: Scenario) -> dict[str, Any]:
        """Come to the beat, and make a request under a name that nobody has used."""
        since = (self.sim.clock.now() - self._beat) % SWEEPS_EVERY
        self._pass(SWEEPS_EVERY - since + OFF_BEAT)
        self._number += 1
        self.stage.cluster = f"chaos-{self._number:04}"
        return scenario.ask(self.stage) | {"RequestId": f"request-{self._number:04}"}

    def _rest(self, look: Look) -> None:
        """Let time pass until nothing is left to be done for the run, or patience ends; and what a probe may live."""
        for _ in range(PATIENCE):
            if look.remains().at_rest:
                break
            self._pass(SWEEPS_EVERY)
        self._pass(SWEEPS_EVERY)  # in which a late event comes, and nothing else happens
        if look.remains().probes:
            self._pass(PROBES_LIVE)

    def _pass(self, time: timedelta) -> None:
        self.sim.clock.sleep(time.total_seconds())
        self._settle()

    def _settle(self) -> None:
        """As `Simulator.settle`, on however busy a machine."""
        self.sim.clock.settle(HANGS)

    def _come_back(self, look: Look) -> tuple[Counter[str], list[str]]:
        """Have the control plane back, after a time that no probe outlives: what killed it, and what was left alone."""
        self._pass(PROBES_LIVE)
        injected, complaints = self.sim.faults.injected(), look.remains().of_money()
        self.sim.faults.clear()
        return injected, complaints

    def _find_the_beat(self) -> datetime:
        """When the sweeper last came: its log says so."""
        self._pass(SWEEPS_EVERY + OFF_BEAT)
        told = json.loads(self.sim.logs("SweepRunsFunction")[-1])["timestamp"]
        return datetime.strptime(told, "%Y-%m-%d %H:%M:%S,%f%z")
