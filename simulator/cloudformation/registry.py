"""Resource types: each makes its resource by the service's own API, and refuses what it would have to ignore.

moto's own types drop most properties without a word (layers, egress rules, tags, DNS attributes).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.moto_api._internal import mock_random

from simulator.patching import Patches


class Aws(Protocol):
    """A client of the simulator's own endpoint."""

    def __call__(self, service: str) -> Any: ...


@dataclass(frozen=True)
class Made:
    """What a created resource answers: `Ref`, and `Fn::GetAtt` by attribute name."""

    ref: str
    attributes: dict[str, str] = field(default_factory=dict)


class NotModelledError(Exception):
    """A template asks for something that the simulator would have to skip in silence."""


class Properties:
    """A resource's resolved properties; what nobody takes is an error."""

    def __init__(self, resource: str, values: dict[str, Any]) -> None:
        self._resource = resource
        self._left = dict(values)

    def take(self, name: str, default: Any = None) -> Any:
        return self._left.pop(name, default)

    def some(self, *names: str) -> dict[str, Any]:
        """Those of these properties that are there, to be passed on under the same names."""
        return {name: self._left.pop(name) for name in names if name in self._left}

    def without_effect(self, *names: str) -> None:
        """Take what changes nothing that the simulator shows: encryption at rest, tracing, retention."""
        self.some(*names)

    def check(self) -> None:
        if self._left:
            raise NotModelledError(f"{self._resource}: the simulator does not model {', '.join(sorted(self._left))}.")


Create = Callable[[Aws, Properties, str], Made]

TYPES: dict[str, Create] = {}
NOT_MODELLED: dict[str, str] = {}  # type → why the simulator can do without


def resource(kind: str) -> Callable[[Create], Create]:
    def register(create: Create) -> Create:
        TYPES[kind] = create
        return create

    return register


def not_modelled(kind: str, why: str) -> None:
    """Let resources of this type deploy as names without effect."""

    def stand_in(_aws: Aws, _properties: Properties, name: str) -> Made:
        return Made(name, _AnyAttribute(name))

    NOT_MODELLED[kind] = why
    TYPES[kind] = stand_in


class _AnyAttribute(dict[str, str]):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, attribute: str) -> str:
        return f"{self._name}.{attribute}"


def install(patches: Patches, aws: Aws) -> None:
    """Have moto's CloudFormation make our types, and no others."""
    models = {kind: _model(kind, create, aws) for kind, create in TYPES.items()}
    patches.replace(parsing, "get_model_map", lambda: models)
    patches.replace(parsing, "resource_name_property_from_type", lambda _: None)  # our types read their own names


def _model(kind: str, create: Create, aws: Aws) -> type[CloudFormationModel]:
    """Make the class that moto's CloudFormation expects of a resource type."""

    def create_from_cloudformation_json(
        cls: type["_Model"], /, _: str, resource_json: dict[str, Any], *_place: str, **about: str
    ) -> "_Model":
        name = _name_of(kind, about["StackId"].split("/")[1], about["LogicalId"])
        properties = Properties(f"{about['LogicalId']} ({kind})", resource_json.get("Properties", {}))
        made = create(aws, properties, name)
        if kind not in NOT_MODELLED:
            properties.check()
        return cls(kind, made)

    namespace = {"create_from_cloudformation_json": classmethod(create_from_cloudformation_json)}
    return type(kind.replace("::", ""), (_Model,), namespace)


def _name_of(kind: str, stack: str, logical_id: str) -> str:
    """A physical name. This name, and all ids drawn for the resource, depend on stack and logical id alone."""
    mock_random.seed(f"{stack}/{logical_id}")
    return str(parsing.generate_resource_name(kind, stack, logical_id))


class _Model(CloudFormationModel):
    def __init__(self, kind: str, made: Made) -> None:
        self.type = kind
        self.made = made

    @property
    def physical_resource_id(self) -> str:
        return self.made.ref

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 (asked before the resource is there; `get_cfn_attribute` knows)
        return True

    def get_cfn_attribute(self, attribute: str) -> str:
        try:
            return self.made.attributes[attribute]
        except KeyError:
            raise NotModelledError(f"{self.type} has no attribute {attribute} in the simulator.") from None

    def is_created(self) -> bool:
        return True
