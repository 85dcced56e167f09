"""The clusters of the account, and what somebody wants to go wrong with them."""

import string
from hashlib import sha256

from moto.moto_api._internal import mock_random

from simulator.context import Context
from simulator.hyperpod import accept, checks, update
from simulator.hyperpod.cluster import Cluster, Group, Node, Shape
from simulator.hyperpod.errors import Refused, not_found
from simulator.hyperpod.events import Events
from simulator.hyperpod.life import Life

ID_LETTERS = string.ascii_lowercase + string.digits
DELETABLE = ("Creating", "InService", "Failed", "Deleting")


class HyperPod:
    """Also the handle for whoever tells a story."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clusters: dict[str, Cluster] = {}
        self._wanted: dict[tuple[str, str | None], checks.Wish] = {}
        self._refusals: dict[str, Refused] = {}
        self.events = Events(context)
        self._life = Life(context, self.events, self._wanted_failure, self._forget)
        self.lock = self._life.lock

    # ---------------------------------------------------------------- the story's wishes

    def refuse(self, cluster_name: str, code: str, message: str) -> None:
        """Answer each CreateCluster of this name so."""
        self._refusals[cluster_name] = Refused(code, message)

    def fail(self, cluster_name: str, kind: str, group: str | None = None, words: str = "") -> None:
        """Make this cluster's create fail, now or when it comes; without a group, by any of them.

        With `words` HyperPod says these in place of its usual ones.

        Raises:
            ValueError: no such kind of failure, or no such group in the cluster that is there.
        """
        if kind not in checks.KINDS:
            raise ValueError(f"A create fails by {', '.join(checks.KINDS)}, not by {kind}.")
        with self.lock:
            cluster = self._by_name(cluster_name)
            if cluster and group and not cluster.group(group):
                raise ValueError(f"{cluster_name} has no group {group}.")
            self._wanted[cluster_name, group] = checks.Wish(kind, words)

    def heal(self, cluster_name: str) -> None:
        """Take back every `fail` of this name; a Continuous cluster's next attempt then succeeds."""
        with self.lock:
            for key in [key for key in self._wanted if key[0] == cluster_name]:
                del self._wanted[key]

    def report_health(self, cluster_name: str, instance_id: str, *, healthy: bool, repair: str = "Replace") -> None:
        """Send the node's health as an event."""
        with self.lock:
            cluster = self.find(cluster_name)
            _, node = self.node(cluster, instance_id)
            status, action = ("Healthy", "None") if healthy else ("Unhealthy", repair)
            self.events.node_health(cluster, node, status, action, "Reported on request.")

    def replace_node(self, cluster_name: str, group_name: str) -> str:
        """Have HyperPod replace a node of the group, as it does with a broken one; answers the instance that goes.

        The next one has the old one's logical id, and an instance, an interface and an address of its own. No call of
        anybody's shows in CloudTrail.

        Raises:
            ValueError: no such cluster or group, or none of its nodes runs.
        """
        with self.lock:
            cluster, group = self._group_of(cluster_name, group_name)
            node = next(iter(group.those("Running")), None)
            if node is None:
                raise ValueError(f"No node of {group_name} of {cluster_name} runs.")
            self.events.node_health(cluster, node, "Unhealthy", "Replace", "The node is replaced.")
            self._life.replace(cluster, group, node)
            return node.instance_id

    def scale(self, cluster_name: str, group_name: str, count: int) -> None:
        """Have the autoscaler give a group so many nodes; no call of anybody's shows in CloudTrail.

        Raises:
            ValueError: no such cluster or group, or no autoscaler: it needs NodeProvisioningMode Continuous.
                https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-eks-autoscaling.html
        """
        with self.lock:
            cluster, group = self._group_of(cluster_name, group_name)
            if not cluster.continuous:
                raise ValueError(f"{cluster_name} is not Continuous: no autoscaler works on it.")
            group.target = count
            self._life.change(cluster, [group], [])

    def _group_of(self, cluster_name: str, group_name: str) -> tuple[Cluster, Group]:
        cluster = self._by_name(cluster_name)
        group = cluster.group(group_name) if cluster else None
        if cluster is None or group is None:
            raise ValueError(f"{cluster_name} has no group {group_name}.")
        return cluster, group

    # ---------------------------------------------------------------- the API's work

    def create(self, spec: Shape) -> Cluster:
        with self.lock:
            if refusal := self._refusals.get(spec["ClusterName"]):
                raise refusal
            accept.check(self._context, spec, taken=self._by_name(spec["ClusterName"]) is not None)
            now = self._context.clock.now()
            cluster = Cluster(
                arn=self._new_arn(),
                spec=spec,
                created=now.replace(microsecond=now.microsecond // 1000 * 1000),  # the wire knows milliseconds
                groups=_groups(spec),
                tags={tag["Key"]: tag["Value"] for tag in spec.get("Tags", [])},
            )
            self._clusters[cluster.arn] = cluster
            self._life.begin(cluster)
            return cluster

    def update(self, cluster: Cluster, wish: Shape) -> None:
        if cluster.status != "InService":
            raise Refused("ConflictException", f"Cluster {cluster.name} is {cluster.status}; try again later.")
        spec = update.merged(cluster.spec, wish)
        accept.check_change(self._context, cluster.spec, spec)
        cluster.spec, wanted = spec, {group.name: group for group in _groups(spec)}
        gone = [group for group in cluster.groups if group.name not in wanted and group.status != "Deleting"]
        told = [wanted[group["InstanceGroupName"]] for group in accept.groups_of(wish)]
        self._life.change(cluster, [_adopted(cluster, group) for group in told], gone)

    def delete(self, cluster: Cluster) -> None:
        if cluster.status not in DELETABLE:
            raise Refused("ConflictException", f"Cluster {cluster.name} is {cluster.status}; try again later.")
        if cluster.status != "Deleting":
            self._life.delete(cluster)

    def all(self) -> list[Cluster]:
        return list(self._clusters.values())

    def find(self, name_or_arn: str) -> Cluster:
        cluster = self._clusters.get(name_or_arn) or self._by_name(name_or_arn)
        if cluster is None:
            raise not_found(f"Cluster {name_or_arn}")
        return cluster

    def node(self, cluster: Cluster, node_id: str) -> tuple[Group, Node]:
        """By its instance id or its logical id."""
        for group, node in cluster.nodes:
            if node_id in (node.instance_id, node.logical_id):
                return group, node
        raise not_found(f"Node {node_id} of cluster {cluster.name}")

    def _by_name(self, name: str) -> Cluster | None:
        return next((cluster for cluster in self._clusters.values() if cluster.name == name), None)

    def _new_arn(self) -> str:
        cluster_id = "".join(mock_random.choice(ID_LETTERS) for _ in range(12))
        return f"arn:aws:sagemaker:{self._context.region}:{self._context.account}:cluster/{cluster_id}"

    def _wanted_failure(self, cluster: Cluster, group: Group) -> checks.Wish | None:
        return self._wanted.get((cluster.name, group.name)) or self._wanted.get((cluster.name, None))

    def _forget(self, cluster: Cluster) -> None:
        self._clusters.pop(cluster.arn, None)
        self.heal(cluster.name)


def _adopted(cluster: Cluster, wanted: Group) -> Group:
    """The cluster's group of that name, told what is wanted of it now; a new one if it has none."""
    known = cluster.group(wanted.name)
    if known is None:
        cluster.groups.append(wanted)
        return wanted
    known.spec, known.target = wanted.spec, wanted.target
    return known


def _groups(spec: Shape) -> list[Group]:
    common = _one_of(spec["VpcConfig"]["Subnets"], spec["ClusterName"]) if "VpcConfig" in spec else None
    made = []
    for group in accept.groups_of(spec):
        override = group.get("OverrideVpcConfig")
        seed = f"{spec['ClusterName']}/{group['InstanceGroupName']}"
        subnet_id = _one_of(override["Subnets"], seed) if override else common
        group_ids = (override or spec.get("VpcConfig") or {}).get("SecurityGroupIds", [])
        restricted = group in spec.get("RestrictedInstanceGroups", [])
        made.append(Group(group, restricted, subnet_id, tuple(group_ids), group["InstanceCount"]))
    return made


def _one_of(subnets: list[str], seed: str) -> str:
    """HyperPod picks one of the candidates; which one cannot be known before, but the same cluster gets the same."""
    return subnets[int.from_bytes(sha256(seed.encode()).digest()[:4], "big") % len(subnets)]
