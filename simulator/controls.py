"""The pages below /_control: what somebody outside asks to go wrong, or HyperPod to do by itself."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from werkzeug.wrappers import Request

from simulator.faults import Faults
from simulator.faults.wire import plan_of, wire_of
from simulator.front import Front, Refused
from simulator.hyperpod.service import HyperPod

CLUSTERS, FAULTS = "/_control/clusters", "/_control/faults"
HOW = (
    'POST {"Fail": kind}, {"Fail": kind, "Group": name}, {"Replace": name of a group} for one of its nodes, '
    'or {"Scale": name of a group, "Count": nodes}, to /_control/clusters/{name}'
)


class Controls:
    def __init__(
        self,
        hyperpod: HyperPod,
        faults: Faults,
        inject: Callable[..., None],
        names: Callable[[], Mapping[str, Collection[str]]],
    ) -> None:
        """
        Args:
            inject: takes faults, and the seed they are drawn by.
            names: what there is, for a plan's ``Function`` and ``State``.
        """
        self._hyperpod, self._faults, self._inject, self._names = hyperpod, faults, inject, names

    def install(self, front: Front) -> None:
        front.page(CLUSTERS, self.clusters)
        front.page(FAULTS, self.faults)

    def clusters(self, request: Request) -> dict[str, str]:
        """``POST /_control/clusters/{name}``: what HyperPod is to do with that cluster, as `HOW` has it."""
        asked: Any = request.get_json(force=True, silent=True)
        name = request.path.removeprefix(CLUSTERS).removeprefix("/")
        try:
            self._do(asked if request.method == "POST" and name and "/" not in name else None, name)
        except ValueError as error:
            raise Refused(f"Cluster {name!r} cannot be told {asked}: {error}") from error
        return {"ClusterName": name, **asked}

    def _do(self, asked: Any, name: str) -> None:
        match asked:
            case {"Fail": str(kind), "Group": str(group), **rest} if not rest:
                self._hyperpod.fail(name, kind, group)
            case {"Fail": str(kind), **rest} if not rest:
                self._hyperpod.fail(name, kind)
            case {"Replace": str(group), **rest} if not rest:
                self._hyperpod.replace_node(name, group)
            case {"Scale": str(group), "Count": int(count), **rest} if not rest and count >= 0:
                self._hyperpod.scale(name, group, count)
            case _:
                raise ValueError(HOW)

    def faults(self, request: Request) -> dict[str, Any]:
        """``POST`` puts a plan of faults in force, ``DELETE`` ends all, ``GET`` and both of them answer what is."""
        if request.method == "DELETE":
            self._faults.clear()
        elif request.method == "POST":
            try:
                faults, seed = plan_of(request.get_json(force=True, silent=True), self._names())
            except ValueError as error:
                raise Refused(str(error)) from error
            self._inject(*faults, seed=seed)
        elif request.method != "GET":
            raise Refused(f"{FAULTS} knows GET, POST and DELETE, not {request.method}.")
        in_force = [wire_of(fault) | {"Hits": hits} for fault, hits in self._faults.in_force()]
        return {"Faults": in_force, "Injected": self._faults.injected()}
