"""What a baseline keeps of the facts: what can change the way out, or break the cluster, and nothing of others."""

from datetime import datetime
from typing import Any

from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import Facts, Network
from control_plane.domain.account.lifecycle import entry_files
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.drift.model import Baseline
from control_plane.domain.drift.parts import Parts, Sort, association_ids, join, list_ids, split
from control_plane.domain.request import EgressTerms, Request
from control_plane.domain.run import Run


def take(
    run: Run,
    cluster: dict[str, Any],
    terms: EgressTerms,
    facts: Facts,
    *,
    at: datetime,
    reason: str = "provisioned",
    by: str | None = None,
) -> Baseline:
    """The baseline of a run's cluster.

    Args:
        cluster: as DescribeCluster tells what it is made of.
        facts: of this cluster and perhaps of others; what could not be read of it stays unknown.
        by: whoever wants it so; the run's requester, where nobody else says.
    """
    asked = Request(cluster=cluster, egress=terms)
    own = project(facts, asked.shape)
    return Baseline(
        run_id=run.run_id,
        cluster_name=str(run.cluster_name),
        cluster_arn=str(run.cluster_arn),
        cluster=cluster,
        egress_terms=terms,
        facts=own,
        findings=run.findings,
        predicted_egress=Case(asked, own).predicted_egress(),
        egress=run.egress,
        taken_at=at,
        reason=reason,
        by=by or run.requested_by,
    )


def project(facts: Facts, shape: ClusterShape) -> Facts:
    """What of the facts decides about a cluster, in one order."""
    parts = split(facts.network, shape)
    network = join(parts, association_ids(facts.network))
    return own(facts, shape, parts).model_copy(update={"network": network})


def own(facts: Facts, shape: ClusterShape, parts: Parts) -> Facts:
    """What there is of a cluster beside the parts of its network."""
    roles = {group.execution_role for group in shape.groups} | {str(shape.cluster_role)}
    files = {uri for group in shape.groups for uri in entry_files(group)}
    vpcs = [shape.vpc_of(group) for group in shape.groups]
    named = {one for vpc in vpcs for one in (*vpc.subnets, *vpc.security_group_ids)}
    vpc_ids = {value.vpc_id for part, value in parts.items() if part.sort is Sort.SUBNET}
    known = roles | files | named | vpc_ids | list_ids(parts) | {shape.cluster_name}
    return Facts(
        read_at=facts.read_at,
        network=Network(),
        roles={arn: role for arn, role in facts.roles.items() if arn in roles},
        attached_policies={arn: names for arn, names in facts.attached_policies.items() if arn in roles},
        inline_policies={arn: names for arn, names in facts.inline_policies.items() if arn in roles},
        lifecycle_files={uri: presence for uri, presence in facts.lifecycle_files.items() if uri in files},
        lifecycle_contents={uri: content for uri, content in facts.lifecycle_contents.items() if uri in files},
        unread=tuple(one for one in facts.unread if not known.isdisjoint(one.subject.split(", "))),
    )
