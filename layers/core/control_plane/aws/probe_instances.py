"""The probe instances of a run, by tag: which there are, and their end."""

from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.domain.tags import POINT_TAG, RUN_TAG
from control_plane.domain.wire import Wire
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

READS = frozenset({"ec2:DescribeInstances"})
WRITES = frozenset({"ec2:TerminateInstances"})
ACTIONS = READS | WRITES


class ProbeInstance(Wire):
    instance_id: str
    instance_type: str
    point_key: str
    state: str  # pending, running, shutting-down, terminated, stopping, stopped
    reason_code: str  # why it is in that state; "" where there is nothing to say
    reason: str

    @property
    def alive(self) -> bool:
        return self.state in {"pending", "running"}

    @property
    def gone(self) -> bool:
        return self.state in {"shutting-down", "terminated"}


class ProbeInstances:
    def __init__(self, ec2: "EC2Client") -> None:
        self._ec2 = ec2

    def of_run(self, run_id: str) -> list[ProbeInstance]:
        """All of a run's. One that was launched a second ago may be missing; one that is gone shows for an hour.

        Source:
            https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
        """
        with calling("ec2:DescribeInstances"):
            pages = self._ec2.get_paginator("describe_instances").paginate(
                Filters=[{"Name": f"tag:{RUN_TAG}", "Values": [run_id]}]
            )
            reservations = [reservation for page in pages for reservation in page["Reservations"]]
        return [_probe_instance(instance) for reservation in reservations for instance in reservation["Instances"]]

    def terminate(self, instance_id: str) -> None:
        """End one; one that is gone is as good. Of several in one call EC2 ends none if it does not know one.

        Source:
            https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
        """
        try:
            with calling("ec2:TerminateInstances"):
                self._ec2.terminate_instances(InstanceIds=[instance_id])
        except AwsRefused as error:
            if error.code != "InvalidInstanceID.NotFound":
                raise


def _probe_instance(instance: "InstanceTypeDef") -> ProbeInstance:
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    reason = instance.get("StateReason", {})
    return ProbeInstance(
        instance_id=instance["InstanceId"],
        instance_type=instance["InstanceType"],
        point_key=tags.get(POINT_TAG, ""),
        state=instance["State"]["Name"],
        reason_code=reason.get("Code", ""),
        reason=reason.get("Message", ""),
    )
