"""Deletes clusters that are ours; it cannot be handed any other."""

from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.aws.hyperpod_reader import OurCluster, is_not_found
from control_plane.errors import AwsRefused, NotYet

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ACTIONS = frozenset({"sagemaker:DeleteCluster"})


class HyperPodRemover:
    def __init__(self, sagemaker: "SageMakerClient") -> None:
        self._sagemaker = sagemaker

    def delete(self, ours: OurCluster) -> None:
        """Ask for a cluster's deletion, which then takes minutes; one that is gone is as good.

        It is named by its ARN, so that a new cluster of the same name stays out of it.

        Raises:
            NotYet: another change to the cluster is under way; it passes.
        """
        if not isinstance(ours, OurCluster):  # a Stranger has a cluster, too, and Python would not mind
            raise TypeError(f"{ours} is not known to be ours.")
        try:
            with calling("sagemaker:DeleteCluster"):
                self._sagemaker.delete_cluster(ClusterName=ours.cluster.cluster_arn)
        except AwsRefused as error:
            if error.code == "ConflictException":
                raise NotYet(error.action, error.code, error.message) from error
            if not is_not_found(error):
                raise
