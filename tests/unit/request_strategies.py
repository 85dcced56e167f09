"""CreateCluster bodies drawn from the service model itself, and ways to spoil them."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.domain.door.model import Model, Shape
from control_plane.domain.door.placeholders import placeholder_in
from control_plane.domain.door.texts import EC2_PREFIX
from tests.unit.door_samples import vpc_config

_LETTERS = "abcXYZ019é一-_./: "
_PRINTABLE = st.characters(codec="ascii", exclude_categories=["C"])
_TIMES = ["2026-12-01", "2026-12-01T02:00:00Z", "2026-12-01 02:00:00.5+09:00"]
_AT_MOST = 3  # entries drawn of a list or map, to keep bodies small


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies that keep to the model, and to the rules between keys that the model does not say."""
    return _keep_the_rules(draw(_by_the_model()))


@cache
def _by_the_model() -> st.SearchStrategy[dict[str, Any]]:
    model = create_cluster_model()
    return of_shape(model[model.root], model)


def of_shape(shape: Shape, model: Model) -> st.SearchStrategy[Any]:
    parts: dict[str, Callable[[Shape, Model], st.SearchStrategy[Any]]] = {
        "structure": _structures,
        "list": _lists,
        "map": _maps,
        "string": _texts,
        "boolean": lambda *_: st.booleans(),
        "timestamp": lambda *_: st.sampled_from([*_TIMES, 1796090400]),
        "integer": lambda *_: st.integers(int(shape.least or 0), int(shape.most or 2**31 - 1)),
    }
    return parts[shape.kind](shape, model)


def _structures(shape: Shape, model: Model) -> st.SearchStrategy[dict[str, Any]]:
    members = {key: of_shape(model[name], model) for key, name in shape.members.items()}
    if shape.union:
        return st.one_of(*(st.fixed_dictionaries({key: value}) for key, value in members.items()))
    required = {key: members[key] for key in shape.required}
    return st.fixed_dictionaries(required, optional={key: members[key] for key in members if key not in required})


def _lists(shape: Shape, model: Model) -> st.SearchStrategy[list[Any]]:
    least = int(shape.least or 0)
    return st.lists(of_shape(model[shape.entry], model), min_size=least, max_size=_most(shape))


def _maps(shape: Shape, model: Model) -> st.SearchStrategy[dict[str, Any]]:
    keys, values = of_shape(model[shape.key], model), of_shape(model[shape.entry], model)
    return st.dictionaries(keys, values, min_size=int(shape.least or 0), max_size=_most(shape))


def _most(shape: Shape) -> int:
    return max(int(shape.least or 0), min(_AT_MOST, int(shape.most or _AT_MOST)))


def _texts(shape: Shape, _: Model) -> st.SearchStrategy[str]:
    if shape.choices:
        return st.sampled_from(shape.choices)
    if prefix := EC2_PREFIX.get(shape.name):
        return st.from_regex(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", fullmatch=True)
    least, most, pattern = int(shape.least or 0), int(shape.most or 64), shape.pattern or r"\p{L}"
    if r"\p{" in pattern:  # hypothesis reads Python's patterns alone
        drawn = st.text(_LETTERS, min_size=least, max_size=min(most, least + 20))
    else:
        matching = st.from_regex(pattern, fullmatch=True, alphabet=_PRINTABLE)
        drawn = matching.map(lambda text: text.ljust(least, "a")[:most])
        drawn = drawn.filter(lambda text: bool(re.fullmatch(pattern, text)))
    return drawn.filter(lambda text: placeholder_in(text) is None)


def _keep_the_rules(body: dict[str, Any]) -> dict[str, Any]:
    body |= {"VpcConfig": vpc_config(), "NodeProvisioningMode": "Continuous"}
    body["Tags"] = [{"Key": f"key-{number}", "Value": ""} for number, _ in enumerate(body.get("Tags", []))]
    if "Orchestrator" in body:
        body["Orchestrator"] = dict(list(body["Orchestrator"].items())[:1]) or {"Slurm": {}}
    groups = [*body.get("InstanceGroups", []), *body.get("RestrictedInstanceGroups", [])]
    for number, group in enumerate(groups):
        group["InstanceGroupName"] = f"group-{number}"
        group["MinInstanceCount"] = 0
        _keep_the_rules_of_a_group(group)
    for group in body.get("RestrictedInstanceGroups", []):
        del group["MinInstanceCount"]
    return body


def _keep_the_rules_of_a_group(group: dict[str, Any]) -> None:
    if "InstanceRequirements" in group:
        group.pop("InstanceType", None)
    else:
        group.setdefault("InstanceType", "ml.t3.medium")
    if "LifeCycleConfig" in group:
        group["LifeCycleConfig"] = {"SourceS3Uri": "s3://sagemaker-x/config", "OnCreate": "on_create.sh"}


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["", "<x>", "${X}", "\ud800", "sg-12345", "2026-13-01", "ml.p9.48xlarge"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoilt(draw: st.DrawFn, of: st.SearchStrategy[Any]) -> Any:
    """A value of which a few parts were replaced, taken out, added or renamed."""
    value = draw(of)
    for _ in range(draw(st.integers(1, 3))):
        value = _spoil(draw, value)
    return value


def _spoil(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, str | int) and draw(st.booleans()):
        return draw(_nudged(value))
    if not value or not isinstance(value, dict | list) or draw(st.integers(0, 9)) == 0:
        return draw(JUNK)
    if isinstance(value, list):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _spoil(draw, value[at]), *value[at + draw(st.integers(0, 1)) :]]
    key = draw(st.sampled_from(sorted(value)))
    how = draw(st.sampled_from(["inside", "inside", "inside", "out", "rename", "add"]))
    rest = {name: child for name, child in value.items() if name != key}
    if how == "rename":
        return rest | {draw(st.sampled_from([key.lower(), key[:-1], f"{key}s", f"x_{key}"])): value[key]}
    if how == "add":
        return value | {draw(st.text(max_size=8)): draw(JUNK)}
    return rest if how == "out" else value | {key: _spoil(draw, value[key])}


def _nudged(value: str | int) -> st.SearchStrategy[Any]:
    """A value just beside this one, which may still be legal."""
    if isinstance(value, str):
        return st.sampled_from([value[:-1], value[1:], value * 2, f"{value}a", f"{value}\n", value.upper()])
    return st.sampled_from([value + 1, value - 1, -value, value * 1000, float(value), str(value)])
