"""A text of the request against its shape. Of placeholder, length, form and choice the first that fails is told."""

import re
from collections.abc import Iterator
from functools import cache

from control_plane.domain.door.kinds import wanted_of
from control_plane.domain.door.model import Shape
from control_plane.domain.door.near_names import nearest
from control_plane.domain.door.placeholders import placeholder_in
from control_plane.domain.door.rules import CHOICE, EC2_ID, INSTANCE_TYPE, LENGTH, PATTERN, PLACEHOLDER
from control_plane.domain.door.spots import Fault, Spot, shown

# Shapes whose own pattern lets through what can be no such id: shape's name → prefix.
EC2_PREFIX = {"SubnetId": "subnet", "SecurityGroupId": "sg"}
# The one list of choices that AWS extends every few weeks, so that ours may be behind.
AGEING = "ClusterInstanceType"
_INSTANCE_TYPE = re.compile(r"[a-z0-9][a-z0-9.-]{1,62}")
_MOST_CHOICES_TOLD = 10


def placeholder(spot: Spot, wanted: str) -> Fault | None:
    """The fault of a value that nobody filled in, whatever type it should have had."""
    left = placeholder_in(spot.value) if isinstance(spot.value, str) else None
    if left is None:
        return None
    return Fault(spot, PLACEHOLDER, shown(spot.value), wanted, f"Replace {shown(left)} by what it stands for.")


def empty(spot: Spot, wanted: str) -> Fault:
    return Fault(spot, PLACEHOLDER, "an empty text", wanted, "Fill it in, or leave the key out if it is not needed.")


def check_text(spot: Spot, shape: Shape) -> Iterator[Fault]:
    text = str(spot.value)
    if not text:
        if not _may_be_empty(shape):
            yield empty(spot, wanted_of(shape.kind))
    elif prefix := EC2_PREFIX.get(shape.name):
        yield from _check_ec2_id(spot, prefix)
    elif not (shape.least or 0) <= len(text) <= (shape.most or len(text)):
        yield _length(spot, text, shape)
    elif shape.pattern and not compiled(shape.pattern).fullmatch(text):
        wanted = f"a text that matches {shape.pattern} as a whole"
        yield Fault(spot, PATTERN, shown(text), wanted, "Write it in that form.")
    elif shape.choices and text not in shape.choices:
        yield _choice(spot, text, shape)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Java's digits, which AWS's patterns mean, are ASCII. Letters of all scripts `regex` alone knows."""
    if r"\p{" not in pattern:
        return re.compile(pattern, re.ASCII)
    import regex  # noqa: PLC0415 (a fifteenth of the door's start, and most requests bring no tags)

    found: re.Pattern[str] = regex.compile(pattern)  # type: ignore[no-untyped-call] # no types
    return found


def _may_be_empty(shape: Shape) -> bool:
    return not shape.least and not shape.choices and (not shape.pattern or bool(compiled(shape.pattern).fullmatch("")))


def _check_ec2_id(spot: Spot, prefix: str) -> Iterator[Fault]:
    if not re.fullmatch(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", str(spot.value)):
        wanted, remedy = f"{prefix}- and 8 or 17 hexadecimal digits", "Copy the id as EC2 shows it."
        yield Fault(spot, EC2_ID, shown(spot.value), wanted, remedy)


def _length(spot: Spot, text: str, shape: Shape) -> Fault:
    least, most = shape.least or 0, shape.most
    wanted = f"{least} to {most} characters" if most else f"{least} characters or more"
    remedy = "Make it longer." if len(text) < least else "Shorten it."
    return Fault(spot, LENGTH, f"{len(text)} characters: {shown(text)}", wanted, remedy)


def _choice(spot: Spot, text: str, shape: Shape) -> Fault:
    rule = INSTANCE_TYPE if shape.name == AGEING and _INSTANCE_TYPE.fullmatch(text) else CHOICE
    few = len(shape.choices) <= _MOST_CHOICES_TOLD
    wanted = f"one of {', '.join(shape.choices)}" if few else f"one of the {len(shape.choices)} that AWS's model lists"
    near = nearest(text, shape.choices)
    remedy = f"Did you mean {near}? Write that." if near else f"Choose one of {rule.source}."
    return Fault(spot, rule, shown(text), wanted, remedy)
