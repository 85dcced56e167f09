"""Step "Choose nodes": who is to be asked where the cluster's traffic leaves."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from control_plane.aws import evidence as evidence_room
from control_plane.aws import hyperpod_reader, run_table
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.run_table import RunTable
from control_plane.domain.cluster.seen import Node
from control_plane.domain.cluster.shape import ClusterShape, InstanceGroup
from control_plane.domain.probe.nodes import Each, NodeLedger, NodeProbe, Seated, chosen, only, out_of_reach, seat_of
from control_plane.domain.request import Request, scope_of
from control_plane.domain.run import Phase, Run
from control_plane.domain.wire import Wire
from control_plane.errors import AccessDenied, AwsRefused
from control_plane.steps.request import StepRequest

ACTIONS = run_table.ACTIONS | evidence_room.READS | evidence_room.WRITES | hyperpod_reader.SEATS

LOOKED_AT = 100  # nodes of a group, at most, to find out in which of its subnets it has some


class Report(Wire):
    nodes: int


def choose_nodes(
    request: StepRequest,
    *,
    runs: RunTable,
    evidence: EvidenceStore,
    reader: HyperPodReader,
    now: Callable[[], datetime],
) -> Report:
    """Choose once: what a step that is repeated has already heard stays."""
    run = runs.enter(request.run_id, Phase.PROBE_NODES, now())
    kept = evidence.find(run.run_id, "nodes")
    asked = runs.request_of(run.run_id)
    ledger = NodeLedger.from_wire(kept) if kept else _chosen(run, asked, evidence, reader)
    if kept is None:
        evidence.put(run.run_id, "nodes", ledger.to_wire())
    return Report(nodes=len(ledger.to_ask))


def _chosen(run: Run, asked: Request, evidence: EvidenceStore, reader: HyperPodReader) -> NodeLedger:
    check = evidence.get(run.run_id, "check")
    whole, subnets = ClusterShape.model_validate(check["Shape"]), check["Facts"]["Network"]["Subnets"]
    shape, each = only(whole, scope_of(asked).instance_group_names), asked.egress.nodes_per_group
    blocks = {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in subnets if subnet["CidrBlock"]}
    return NodeLedger(cluster_arn=str(run.cluster_arn), probes=tuple(_probes(run, shape, each, blocks, reader)))


def _probes(
    run: Run, shape: ClusterShape, each: Each, blocks: Mapping[str, str], reader: HyperPodReader
) -> Iterable[NodeProbe]:
    arn = str(run.cluster_arn)
    try:
        nodes = [*reader.nodes(arn)]
        seats = [
            Seated(instance_group_name=group.instance_group_name, instance_id=node.instance_id, subnet_id=subnet_id)
            for group in shape.instance_groups
            if shape.vpc_of(group).subnets
            for node, subnet_id in _seats(
                arn, _running(group, nodes, each), shape.vpc_of(group).subnets, blocks, reader
            )
        ]
    except (AccessDenied, AwsRefused) as error:
        return out_of_reach(shape, error.code, str(error))
    return chosen(run.run_id, shape, nodes, seats, each)


def _running(group: InstanceGroup, nodes: Sequence[Node], each: Each) -> list[Node]:
    running = [node for node in nodes if node.instance_group_name == group.instance_group_name and node.running]
    return running if each == "All" else running[: max(each, LOOKED_AT)]


def _seats(
    arn: str, nodes: Sequence[Node], candidates: Sequence[str], blocks: Mapping[str, str], reader: HyperPodReader
) -> Iterator[tuple[Node, str | None]]:
    """Where each node is. Only of a group that may be in several subnets has that to be asked."""
    [first, *others] = dict.fromkeys(candidates)
    possible = {subnet_id: block for subnet_id, block in blocks.items() if subnet_id in candidates}
    for node in nodes:
        yield node, seat_of(reader.address_of(arn, node.instance_id), possible) if others else first
