"""Which of AWS's keys the written ones stand for."""

from collections.abc import Iterable, Mapping

from control_plane.domain.door.dialects import foreign
from control_plane.domain.door.model import Model, Shape
from control_plane.domain.door.near_names import nearest, same_name
from control_plane.domain.door.rules import OTHER_DIALECT, UNKNOWN_KEY
from control_plane.domain.door.spots import Fault, Json, Spot, shown
from control_plane.domain.findings import Rule

MOST_GUESSES = 50  # in one object: guessing is slow, and who writes more unknown keys means something else
_CONTAINERS: dict[str, type] = {"structure": dict, "map": dict, "list": list}


def meant_keys(written: Mapping[str, Json], shape: Shape, model: Model) -> dict[str, str]:
    """Written key → AWS's key, for all that can be told; each of AWS's keys once.

    So that one slip makes one fault: what is written under a misspelt key is judged as if it were spelt right.
    """
    meant = {key: key for key in written if key in shape.members}
    unknown = [key for key in written if key not in meant]
    for key in unknown[:MOST_GUESSES]:
        guess = _guess(key, written[key], shape, model)
        if guess and guess not in meant.values():
            meant[key] = guess
    return meant


def in_awss_names(value: Json, shape: Shape, model: Model) -> Json:
    """The value with the keys that were meant, in the same order; what is unknown stays as it is."""
    if isinstance(value, list) and shape.kind == "list":
        return [in_awss_names(item, model[shape.entry], model) for item in value]
    if not isinstance(value, dict) or shape.kind != "structure":
        return value
    meant = meant_keys(value, shape, model)
    return {
        meant.get(key, key): in_awss_names(child, model[shape.members[meant[key]]], model) if key in meant else child
        for key, child in value.items()
    }


def unknown_key(spot: Spot, key: str, known: Iterable[str]) -> Fault:
    """The fault of a key that is not known at this place: another tool's, another spelling's, or nobody's."""
    if spelt := same_name(key, known):
        return Fault(spot, OTHER_DIALECT, f"the key {shown(key)}", spelt, f"Write it as {spelt}.")
    if elsewhere := foreign(key):
        seen = f"{key}, a key of {elsewhere.whose}"
        return Fault(spot, OTHER_DIALECT, seen, "a key of CreateCluster", elsewhere.remedy)
    return unheard_of(spot, key, known, UNKNOWN_KEY)


def unheard_of(spot: Spot, key: str, known: Iterable[str], rule: Rule) -> Fault:
    near = same_name(key, known) or nearest(key, known)
    remedy = f"Did you mean {near}? Write that, or leave the key out." if near else "Leave it out, or correct its name."
    return Fault(spot, rule, f"the key {shown(key)}", f"one of {', '.join(sorted(known))}", remedy)


def _guess(key: str, value: Json, shape: Shape, model: Model) -> str | None:
    spelt = same_name(key, shape.members)
    if spelt or foreign(key):
        return spelt
    near = nearest(key, shape.members)
    return near if near and _fits(value, model[shape.members[near]]) else None


def _fits(value: Json, shape: Shape) -> bool:
    """Whether the value could be of this shape at all: `InstanceTypes`, a list, was not meant to be `InstanceType`."""
    return isinstance(value, _CONTAINERS.get(shape.kind, str | int | float))
