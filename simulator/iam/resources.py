"""What policies are asked about, looked up in the world: which ARN a name stands for, and what tags it carries.

What is not there has no tags: AWS's services do not say whether they look for a thing or for permission to it first,
and a grant has to stand up to the stricter order. The world goes on meanwhile, so what is walked through is a copy.
"""

from collections.abc import Mapping, Sequence

from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from simulator.context import ACCOUNT, REGION
from simulator.hyperpod.service import HyperPod

GLOBAL = "aws"  # moto's region of the services that have none


class Resources:
    def __init__(self, hyperpod: HyperPod) -> None:
        self._hyperpod = hyperpod

    def partition_key(self, table: str) -> str:
        found = dynamodb_backends[ACCOUNT][REGION].tables.get(table)
        return str(found.hash_key_attr) if found else ""

    def has_bucket(self, bucket: str) -> bool:
        return bucket in s3_backends[ACCOUNT][GLOBAL].buckets

    def has_object(self, bucket: str, key: str) -> bool:
        return key in s3_backends[ACCOUNT][GLOBAL].buckets[bucket].keys

    def owners_of(self, image: str) -> Sequence[str]:
        """An image's owner: its alias, "amazon", or its account."""
        found = ec2_backends[ACCOUNT][REGION].amis.get(image)
        return [str(found.owner_alias or found.owner_id)] if found else []

    def tags_of_instance(self, instance: str) -> Mapping[str, str]:
        return dict(ec2_backends[ACCOUNT][REGION].tags.get(instance, {}))

    def roles_of(self, profile_arn: str) -> list[str]:
        profiles = [*iam_backends[ACCOUNT][GLOBAL].instance_profiles.values()]
        return [role.arn for profile in profiles if profile.arn == profile_arn for role in profile.roles]

    def arn_of_role(self, name: str) -> str:
        roles = [*iam_backends[ACCOUNT][GLOBAL].roles.values()]
        return next((role.arn for role in roles if role.name == name), f"arn:aws:iam::{ACCOUNT}:role/{name}")

    def arn_of_secret(self, name_or_arn: str) -> str:
        secrets = [*secretsmanager_backends[ACCOUNT][REGION].secrets.values()]
        return next((secret.arn for secret in secrets if name_or_arn in (secret.name, secret.arn)), name_or_arn)

    def cluster(self, name_or_arn: str) -> tuple[str, Mapping[str, str]]:
        """The ARN and the tags of a cluster, by its name, its id or its ARN."""
        for cluster in self._hyperpod.all():
            if name_or_arn in (cluster.arn, cluster.name):
                return cluster.arn, cluster.tags
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:cluster/{name_or_arn.rpartition('/')[2]}", {}
