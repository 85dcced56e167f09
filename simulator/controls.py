"""The pages below /_control: what somebody outside asks to go wrong."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from werkzeug.wrappers import Request

from simulator.faults import Faults
from simulator.faults.wire import plan_of, wire_of
from simulator.front import Front, Refused
from simulator.hyperpod.service import HyperPod

CLUSTERS, FAULTS = "/_control/clusters", "/_control/faults"


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
        """``POST /_control/clusters/{name} {"Fail": kind, "Group": name}``: that create is to fail so."""
        asked: Any = request.get_json(force=True, silent=True)
        name = request.path.removeprefix(CLUSTERS).removeprefix("/")
        try:
            self._hyperpod.fail(*_wish(request.method, name, asked))
        except ValueError as error:
            raise Refused(f"Cannot fail cluster {name!r} with {asked}: {error}") from error
        return {"ClusterName": name, **asked}

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


def _wish(method: str, name: str, asked: Any) -> tuple[str, str, str | None]:
    """
    Raises:
        ValueError: it is not ``POST /_control/clusters/{name} {"Fail": kind, "Group": name}``; Group may be left out.
    """
    wish = asked if isinstance(asked, dict) else {}
    kind, group = wish.get("Fail"), wish.get("Group")
    known = wish.keys() <= {"Fail", "Group"} and isinstance(kind, str) and isinstance(group, str | None)
    if method != "POST" or not name or "/" in name or not known:
        raise ValueError('POST {"Fail": kind}, or {"Fail": kind, "Group": name}, to /_control/clusters/{name}')
    return name, str(kind), group
