"""Shapes that others read."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_pascal


def rfc3339(moment: datetime) -> str:
    """
    >>> rfc3339(datetime(2026, 11, 24, 5, 46, tzinfo=UTC))
    '2026-11-24T05:46:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire_name(name: str) -> str:
    """
    >>> wire_name("cluster_name"), wire_name("is_")
    ('ClusterName', 'Is')
    """
    return to_pascal(name.rstrip("_"))


# A validator is built when a model is first used: a function imports many, and uses few.
SHAPE = ConfigDict(alias_generator=wire_name, populate_by_name=True, frozen=True, defer_build=True)

Moment = Annotated[datetime, PlainSerializer(rfc3339, when_used="json")]


class Wire(BaseModel):
    """PascalCase on the wire, ours in code; nothing unknown gets in, nothing known is left out."""

    model_config = SHAPE | ConfigDict(extra="forbid")

    def to_wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_wire(cls, shape: dict[str, Any]) -> Self:
        return cls.model_validate(shape)


class AwsShape(BaseModel):
    """A shape that AWS owns: AWS's names on the wire, ours in code; what AWS adds later passes by unread."""

    model_config = SHAPE | ConfigDict(extra="ignore")

    def to_wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)
