"""Members begin with a small letter in CloudTrail; keys of maps stay what somebody called them."""

from typing import Any


def camel(name: str) -> str:
    """
    >>> camel("RouteTableId")
    'routeTableId'
    """
    return name[:1].lower() + name[1:]


def lower_first(shape: Any, value: Any) -> Any:
    """A value of this shape of a service's model, told as CloudTrail does."""
    if shape is None or value is None:
        return value
    if shape.type_name == "structure":
        return {camel(name): lower_first(shape.members.get(name), inner) for name, inner in value.items()}
    if shape.type_name == "list":
        return [lower_first(shape.member, inner) for inner in value]
    if shape.type_name == "map":
        return {key: lower_first(shape.value, inner) for key, inner in value.items()}
    return value
