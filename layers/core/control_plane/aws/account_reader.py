"""One read pass over the account: everything that the rules judge, and what could not be read."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from control_plane.aws import hyperpod_reader, lifecycle_reader, network_reader, role_reader
from control_plane.aws.hyperpod_reader import HyperPodReader, OurCluster
from control_plane.aws.lifecycle_reader import File, find_file
from control_plane.aws.network_reader import NetworkReader
from control_plane.aws.reading import Reading
from control_plane.aws.role_reader import read_role, with_policies
from control_plane.domain.account.facts import ExistingCluster, Facts, Role
from control_plane.domain.account.lifecycle import S3Object, entry_files
from control_plane.domain.cluster.seen import Cluster
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.run import Run

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

EXISTING = network_reader.ACTIONS | network_reader.INTERFACES | role_reader.TRUST | lifecycle_reader.ACTIONS
WATCHED = EXISTING | role_reader.POLICIES
ACTIONS = EXISTING | hyperpod_reader.LOOKS


class AccountReader:
    def __init__(self, ec2: "EC2Client", iam: "IAMClient", s3: "S3Client", hyperpod: HyperPodReader) -> None:
        self._ec2, self._iam, self._s3, self._hyperpod = ec2, iam, s3, hyperpod

    def read(self, run: Run, shape: ClusterShape, at: datetime) -> Facts:
        """Read what there is for a run's cluster. A denied read is a fact, too.

        Raises:
            AwsUnavailable: AWS was busy; nothing was changed, so all of it can be asked again.
        """
        reading = Reading()
        facts = self._read(shape, at, reading)
        cluster = self._cluster(run, reading)
        return facts.model_copy(update={"cluster": cluster, "unread": reading.unread})

    def cluster(self, name: str) -> tuple[Cluster, dict[str, Any]] | None:
        """A cluster that is there, and in CreateCluster's names what it is made of."""
        return self._hyperpod.described(name)

    def read_network(self, shape: ClusterShape, at: datetime) -> Facts:
        """What decides where the traffic of a cluster leaves, and nothing else."""
        reading = Reading()
        return Facts(read_at=at, network=NetworkReader(self._ec2, reading).read(shape), unread=reading.unread)

    def read_existing(self, shape: ClusterShape, at: datetime) -> Facts:
        """All that decides about a cluster that is there, whoever made it; of several at once, see `together`."""
        return self._read(shape, at, Reading(), interfaces=True)

    def read_watched(self, shape: ClusterShape, at: datetime) -> Facts:
        """And what nobody judges, but what may change under a cluster."""
        return with_policies(self._iam, self.read_existing(shape, at))

    def _read(self, shape: ClusterShape, at: datetime, reading: Reading, *, interfaces: bool = False) -> Facts:
        files = read_lifecycle_files(self._s3, shape, reading)
        return Facts(
            read_at=at,
            network=NetworkReader(self._ec2, reading).read(shape, interfaces=interfaces),
            roles=read_roles(self._iam, shape, reading),
            lifecycle_files={uri: file.presence for uri, file in files.items()},
            lifecycle_contents={uri: file.content for uri, file in files.items() if file.content},
            unread=reading.unread,
        )

    def _cluster(self, run: Run, reading: Reading) -> ExistingCluster | None:
        for found in reading.attempt(partial(self._hyperpod.look, run), subject=str(run.cluster_name)):
            if found:
                cluster, ours = found.cluster, isinstance(found, OurCluster)
                return ExistingCluster(
                    cluster_arn=cluster.cluster_arn, cluster_status=cluster.cluster_status, ours=ours
                )
        return None


def read_roles(iam: "IAMClient", shape: ClusterShape, reading: Reading) -> dict[str, Role | None]:
    named = {group.execution_role for group in shape.groups} | {shape.cluster_role}
    return {
        arn: role
        for arn in sorted(filter(None, named))
        for role in reading.attempt(partial(read_role, iam, arn), subject=arn, whole=False)
    }


def read_lifecycle_files(s3: "S3Client", shape: ClusterShape, reading: Reading) -> dict[str, File]:
    uris = sorted({uri for group in shape.groups for uri in entry_files(group)})
    return {
        uri: found
        for uri in uris
        if (file := S3Object.of(uri))
        for found in reading.attempt(partial(find_file, s3, file), subject=uri, whole=False)
    }
