"""What our code cannot do, because there is no way to write it: delete a stranger's cluster, call a stranger's host."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from control_plane.aws.hyperpod_reader import OurCluster, Stranger
from tests.cluster_world import World
from tests.contracts.deployed import ROOT
from tests.hyperpod_in_memory import ARN, OURS, RUN_ID

SHIPPED = [path for room in ("functions", "layers/core") for path in sorted((ROOT / room).rglob("*.py"))]


def world_with(tags: dict[str, str]) -> World:
    world = World(cluster_arn=ARN.format(1))
    world.hyperpod.add(tags, ClusterStatus="Failed")
    return world


def stranger(world: World) -> Stranger:
    found = world.reader.look(world.run)
    assert isinstance(found, Stranger)
    return found


@pytest.mark.parametrize("seal", [None, object(), RUN_ID], ids=["nothing", "anything", "a run id"])
def test_nobody_but_the_look_at_the_tags_can_say_that_a_cluster_is_ours(seal: object) -> None:
    with pytest.raises(TypeError, match="tags"):
        OurCluster(stranger(world_with({})).cluster, seal)


def test_what_was_said_of_our_cluster_cannot_be_said_of_another() -> None:
    world = world_with(OURS)
    ours = world.reader.look(world.run)
    assert isinstance(ours, OurCluster)
    with pytest.raises((ValueError, TypeError), match="seal"):
        replace(ours, cluster=stranger(world_with({})).cluster)  # type: ignore[call-arg]  # nor would mypy
    with pytest.raises(AttributeError):
        ours.cluster = stranger(world_with({})).cluster  # type: ignore[misc]  # were this allowed, mypy would say so


def test_the_remover_refuses_everything_else() -> None:
    """mypy refuses it too: were one of these to pass, its comment would be the error."""
    world = world_with({})
    found = stranger(world)
    with pytest.raises(TypeError, match="not known to be ours"):
        world.remover.delete(found)  # type: ignore[arg-type]  # a stranger
    with pytest.raises(TypeError, match="not known to be ours"):
        world.remover.delete(found.cluster)  # type: ignore[arg-type]  # a cluster whose tags nobody looked at
    with pytest.raises(TypeError, match="not known to be ours"):
        world.remover.delete(found.cluster.cluster_arn)  # type: ignore[arg-type]  # a name
    assert "DeleteCluster" not in world.faults.calls


def _modules_with(attribute: str) -> Iterator[str]:
    """Modules that call a method of this name."""
    for path in SHIPPED:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        if any(isinstance(called, ast.Attribute) and called.attr == attribute for called in calls):
            yield path.stem


def _modules_naming(name: str) -> Iterator[str]:
    return (path.stem for path in SHIPPED if name in path.read_text())


def test_aws_is_asked_for_a_deletion_in_one_place() -> None:
    assert [*_modules_with("delete_cluster")] == ["hyperpod_remover"]


def test_the_seal_is_known_in_one_place() -> None:
    assert [*_modules_naming("_TAGS_WERE_READ")] == ["hyperpod_reader"]
    assert _made_in(ROOT / "layers/core/control_plane/aws/hyperpod_reader.py") == ["look"]


def _made_in(path: Path) -> list[str]:
    """The functions that make an OurCluster."""
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    return [
        function.name
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "OurCluster"
    ]


NETWORK = {
    "aiohttp",
    "ftplib",
    "http",
    "httpx",
    "requests",
    "smtplib",
    "socket",
    "telnetlib",
    "urllib",
    "urllib3",
    "websockets",
}


def _imported(path: Path) -> set[str]:
    nodes = [*ast.walk(ast.parse(path.read_text()))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_no_function_speaks_to_anybody_but_aws_and_slack() -> None:
    """A URL of a request is opened by a probe in the requester's subnet or on a node, never by a function.

    A data channel goes to Session Manager alone: session.stream_url looks at its URL first.
    """
    speaking = {
        path.stem
        for path in SHIPPED
        if {name.partition(".")[0] for name in _imported(path) - {"urllib.parse"}} & NETWORK
    }
    assert speaking == {"data_channel", "slack"}
