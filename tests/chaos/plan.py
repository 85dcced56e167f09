"""Which cases there are: worked out from the undisturbed runs, so that a new call is swept the day it is made."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from tests.chaos.cases import Case
from tests.chaos.points import Point, points
from tests.chaos.world import Played

# A client asks twice by itself: what is to reach the state machine has to happen twice.
WRITE_KINDS = ("THROTTLE*2", "SERVER_ERROR*2", "RESET*2", "CUT*2", "CUT", "KILL_BEFORE", "KILL_AFTER")
# To all the world a read that is cut off, or whose caller dies, before it is the same as after it.
READ_KINDS = ("THROTTLE*2", "SERVER_ERROR*2", "CUT*2", "KILL_AFTER")

FUNCTION_KINDS = ("KILL_AT_START", "KILL_AT_END", "OUT_OF_MEMORY", "OVERTIME", "THROTTLED")
EVENT_KINDS = ("DUPLICATE", "REORDER", "LATE")
SLACK_ANSWERS = (429, 500, 503, 404)
PAIRS = 100  # of each scenario


def kinds_at(point: Point) -> Sequence[str]:
    if not point.reads:
        return (*WRITE_KINDS, "PARTIAL") if point.call == "events:PutEvents" else WRITE_KINDS
    return (*READ_KINDS, *(f"STALE-{ago}" for ago in range(1, point.older + 1)))


def _singles(name: str, played: Played, _: Random) -> Iterator[Case]:
    """Each point with each kind of fault."""
    for point in points(played.calls):
        for kind in kinds_at(point):
            yield Case(name, (f"{point}/{kind}",))


def _pairs(name: str, played: Played, random: Random) -> Iterator[Case]:
    """Two faults at two points, as the seed will have it."""
    met = points(played.calls)
    for _ in range(PAIRS):
        first, second = sorted(random.sample(range(len(met)), 2))
        yield Case(name, tuple(f"{met[place]}/{random.choice(kinds_at(met[place]))}" for place in (first, second)))


def _plane(name: str, played: Played, _: Random) -> Iterator[Case]:
    """The control plane dies for good, before each write: what a dead plane leaves, it left with its last one."""
    for point in points(played.calls):
        if not point.reads:
            yield Case(name, (f"{point}/NEVER_BACK",))


def _functions(name: str, played: Played, _: Random) -> Iterator[Case]:
    for caller in sorted({point.caller for point in points(played.calls)}):
        for kind in FUNCTION_KINDS:
            yield Case(name, (f"function/{caller}/{kind}",))


def _executions(name: str, played: Played, _: Random) -> Iterator[Case]:
    """Ended from outside in each state; also where the news of that is lost."""
    for state in played.states:
        yield Case(name, (f"execution/{state}/TIME_OUT",))
        yield Case(name, (f"execution/{state}/STOP",))
        yield Case(name, (f"execution/{state}/STOP", "event/Step Functions Execution Status Change/LOSE"))


def _events(name: str, played: Played, _: Random) -> Iterator[Case]:
    for detail_type in played.heard:
        for kind in EVENT_KINDS:
            yield Case(name, (f"event/{detail_type}/{kind}",))


def _slack(name: str, _played: Played, _: Random) -> Iterator[Case]:
    for status in SLACK_ANSWERS:
        yield Case(name, (f"slack/{status}",))


PARTS: Mapping[str, Callable[[str, Played, Random], Iterator[Case]]] = {
    "singles": _singles,
    "functions": _functions,
    "executions": _executions,
    "events": _events,
    "slack": _slack,
    "plane": _plane,
    "pairs": _pairs,
}


def plan(parts: Sequence[str], plain: Mapping[str, Played], seed: str) -> list[Case]:
    return [
        case
        for part in parts
        for name, played in plain.items()
        for case in PARTS[part](name, played, Random(f"{seed}/{name}"))  # noqa: S311 # drawn to be drawn again
    ]


def sample(plain: Mapping[str, Played], seed: str, runs: int) -> list[Case]:
    """Of so many runs, most meet two faults: over the seeds, every kind meets every function in few runs."""
    random = Random(seed)  # noqa: S311 # drawn to be drawn again
    singles = plan(["singles"], plain, seed)
    others = plan([part for part in PARTS if part not in ("singles", "pairs")], plain, seed)
    random.shuffle(singles)
    few = [*{_about(case): case for case in singles}.values()]
    pairs = [pair for name in plain for pair in _in_twos([case for case in few if case.scenario == name])]
    of_others = min(runs // 4, len(others))
    return random.sample(others, of_others) + random.sample(pairs, min(runs - of_others, len(pairs)))


def _about(case: Case) -> tuple[str, str]:
    """The function, and the kind of fault that it meets."""
    [fault] = case.faults
    caller, _, _, kind = fault.split("/")
    return caller, kind.partition("-")[0]


def _in_twos(cases: Sequence[Case]) -> Iterator[Case]:
    half = len(cases) // 2
    for one, other in zip(cases[:half], cases[half:], strict=False):
        yield Case(one.scenario, (*one.faults, *other.faults))
