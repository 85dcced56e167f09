"""What CreateCluster takes, from the service model that ships with the SDK: a new SDK brings new fields by itself."""

from collections.abc import Iterator
from functools import cache
from types import MappingProxyType
from typing import Any, cast

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, StringShape, StructureShape
from botocore.model import Shape as BotocoreShape

from control_plane.domain.door.model import Model, Shape


@cache
def create_cluster_model() -> Model:
    """Read the model on first use: it costs about as much as a client."""
    return describe(botocore.session.get_session().get_service_model("sagemaker"))


def describe(service: ServiceModel) -> Model:
    """CreateCluster's input and every shape that it reaches."""
    root = cast("StructureShape", service.operation_model("CreateCluster").input_shape)
    return Model(root=root.name, shapes=MappingProxyType({shape.name: _described(shape) for shape in _reachable(root)}))


def _reachable(root: BotocoreShape) -> Iterator[BotocoreShape]:
    seen: set[str] = set()
    todo = [root]
    while todo:
        shape = todo.pop()
        if shape.name not in seen:
            seen.add(shape.name)
            todo += _parts(shape)
            yield shape


def _parts(shape: BotocoreShape) -> list[BotocoreShape]:
    if isinstance(shape, StructureShape):
        return list(shape.members.values())
    if isinstance(shape, MapShape):
        return [shape.key, shape.value]
    return [shape.member] if isinstance(shape, ListShape) else []


def _described(shape: BotocoreShape) -> Shape:
    bounds: dict[str, Any] = shape.metadata
    return Shape(
        name=shape.name,
        kind="document" if getattr(shape, "is_document_type", False) else shape.type_name,
        least=bounds.get("min"),
        most=bounds.get("max"),
        pattern=bounds.get("pattern"),
        **_particulars(shape),
    )


def _particulars(shape: BotocoreShape) -> dict[str, Any]:
    """What only shapes of this kind have."""
    if isinstance(shape, StructureShape):
        members = MappingProxyType({key: member.name for key, member in shape.members.items()})
        return {"members": members, "required": tuple(shape.required_members), "union": shape.is_tagged_union}
    if isinstance(shape, MapShape):
        return {"key": shape.key.name, "entry": shape.value.name}
    if isinstance(shape, ListShape):
        return {"entry": shape.member.name}
    return {"choices": tuple(shape.enum)} if isinstance(shape, StringShape) else {}
