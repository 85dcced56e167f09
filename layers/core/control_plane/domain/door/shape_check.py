"""The Cluster part against AWS's own service model. Of HyperPod it knows only what the model says.

Keys that were misspelt are judged as what they were meant to be, so that one slip makes one fault.
"""

from collections.abc import Collection, Iterator
from itertools import islice
from math import inf

from control_plane.domain.door.keys import meant_keys, unknown_key
from control_plane.domain.door.kinds import is_of, wanted_of, wrong_type
from control_plane.domain.door.model import Model, Shape
from control_plane.domain.door.rules import ALTERNATIVES, LENGTH, MISSING_KEY, RANGE
from control_plane.domain.door.spots import Fault, Spot, shown
from control_plane.domain.door.texts import check_text, placeholder

# We tag the cluster twice, with its run and with its stack: shape's name → entries that are left to the caller.
OURS_TO_TAKE = {"TagList": 2}
# The largest of each kind: https://smithy.io/2.0/spec/simple-types.html
_NUMBERS = {"integer": 2**31 - 1, "long": 2**63 - 1, "float": inf, "double": inf}


def check_shape(spot: Spot, shape: Shape, model: Model) -> Iterator[Fault]:
    """Everything about a value that contradicts its shape, its parts included, in document order."""
    if fault := placeholder(spot, wanted_of(shape.kind)):
        yield fault
    elif not is_of(spot.value, shape.kind):
        yield wrong_type(spot, shape.kind)
    elif shape.kind == "structure":
        yield from _check_structure(spot, shape, model)
    elif shape.kind == "list":
        yield from _check_list(spot, shape, model)
    elif shape.kind == "map":
        yield from _check_map(spot, shape, model)
    elif shape.kind == "string":
        yield from check_text(spot, shape)
    elif shape.kind in _NUMBERS:
        yield from _check_number(spot, shape)


def _check_structure(spot: Spot, shape: Shape, model: Model) -> Iterator[Fault]:
    meant = meant_keys(spot.fields, shape, model)
    for key, child in spot.members():
        if key not in shape.members:
            yield unknown_key(child, key, shape.members)
        if key in meant:
            named = spot.child(meant[key], child.value, child.rank[-1])
            yield from check_shape(named, model[shape.members[meant[key]]], model)
    for key in shape.required:
        if key not in meant.values():
            yield _missing(spot.get(key), model[shape.members[key]])
    if shape.union and (len(meant) > 1 or not spot.fields):
        yield not_exactly_one(spot, shape.members, meant.values())


def _missing(spot: Spot, shape: Shape) -> Fault:
    return Fault(spot, MISSING_KEY, "no such key", wanted_of(shape.kind), "Add it.")


def not_exactly_one(spot: Spot, of: Collection[str], given: Collection[str]) -> Fault:
    """The fault of keys that exclude each other and are given together, or not at all."""
    seen, remedy = (" and ".join(given), "Keep one of them.") if given else ("none of them", "Add one of them.")
    return Fault(spot, ALTERNATIVES, seen, f"exactly one of {', '.join(of)}", remedy)


def _check_list(spot: Spot, shape: Shape, model: Model) -> Iterator[Fault]:
    size = len(spot.entries)
    yield from _check_size(spot, size, shape, "entries")
    most = size if shape.most is None else int(shape.most)
    for entry in islice(spot.items(), most):  # of a list that is too long the rest will go
        yield from check_shape(entry, model[shape.entry], model)


def _check_map(spot: Spot, shape: Shape, model: Model) -> Iterator[Fault]:
    yield from _check_size(spot, len(spot.fields), shape, "keys")
    for key, child in spot.members():
        wrong_key = list(check_shape(Spot(key, child.path, child.rank), model[shape.key], model))
        yield from wrong_key or check_shape(child, model[shape.entry], model)


def _check_size(spot: Spot, size: int, shape: Shape, what: str) -> Iterator[Fault]:
    least, ours = shape.least or 0, OURS_TO_TAKE.get(shape.name, 0)
    most = inf if shape.most is None else shape.most - ours
    if not least <= size <= most:
        wanted = f"{least} to {most} {what}" + (f": AWS allows {shape.most}, and we add {ours}" if ours else "")
        yield Fault(spot, LENGTH, f"{size} {what}", wanted, "Add some." if size < least else "Take some out.")


def _check_number(spot: Spot, shape: Shape) -> Iterator[Fault]:
    limit = _NUMBERS[shape.kind]
    least = -limit if shape.least is None else shape.least
    most = limit if shape.most is None else shape.most
    if isinstance(spot.value, int | float) and not least <= spot.value <= most:
        yield Fault(spot, RANGE, shown(spot.value), f"{least} to {most}", "Write a number within these bounds.")
