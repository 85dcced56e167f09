"""Which changed parts of a network explain what it does otherwise.

A part is a cause where its change alone would have done it, and where undoing it alone would put it right.
"""

from typing import Any, NamedTuple

from control_plane.domain.drift.parts import Part, Parts, Sort
from control_plane.domain.drift.view import At, View

# A new one of any other sort does nothing until a route or an association leads to it.
ACTS_ALONE = frozenset({Sort.INTERFACE, Sort.SUBNET, Sort.DNS})


class Causes(NamedTuple):
    parts: dict[Part, frozenset[At]]  # what each explains
    unexplained: frozenset[At]


def causes(wanted: View, seen: View) -> Causes:
    told = seen.worse(wanted)
    if not told:
        return Causes({}, told)
    alone = {part: _done_alone(part, wanted, seen) & told for part in _changed(wanted.parts, seen.parts)}
    both = {part: done & _put_right_alone(part, wanted, seen) for part, done in alone.items() if done}
    # two causes that do the same hide each other: undoing one of them puts nothing right
    left = told.difference(*both.values())
    explained = {part: places | (alone[part] & left) for part, places in both.items()}
    found = {part: places for part, places in explained.items() if places}
    return Causes(found, told.difference(*found.values()))


def _done_alone(part: Part, wanted: View, seen: View) -> frozenset[At]:
    return wanted.of(_with(part, seen.parts, _and_idle(wanted.parts, seen.parts))).worse(wanted)


def _put_right_alone(part: Part, wanted: View, seen: View) -> frozenset[At]:
    # what stood beside the part stands there again, so that the part has something to lead to
    around = _and_idle(seen.parts, {one: value for one, value in wanted.parts.items() if one != part})
    return wanted.of(around).worse(wanted.of(_with(part, wanted.parts, around)))


def _and_idle(parts: Parts, others: Parts) -> dict[Part, Any]:
    """These parts, and what of others can stand beside them without doing anything."""
    return {**parts, **{one: value for one, value in others.items() if one not in parts and _idle(one, parts)}}


def _with(part: Part, source: Parts, parts: Parts) -> dict[Part, Any]:
    others = {one: value for one, value in parts.items() if one != part}
    return others | ({part: source[part]} if part in source else {})


def _idle(part: Part, parts: Parts) -> bool:
    return part.sort not in ACTS_ALONE and (not part.owners or any(one not in parts for one in part.owners))


def _changed(wanted: Parts, seen: Parts) -> list[Part]:
    """The parts that differ; what came or went with another part is told by that."""
    both = wanted.keys() & seen.keys()
    return sorted(
        part
        for part in {*wanted, *seen}
        if wanted.get(part) != seen.get(part)
        and all(owner in both for owner in part.owners[:1])
        and (part in both or part.sort is not Sort.LIST)  # it is there as long as a rule or a route names it
    )
