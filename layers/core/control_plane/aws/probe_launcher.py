"""Launches probe instances: small, without a public address or a key, and gone by themselves."""

from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.aws.evidence import canonical
from control_plane.domain.probe.ledger import INSTANCE_TYPES, USER_DATA, VantagePoint
from control_plane.domain.tags import POINT_TAG, marks
from control_plane.errors import AwsRefused, AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

READS = frozenset({"ec2:DescribeSubnets", "ec2:DescribeInstanceTypeOfferings", "ssm:GetParameter"})
WRITES = frozenset({"ec2:RunInstances"})
ACTIONS = READS | WRITES

# The standard image: the minimal one has no SSM agent. Its root device is the same on both architectures.
# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-from-ssm-parameter
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
ROOT_DEVICE = "/dev/xvda"
ROOT_GIB = 10  # the image's own snapshot has 8

# EC2 answers this with HTTP 500, as if it were a fault that passes.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-server
OUT_OF_CAPACITY = "InsufficientInstanceCapacity"


class ProbeLauncher:
    def __init__(self, ec2: "EC2Client", ssm: "SSMClient", *, stack: str, profile_arn: str) -> None:
        self._ec2, self._ssm = ec2, ssm
        self._stack, self._profile_arn = stack, profile_arn
        self._images: dict[str, str] = {}

    def zones(self, subnet_ids: Collection[str]) -> dict[str, str]:
        """The availability zone of each of these subnets that exists."""
        with calling("ec2:DescribeSubnets"):
            pages = self._ec2.get_paginator("describe_subnets").paginate(
                Filters=[{"Name": "subnet-id", "Values": sorted(subnet_ids)}]
            )
            return {subnet["SubnetId"]: subnet["AvailabilityZone"] for page in pages for subnet in page["Subnets"]}

    def offered(self) -> frozenset[tuple[str, str]]:
        """(type, zone) for each small type that a zone of this region offers."""
        with calling("ec2:DescribeInstanceTypeOfferings"):
            pages = self._ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [*INSTANCE_TYPES]}]
            )
            offers = [offer for page in pages for offer in page["InstanceTypeOfferings"]]
        return frozenset((offer["InstanceType"], offer["Location"]) for offer in offers)

    def launch(self, run_id: str, point: VantagePoint, instance_type: str) -> str:
        """Launch one instance, and say its id; the same call again finds the same instance.

        Raises:
            AwsRefused: no capacity, no quota, no address, or a type that the zone does not offer after all.
        """
        image = self._image(INSTANCE_TYPES[instance_type])
        wanted = {"ImageId": image, "InstanceType": instance_type} | self._parameters(run_id, point)
        try:
            with calling("ec2:RunInstances"):
                answer = self._ec2.run_instances(**wanted, ClientToken=_token(wanted))
        except AwsUnavailable as error:
            if error.code == OUT_OF_CAPACITY:
                raise AwsRefused(error.action, error.code, error.message) from error
            raise
        return answer["Instances"][0]["InstanceId"]

    def _image(self, architecture: str) -> str:
        if architecture not in self._images:
            with calling("ssm:GetParameter"):
                found = self._ssm.get_parameter(Name=IMAGE.format(architecture=architecture))
            self._images[architecture] = found["Parameter"]["Value"]
        return self._images[architecture]

    def _parameters(self, run_id: str, point: VantagePoint) -> dict[str, Any]:
        """All in the one call: what is said in a second one may never be said."""
        tags = marks(run_id, self._stack) | {POINT_TAG: point.key, "Name": "hyperpod-vpc egress probe"}
        tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
        disk = {"Encrypted": True, "DeleteOnTermination": True, "VolumeType": "gp3", "VolumeSize": ROOT_GIB}
        return {
            "MinCount": 1,
            "MaxCount": 1,
            "NetworkInterfaces": [_interface(point)],
            "BlockDeviceMappings": [{"DeviceName": ROOT_DEVICE, "Ebs": disk}],
            "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "IamInstanceProfile": {"Arn": self._profile_arn},
            "InstanceInitiatedShutdownBehavior": "terminate",
            "UserData": USER_DATA,
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": tagged} for kind in ("instance", "volume", "network-interface")
            ],
        }


def _interface(point: VantagePoint) -> dict[str, Any]:
    return {
        "DeviceIndex": 0,
        "SubnetId": point.subnet_id,
        "Groups": [*point.security_group_ids],
        "AssociatePublicIpAddress": False,
        "DeleteOnTermination": True,
    }


def _token(wanted: dict[str, Any]) -> str:
    """EC2 knows a token together with its parameters; made of them all, it never meets it with others.

    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """
    return sha256(canonical(wanted)).hexdigest()  # 64 characters, the most there may be
