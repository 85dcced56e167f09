"""What a service model says of an operation's input, without the library that it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of the model. Bounds are of a text's characters, a list's or map's entries, or a number's value."""

    name: str
    kind: str  # "structure", "list", "map", "string", "integer", "boolean", "timestamp", …
    members: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # a structure's keys → shapes' names
    required: tuple[str, ...] = ()
    union: bool = False  # a structure of which exactly one member is given
    key: str = ""  # a map's
    entry: str = ""  # a list's entries, a map's values
    least: float | None = None
    most: float | None = None
    pattern: str | None = None  # of the text as a whole
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """Shapes by name, and the one that the operation takes. Shapes may refer to each other in circles."""

    root: str
    shapes: Mapping[str, Shape]

    def __getitem__(self, name: str) -> Shape:
        return self.shapes[name]
