"""Where a run can be disturbed: each call of each function, as the undisturbed run made them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from simulator.door import Answered

# Rounds of a poll loop are alike: the first, the second and the last of them stand for all.
POLLS = frozenset({"AskProbesFunction", "ReadClusterFunction", "DeleteClusterFunction", "SweepRunsFunction"})
ROUNDS = (0, 1, -1)


@dataclass(frozen=True, order=True)
class Point:
    """The nth time that a function makes a call, "sagemaker:CreateCluster", in a run."""

    caller: str
    call: str
    nth: int
    older: int = field(default=0, compare=False)  # states ago that a stale read could show it

    @property
    def reads(self) -> bool:
        return self.call.partition(":")[2].startswith(("Describe", "Get", "List", "Query"))

    def __str__(self) -> str:
        return f"{self.caller}/{self.call}/{self.nth}"


def points(calls: Iterable[Answered]) -> list[Point]:
    """The points of a run, poll loops collapsed."""
    rounds: dict[str, dict[int, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for number, point in _numbered(calls):
        rounds[point.caller][number].append(point)
    return [point for caller, made in rounds.items() for point in _collapsed(caller, [*made.values()])]


def _numbered(calls: Iterable[Answered]) -> Iterator[tuple[int, Point]]:
    """Each call of a function with its place between the state machine's invocations: a round is what lies in one."""
    seen: Counter[tuple[str, str]] = Counter()
    number = 0
    for answered in calls:
        call = answered.call
        if call.caller.endswith("Function"):
            seen[call.caller, call.name] += 1
            yield number, Point(call.caller, call.name, seen[call.caller, call.name], answered.older)
        number += (call.caller, call.name) == ("states", "lambda:Invoke")


def _collapsed(caller: str, rounds: list[list[Point]]) -> list[Point]:
    many = caller in POLLS and len(rounds) > len(ROUNDS)
    kept = [rounds[place] for place in ROUNDS] if many else rounds
    return [point for one in kept for point in one]


def collapsed(runs: Iterable[Iterable[Answered]]) -> tuple[int, int]:
    """How many points there are to sweep, and how many calls they stand for."""
    numbered = [[*calls] for calls in runs]
    return sum(len(points(calls)) for calls in numbered), sum(len([*_numbered(calls)]) for calls in numbered)
