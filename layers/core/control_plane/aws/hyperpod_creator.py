"""Creates clusters; nothing else."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.domain.cluster.seen import marked
from control_plane.domain.tags import marks

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ACTIONS = frozenset({"sagemaker:CreateCluster"})


class HyperPodCreator:
    def __init__(self, sagemaker: "SageMakerClient", stack: str) -> None:
        self._sagemaker, self._stack = sagemaker, stack

    def create(self, cluster: Mapping[str, Any], run_id: str) -> str:
        """Ask for a cluster, marked as this run's, and return its ARN.

        There is no client token: the name is the only guard. After a lost reply this very call, made again by the
        client, is refused with ``ResourceInUse``.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html
        """
        with calling("sagemaker:CreateCluster"):
            return self._sagemaker.create_cluster(**marked(cluster, marks(run_id, self._stack)))["ClusterArn"]
