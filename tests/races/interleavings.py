"""All the orders in which the calls of several actors can fall, one after the other.

Each actor runs on a thread of its own and stops before every call. One is let go at a time, until its next call or its
end; where more than one could go, every choice is tried, each from a fresh start. Nothing is left to the scheduler.
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Actor = Callable[[], Any]
Choose = Callable[[int, list[str]], str]  # how many choices were made before, and who can go → who goes
Outcomes = dict[str, Any]  # an actor's name → what it returned, or the exception that ended it


HANGS = 300.0  # real seconds after which an actor is taken to wait for another one


@dataclass
class Turns:
    """Who goes next. `stop` belongs before every call that an actor makes; other threads pass through it."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: set[str] = field(default_factory=set)
    _going: str = ""

    def stop(self, **_: object) -> None:
        name = threading.current_thread().name
        with self._changed:
            if name != self._going:
                return
            self._waiting.add(name)
            self._pass_on(name)

    def play(self, actors: Mapping[str, Actor], choose: Choose) -> tuple[Outcomes, list[list[str]]]:
        """Run the actors to their ends.

        Returns:
            What came of each; and at each choice those who could have gone, the one who did first.
        """
        outcomes: Outcomes = {}
        options: list[list[str]] = []
        for name, actor in actors.items():
            threading.Thread(target=self._live, args=(name, actor, outcomes), name=name, daemon=True).start()
        with self._changed:
            self._until(lambda: len(self._waiting) == len(actors))
            while self._waiting:
                able = sorted(self._waiting)
                chosen = choose(len(options), able)
                options.append([chosen, *(name for name in able if name != chosen)])
                self._let_go(chosen)
        return outcomes, options

    def _until(self, true: Callable[[], bool]) -> None:
        if not self._changed.wait_for(true, HANGS):
            raise TimeoutError(f"{self._going or 'Nobody'} goes on and does not end; {self._waiting} wait.")

    def _let_go(self, name: str) -> None:
        self._waiting.discard(name)
        self._going = name
        self._changed.notify_all()
        self._until(lambda: not self._going)

    def _live(self, name: str, actor: Actor, outcomes: Outcomes) -> None:
        with self._changed:
            self._waiting.add(name)
            self._changed.notify_all()
            self._until(lambda: self._going == name)
        try:
            outcomes[name] = actor()
        except Exception as error:  # noqa: BLE001 # whatever ended it is for the test to judge
            outcomes[name] = error
        with self._changed:
            self._going = ""
            self._changed.notify_all()

    def _pass_on(self, name: str) -> None:
        self._going = ""
        self._changed.notify_all()
        self._until(lambda: self._going == name)


def explore(turns: Turns, start: Callable[[], Mapping[str, Actor]]) -> Iterator[tuple[tuple[str, ...], Outcomes]]:
    """Play every order once; `start` makes a fresh start and its actors. Yields the order and what came of it."""
    todo: list[tuple[str, ...]] = [()]
    while todo:
        choices = todo.pop()
        outcomes, options = turns.play(start(), _as_far_as(choices))
        order = tuple(able[0] for able in options)
        todo += [(*order[:place], other) for place in range(len(choices), len(order)) for other in options[place][1:]]
        yield order, outcomes


def sample(
    turns: Turns, start: Callable[[], Mapping[str, Actor]], seeds: Iterable[int]
) -> Iterator[tuple[tuple[str, ...], Outcomes]]:
    """Play one order for each seed: for more actors, or longer ones, than all orders can be played of."""
    for seed in seeds:
        dice = random.Random(seed)  # noqa: S311 # a seed, no secret
        outcomes, options = turns.play(start(), lambda _, able, dice=dice: dice.choice(able))  # type: ignore[misc] # bound at once
        yield tuple(able[0] for able in options), outcomes


def _as_far_as(choices: tuple[str, ...]) -> Choose:
    return lambda place, able: choices[place] if place < len(choices) else able[0]
