"""A cluster's life on the virtual clock: about 12 to 17 minutes until it is in service, its changes, the way down.

Without NodeProvisioningMode it is all nodes or none; Continuous clusters are in service early and try again.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-scaling-eks.html and field notes on timing.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

from moto.ec2.exceptions import EC2ClientError

from simulator.context import Context
from simulator.hyperpod import checks
from simulator.hyperpod.cluster import Cluster, Group, Node
from simulator.hyperpod.events import Events
from simulator.hyperpod.nodes import Nodes

PREPARE = timedelta(minutes=3)  # network, roles, before the first node
STAGGER, ALL_STAGGERS = timedelta(seconds=90), timedelta(minutes=3)  # from group to group
BOOT = timedelta(seconds=210)  # from a node's first sight to its health checks
LIFECYCLE = timedelta(minutes=4)  # its scripts
NODE_BY_NODE = timedelta(seconds=5)
FINISH = timedelta(minutes=2)
ROLL_BACK = timedelta(minutes=3)
RETRY = timedelta(minutes=15)  # Continuous: from a failure to the next attempt
PATIENCE = timedelta(hours=3)  # with MinInstanceCount
DELETION = timedelta(minutes=6)
DRAIN = timedelta(minutes=15)  # from the word that a node has to go until it has gone

Wanted = Callable[[Cluster, Group], checks.Wish | None]


class Life:
    """`wanted` tells the failure that somebody has asked for; `gone` hears of a deletion's end."""

    def __init__(self, context: Context, events: Events, wanted: Wanted, gone: Callable[[Cluster], None]) -> None:
        self._context, self._events, self._wanted, self._gone = context, events, wanted, gone
        self._nodes = Nodes(context)
        self.lock = threading.RLock()

    def begin(self, cluster: Cluster) -> None:
        self._events.state_change(cluster)
        self._events.record(cluster, f"Cluster {cluster.name} creation started")
        stagger = min(STAGGER, ALL_STAGGERS / len(cluster.groups))
        for number, group in enumerate(cluster.groups):
            self._after(PREPARE + number * stagger, cluster, self._start, group)
            if cluster.continuous and "MinInstanceCount" in group.spec:
                self._after(PATIENCE, cluster, self._lose_patience, group)
        if cluster.continuous:
            self._after(PREPARE, cluster, self._serve)

    def delete(self, cluster: Cluster) -> None:
        self._turn(cluster, "Deleting", nodes="ShuttingDown")
        self._events.record(cluster, f"Cluster {cluster.name} deletion started")
        self._context.clock.at(self._context.clock.now() + DELETION, lambda: self._end(cluster))

    def _after(self, delay: timedelta, cluster: Cluster, step: Callable[..., None], *what: object) -> None:
        """Take a step later, if the cluster is not on its way down by then."""

        def taken() -> None:
            with self.lock:
                if cluster.status in ("Creating", "InService", "Updating"):
                    step(cluster, *what)

        self._context.clock.at(self._context.clock.now() + delay, taken)

    # ---------------------------------------------------------------- the way up

    def _start(self, cluster: Cluster, group: Group) -> None:
        self._events.record(
            cluster,
            f"Found Subnet {group.subnet_id} with SecurityGroupIds {', '.join(group.group_ids)} for {group.name}",
            group=group,
            InstanceGroup={"SubnetId": group.subnet_id, "SecurityGroupIds": list(group.group_ids)},
        )
        if self._fails_on_request(cluster, group, checks.CAPACITY, None):
            return
        try:
            for _ in range(group.missing):
                node = self._nodes.make(cluster, group, self._context.clock.now())
                self._tell_of_interface(cluster, group, node)
        except EC2ClientError as refused:
            self._fail(cluster, group, checks.wrong_addresses(group, refused.code))
            return
        self._after(BOOT, cluster, self._check_health, group)

    def _check_health(self, cluster: Cluster, group: Group) -> None:
        for node in group.those("Pending"):
            if self._fails_on_request(cluster, group, checks.EFA, node):
                return
            if wrong := checks.wrong_efa(self._context, group, node):
                self._fail(cluster, group, wrong)
                return
            self._events.record(
                cluster,
                f"Instance lifecycle script execution for EC2 Instance {node.instance_id} has Started",
                group=group,
                node=node,
            )
        self._after(LIFECYCLE, cluster, self._run_scripts, group)

    def _run_scripts(self, cluster: Cluster, group: Group) -> None:
        pending = group.those("Pending")
        for node in pending:
            wrong = checks.wrong_lifecycle(self._context, group, node)
            if self._fails_on_request(cluster, group, checks.LIFECYCLE, node):
                return
            if wrong:
                self._fail(cluster, group, wrong)
                return
        for number, node in enumerate(pending):
            self._after(min(number, 12) * NODE_BY_NODE, cluster, self._join, group, node)
        if not pending:
            self._complete(cluster, group)

    def _join(self, cluster: Cluster, group: Group, node: Node) -> None:
        if node.status != "Pending":
            return  # it has to go again, or has failed
        node.status = "Running"
        self._events.record(
            cluster, f"Instance {node.instance_id} creation completed successfully", group=group, node=node
        )
        if group.running == group.target:
            self._complete(cluster, group)

    def _complete(self, cluster: Cluster, group: Group) -> None:
        what = "scaling" if group.status == "Updating" else "creation"
        group.status = "InService"
        self._events.record(cluster, f"InstanceGroup {group.name} {what} completed successfully", group=group)
        self._serve_if_complete(cluster)

    def _serve_if_complete(self, cluster: Cluster) -> None:
        complete = all(group.status == "InService" for group in cluster.groups)
        if cluster.status in ("Creating", "Updating") and complete:
            self._after(FINISH, cluster, self._serve)

    def _serve(self, cluster: Cluster) -> None:
        for group in cluster.groups if cluster.status == "Creating" and not cluster.continuous else []:
            if self._fails_on_request(cluster, group, checks.KINDS[-1], next(iter(group.nodes), None)):
                return
        what = "update" if cluster.status == "Updating" else "creation"
        self._turn(cluster, "InService")
        self._events.record(cluster, f"Cluster {cluster.name} {what} completed successfully")

    # ---------------------------------------------------------------- changes

    def change(self, cluster: Cluster, groups: list[Group], gone: list[Group]) -> None:
        """Bring the groups to what is now asked for, and take others away.

        A Continuous cluster stays in service meanwhile.
        https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-scaling-eks.html
        """
        for group in gone:
            group.status, group.target = "Deleting", 0
        for group in [*groups, *gone]:
            self._resize(cluster, group)
        if not cluster.continuous:
            self._turn(cluster, "Updating")

    def replace(self, cluster: Cluster, group: Group, node: Node) -> None:
        """Let a node go, and have another one come for it when it has gone."""
        node.status = "ShuttingDown"
        group.vacant.append(node.logical_id)
        self.change(cluster, [group], [])

    def _resize(self, cluster: Cluster, group: Group) -> None:
        group.status = "Updating" if group.status == "InService" else group.status
        what = "creation" if group.status == "Creating" else "scaling"
        self._events.record(cluster, f"InstanceGroup {group.name} {what} started", group=group)
        for node in group.staying[group.target :]:
            node.status = "ShuttingDown"
        if leaving := group.those("ShuttingDown"):
            self._after(DRAIN, cluster, self._dismiss, group, leaving)
        elif group.missing > 0:
            self._after(PREPARE, cluster, self._start, group)
        else:
            self._after(FINISH, cluster, self._dismiss, group, [])

    def _dismiss(self, cluster: Cluster, group: Group, nodes: list[Node]) -> None:
        """Take nodes away, and go on with what is still to be done."""
        there = [node for node in nodes if node in group.nodes]
        for node in there:
            description = f"Instance {node.instance_id} deletion completed successfully"
            self._events.record(cluster, description, group=group, node=node)
        self._nodes.remove(group, there)
        if group.status == "Deleting":
            cluster.groups.remove(group)
            self._serve_if_complete(cluster)
        elif group.missing > 0:
            self._start(cluster, group)
        elif group.running == group.target:
            self._complete(cluster, group)

    # ---------------------------------------------------------------- the way down

    def _fails_on_request(self, cluster: Cluster, group: Group, stage: str, node: Node | None) -> bool:
        """Whether the failure asked for is due at this stage; one asked for too late is due at once."""
        wish = self._wanted(cluster, group)
        if wish is None or checks.KINDS.index(wish.kind) > checks.KINDS.index(stage):
            return False
        usual = checks.text(wish.kind, group, node, continuous=cluster.continuous)
        self._fail(cluster, group, wish.words or usual)
        return True

    def _fail(self, cluster: Cluster, group: Group, message: str) -> None:
        for node in group.those("Pending") if group.status == "Updating" else group.nodes:
            node.status, node.message = "Failure", message
        self._tell_of_failure(cluster, group, message)
        if cluster.continuous:
            self._after(RETRY, cluster, self._try_again, group)
            return
        group.status, cluster.failure_message = "Failed", message
        roll_back = self._give_up if cluster.status == "Creating" else self._go_back
        self._turn(cluster, "RollingBack")
        self._context.clock.at(self._context.clock.now() + ROLL_BACK, lambda: roll_back(cluster))

    def _try_again(self, cluster: Cluster, group: Group) -> None:
        self._nodes.remove(group, group.those("Failure"))
        if group.target:
            self._start(cluster, group)

    def _lose_patience(self, cluster: Cluster, group: Group) -> None:
        """The minimum was not met in time: the group shrinks to nothing and calls itself in service."""
        if group.running < group.spec["MinInstanceCount"]:
            self._nodes.remove(group, group.nodes)
            group.target, group.status = 0, "InService"
            self._events.record(cluster, f"InstanceGroup {group.name} scaling failed", group=group, level="Error")

    def _give_up(self, cluster: Cluster) -> None:
        with self.lock:
            if cluster.status == "RollingBack":
                self._empty(cluster)
                self._turn(cluster, "Failed", groups="Failed")

    def _go_back(self, cluster: Cluster) -> None:
        """After a change that failed: what ran before runs on. That is how we read "RollingBack"; AWS does not say."""
        with self.lock:
            if cluster.status == "RollingBack":
                for group in cluster.groups:
                    self._nodes.remove(group, [node for node in group.nodes if node.status != "Running"])
                    group.target = group.running
                self._turn(cluster, "InService", groups="InService")

    def _end(self, cluster: Cluster) -> None:
        with self.lock:
            self._empty(cluster)
            self._gone(cluster)

    def _turn(self, cluster: Cluster, status: str, *, nodes: str | None = None, groups: str | None = None) -> None:
        cluster.status = status
        for group in cluster.groups:
            group.status = groups or ("Deleting" if status == "Deleting" else group.status)
        for _, node in cluster.nodes:
            node.status = nodes or node.status
        self._events.state_change(cluster)

    def _empty(self, cluster: Cluster) -> None:
        for group in cluster.groups:
            self._nodes.remove(group, group.nodes)

    # ---------------------------------------------------------------- what is told of it

    def _tell_of_interface(self, cluster: Cluster, group: Group, node: Node) -> None:
        if node.interface_ids:
            self._events.record(
                cluster,
                f"Successfully created Customer ENI {node.interface_ids[0]} for {node.instance_id}",
                group=group,
                node=node,
                Instance={"CustomerEni": node.interface_ids[0], "NodeLogicalId": node.logical_id},
            )

    def _tell_of_failure(self, cluster: Cluster, group: Group, message: str) -> None:
        node = next(iter(group.those("Failure")), None)
        what: dict[str, dict[str, str]] = (
            {"Instance": {"FailureMessage": message}} if node else {"InstanceGroup": {"FailureMessage": message}}
        )
        description = f"Instance creation in InstanceGroup {group.name} failed"
        self._events.record(cluster, description, group=group, node=node, level="Error", **what)
