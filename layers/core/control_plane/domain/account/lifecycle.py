"""Where a group's lifecycle scripts start."""

from typing import NamedTuple

from control_plane.domain.cluster.shape import InstanceGroup


class S3Object(NamedTuple):
    bucket: str
    key: str

    @classmethod
    def of(cls, uri: str) -> "S3Object | None":
        """
        >>> S3Object.of("s3://sagemaker-scripts/base/on_create.sh")
        S3Object(bucket='sagemaker-scripts', key='base/on_create.sh')
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return cls(bucket, key) if uri.startswith("s3://") and bucket and key else None


def entry_files(group: InstanceGroup) -> list[str]:
    """The URIs of the scripts that HyperPod runs first on this group's nodes.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ClusterLifeCycleConfig.html
    """
    config = group.life_cycle_config
    if config is None or config.source_s3_uri is None:
        return []
    return [
        f"{config.source_s3_uri.rstrip('/')}/{name}" for name in (config.on_create, config.on_init_complete) if name
    ]
