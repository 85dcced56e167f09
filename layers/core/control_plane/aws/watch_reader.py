"""What there is now of many watched clusters. What is read of a VPC is read once for all its clusters."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from control_plane.aws import account_reader, hyperpod_reader
from control_plane.aws.account_reader import AccountReader
from control_plane.aws.reading import Reading
from control_plane.domain.account.facts import Facts
from control_plane.domain.cluster.seen import Cluster
from control_plane.domain.cluster.shape import ClusterShape, InstanceGroup, VpcConfig
from control_plane.domain.drift.model import Seen

ACTIONS = account_reader.WATCHED | hyperpod_reader.DESCRIBES

Described = tuple[Cluster, dict[str, Any]]


class WatchReader:
    def __init__(self, account: AccountReader) -> None:
        self._account = account

    def read(self, names: Sequence[str], at: datetime) -> dict[str, Seen]:
        """Read clusters by name, and all that their traffic can meet.

        Raises:
            AwsUnavailable: AWS was busy; nothing was changed, so all of it can be asked again.
        """
        reading = Reading()
        described = {name: self._described(name, reading) for name in names}
        shapes = [ClusterShape.model_validate(found[1]) for answers in described.values() for found in answers if found]
        facts = self._account.read_watched(together(shapes), at)
        all_unread = facts.model_copy(update={"unread": reading.unread + facts.unread})
        return {name: _seen(name, answers, all_unread, at) for name, answers in described.items()}

    def _described(self, name: str, reading: Reading) -> list[Described | None]:
        return reading.attempt(partial(self._account.cluster, name), subject=name, whole=False)


def together(shapes: Sequence[ClusterShape]) -> ClusterShape:
    """One shape with the groups of all, each in its own VPC: what is read for it is read for all."""
    groups = [
        group.model_copy(update={"override_vpc_config": shape.vpc_of(group)})
        for shape in shapes
        for group in shape.groups
    ]
    nowhere = VpcConfig()  # a cluster's own role is read as that of one more group, in no subnet
    roles = [
        InstanceGroup(instance_group_name="", execution_role=shape.cluster_role, override_vpc_config=nowhere)
        for shape in shapes
        if shape.cluster_role
    ]
    return ClusterShape(cluster_name="", instance_groups=(*groups, *roles))


def _seen(name: str, answers: Sequence[Described | None], facts: Facts, at: datetime) -> Seen:
    """A cluster; what could not be read of others is no matter of its."""
    own = tuple(one for one in facts.unread if one.action not in hyperpod_reader.DESCRIBES or one.subject == name)
    cluster, made_of = (answers[0] if answers else None) or (None, None)
    arn = cluster.cluster_arn if cluster else None
    return Seen(facts=facts.model_copy(update={"unread": own}), cluster=made_of, cluster_arn=arn, at=at)
