"""The cluster's own nodes: which of them are asked, what, and what is known of each."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, Self

from control_plane.domain.cluster.seen import Node
from control_plane.domain.cluster.shape import ClusterShape, InstanceGroup
from control_plane.domain.egress import Egress
from control_plane.domain.probe.answer import AnswerError, read_answer
from control_plane.domain.probe.ledger import Question, Trouble, TroubleKind
from control_plane.domain.request import EgressTerms
from control_plane.domain.wire import Moment, Wire

Each = int | Literal["All"]  # nodes of a group in a subnet

NO_VPC = "the group is on a network of AWS's own, not in your VPC"
ATTEMPTS = 3  # output can get lost without anybody's fault, and a node may be about to connect


class NodeProbe(Wire):
    """One node of a group in a subnet, or the reason why there is none."""

    instance_group_name: str
    subnet_id: str
    instance_id: str | None = None
    attempts: int = 0
    asked_at: Moment | None = None  # when its last session was over
    trouble: Trouble | None = None
    output: str | None = None  # as it came

    @property
    def settled(self) -> bool:
        return self.output is not None or (self.trouble is not None and self.attempts >= ATTEMPTS)

    def question(self, run_id: str, terms: EgressTerms) -> Question:
        """A new nonce for each attempt: what comes late from an earlier one is no answer to this one."""
        return Question.of(f"{run_id}/{self.instance_id}/{self.attempts}", terms)

    def said(self, output: str, question: Question, at: Moment) -> Self:
        """The probe with what the node said; where that cannot be relied on, it is asked again as long as it may be."""
        heard = self.model_copy(update={"output": output, "trouble": None, "asked_at": at})
        try:
            read_answer(output, question)
        except AnswerError as error:
            again = self.failed(TroubleKind.NO_ANSWER, "", str(error), at)
            return heard if again.settled else again
        return heard

    def failed(self, kind: TroubleKind, code: str, text: str, at: Moment) -> Self:
        trouble = Trouble(kind=kind, code=code, text=text[:300])
        return self.model_copy(update={"attempts": self.attempts + 1, "trouble": trouble, "asked_at": at})

    def given_up(self, kind: TroubleKind, code: str, text: str) -> Self:
        """It would be the same the next time."""
        return self.model_copy(update={"attempts": ATTEMPTS, "trouble": Trouble(kind=kind, code=code, text=text[:300])})


class NodeLedger(Wire):
    """All that is known of a run's nodes, kept as its evidence ``nodes``."""

    cluster_arn: str
    probes: tuple[NodeProbe, ...]
    egress: tuple[Egress, ...] = ()  # the verdicts, once all are settled

    @property
    def to_ask(self) -> dict[str, NodeProbe]:
        """The probes that are not settled, by the node's id."""
        return {probe.instance_id: probe for probe in self.probes if probe.instance_id and not probe.settled}

    def target(self, probe: NodeProbe) -> str:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-run-jobs-slurm-access-nodes.html

        >>> probe = NodeProbe(instance_group_name="g", subnet_id="subnet-1", instance_id="i-1")
        >>> NodeLedger(cluster_arn="arn:aws:sagemaker:eu-west-1:1:cluster/abc", probes=[probe]).target(probe)
        'sagemaker-cluster:abc_g-i-1'
        """
        cluster_id = self.cluster_arn.rpartition("/")[2]
        return f"sagemaker-cluster:{cluster_id}_{probe.instance_group_name}-{probe.instance_id}"

    def with_probes(self, probes: Iterable[NodeProbe]) -> Self:
        changed = {probe.instance_id: probe for probe in probes}
        return self.model_copy(update={"probes": tuple(changed.get(one.instance_id, one) for one in self.probes)})


class Seated(Wire):
    """A running node, and the subnet that its address is in; None, where that cannot be told."""

    instance_group_name: str
    instance_id: str
    subnet_id: str | None


def seat_of(address: str | None, blocks: Mapping[str, str]) -> str | None:
    """The subnet that an address is in; `blocks` are CIDR blocks by subnet.

    >>> seat_of("10.0.2.7", {"subnet-1": "10.0.1.0/24", "subnet-2": "10.0.2.0/24"})
    'subnet-2'
    """
    inside = (one for one, block in blocks.items() if address and IPv4Address(address) in IPv4Network(block))
    return next(inside, None)


def only(shape: ClusterShape, names: Collection[str]) -> ClusterShape:
    """The cluster as if it had these groups alone, those of them that are still there; without any name, all."""
    if not names:
        return shape
    kinds = ("instance_groups", "restricted_instance_groups")
    named = {kind: tuple(one for one in getattr(shape, kind) if one.instance_group_name in names) for kind in kinds}
    return shape.model_copy(update=named)


def chosen(
    run_id: str, shape: ClusterShape, nodes: Sequence[Node], seats: Sequence[Seated], each: Each
) -> Iterator[NodeProbe]:
    """So many nodes of every group in each subnet that it has nodes in: a subnet is in one Availability Zone.

    A run picks its nodes by its id, so that one that is repeated asks the same, and another one perhaps others.
    """
    for group in shape.instance_groups:
        seated = [seat for seat in seats if seat.instance_group_name == group.instance_group_name]
        if not seated:
            yield from _nobody(shape, group, nodes)
        for subnet_id in sorted({seat.subnet_id or "" for seat in seated}):
            there = [seat.instance_id for seat in seated if (seat.subnet_id or "") == subnet_id]
            there.sort(key=lambda instance_id: sha256(f"{run_id}/{instance_id}".encode()).digest())
            for instance_id in there if each == "All" else there[:each]:
                yield _probe(group, subnet_id, instance_id)
    for group in shape.restricted_instance_groups:
        yield from _without_node(shape, group, "Restricted", "a restricted instance group: nobody may open a session")


def out_of_reach(shape: ClusterShape, code: str, text: str) -> Iterator[NodeProbe]:
    """What there is to say of every group when nobody may look at its nodes."""
    for group in shape.groups:
        yield from _without_node(shape, group, code, text)


def _probe(group: InstanceGroup, subnet_id: str, instance_id: str) -> NodeProbe:
    probe = NodeProbe(instance_group_name=group.instance_group_name, subnet_id=subnet_id, instance_id=instance_id)
    if subnet_id:
        return probe
    return probe.given_up(TroubleKind.NO_NODE, "NoSubnet", f"{instance_id} is in none of the group's subnets")


def _nobody(shape: ClusterShape, group: InstanceGroup, nodes: Sequence[Node]) -> Iterator[NodeProbe]:
    there = [node for node in nodes if node.instance_group_name == group.instance_group_name]
    statuses = ", ".join(sorted({node.instance_status.status for node in there}))
    text = f"none of its {len(there)} nodes runs: {statuses}" if there else "the group has no node"
    return _without_node(shape, group, "", text)


def _without_node(shape: ClusterShape, group: InstanceGroup, code: str, text: str) -> Iterator[NodeProbe]:
    """A row for each subnet that the group may be in."""
    subnets = [*dict.fromkeys(shape.vpc_of(group).subnets)]
    for subnet_id in subnets or [""]:
        probe = NodeProbe(instance_group_name=group.instance_group_name, subnet_id=subnet_id)
        yield probe.given_up(TroubleKind.NO_NODE, code, text if subnets else NO_VPC)
