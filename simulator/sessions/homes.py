"""The node that a session's target names, as the place where its commands run."""

import re
from collections.abc import Callable, Mapping

from simulator.hyperpod import HyperPod

# A group's name may have dashes, and even look like an instance's id: what counts is at the end.
NODE = re.compile(r"sagemaker-cluster:(?P<cluster>[a-z0-9]+)_(?P<group>.+)-(?P<instance>i-[0-9a-f]+)")
RUNS_IN = {"TERM": "xterm-256color"}


class Homes:
    def __init__(self, hyperpod: HyperPod, environment: Callable[[str], Mapping[str, str]]) -> None:
        """
        Args:
            environment: what a process needs in order to live where a network interface is.
        """
        self._hyperpod, self._environment = hyperpod, environment

    def of(self, target: str) -> Mapping[str, str] | None:
        """The environment of a process on the node that a target names; None, if no such node runs.

        Raises:
            NotImplementedError: the target is no node of HyperPod; the door answers that as not modelled.
        """
        found = NODE.fullmatch(target)
        if found is None:
            raise NotImplementedError(f"a session with {target}")
        with self._hyperpod.lock:
            nodes = [it for cluster in self._hyperpod.all() if cluster.id == found["cluster"] for it in cluster.nodes]
        for group, node in nodes:
            if (group.name, node.instance_id, node.status) == (found["group"], found["instance"], "Running"):
                return {**self._environment(next(iter(node.interface_ids), "")), **RUNS_IN}
        return None
