"""Play many cases, in processes of their own, and judge each end."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TypeVar

from tests.canaries import unseen
from tests.chaos.cases import Case
from tests.chaos.oracles import complaints
from tests.chaos.plan import sample
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.world import Played, World
from tests.privilege_session import seen_here
from tests.stories.stage import on_request

T = TypeVar("T")

CHUNK = 50  # cases in one simulator: each leaves up to three nodes in subnets of 250 addresses, and megabytes of memory


@dataclass(frozen=True)
class Verdict:
    case: Case
    complaints: tuple[str, ...]
    injected: Counter[str] = field(default_factory=Counter)  # by kind
    met: int = 0  # of the case's faults


def sweep(cases: Iterable[Case], processes: int) -> Iterator[Verdict]:
    """Verdicts as they come. A process takes one chunk and ends, because moto's state is the process's."""
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=1) as pool:
        for verdicts in pool.imap_unordered(play_all, [*chunks(cases)]):
            yield from verdicts


def undisturbed(names: Sequence[str]) -> dict[str, Played]:
    """Each scenario played without any fault, in a process of its own."""
    return _elsewhere(play_undisturbed, names)


def sampled(drawn: Mapping[tuple[str, ...], int], seed: str, always: Sequence[str] = ()) -> list[Verdict]:
    """So many cases of each of these sets of scenarios, and cases that are always played, in one process of its own."""
    return _elsewhere(play_sample, drawn, seed, always)


def _elsewhere(work: Callable[..., T], *args: object) -> T:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


def chunks(cases: Iterable[Case]) -> Iterator[list[Case]]:
    """Cases of one scenario together, so that each simulator plays it undisturbed once."""
    by_scenario = sorted(cases, key=lambda case: case.scenario)
    for _, alike in groupby(by_scenario, key=lambda case: case.scenario):
        while some := list(islice(alike, CHUNK)):
            yield some


@contextmanager
def watched() -> Iterator[World]:
    """Where cases are played: when all are, no secret was seen anywhere, and no function lacked a grant."""
    with unseen(on_request()) as simulator:
        yield World(simulator)
    assert [*seen_here().missing] == []


def play_all(cases: Sequence[Case]) -> list[Verdict]:
    """Play cases of one scenario. What is wrong with all of them together is told as the last one's."""
    verdicts: list[Verdict] = []
    try:
        with watched() as world:
            plain = world.play(SCENARIOS[cases[0].scenario])
            verdicts += [_judged(case, world, plain) for case in cases]
    except AssertionError as seen:
        verdicts.append(Verdict(cases[-1], (f"in one of {len(cases)} runs: {seen}",)))
    return verdicts


def play_undisturbed(names: Sequence[str]) -> dict[str, Played]:
    with watched() as world:
        return {name: world.play(SCENARIOS[name]) for name in names}


def play_sample(drawn: Mapping[tuple[str, ...], int], seed: str, always: Sequence[str]) -> list[Verdict]:
    with watched() as world:
        plain = {name: world.play(SCENARIOS[name]) for names in drawn for name in names}
        cases = [*map(Case.parse, always)]
        for names, runs in drawn.items():
            cases += sample({name: plain[name] for name in names}, seed, runs)
        return [_judged(case, world, plain[case.scenario]) for case in cases]


def _judged(case: Case, world: World, plain: Played) -> Verdict:
    try:
        played = world.play(SCENARIOS[case.scenario], case.faults)
        return Verdict(case, tuple(complaints(case, played, plain)), played.injected, played.met)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told as this case's; the others go on)
        return Verdict(case, (f"the sweep broke: {error!r}",))
