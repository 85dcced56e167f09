"""Whether a lifecycle script is where the request says."""

from typing import TYPE_CHECKING

from control_plane.aws.calls import calling
from control_plane.domain.account.facts import Presence
from control_plane.domain.account.lifecycle import S3Object
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACTIONS = frozenset({"s3:ListBucket"})


def find_file(s3: "S3Client", file: S3Object) -> Presence:
    """Look for one object by listing, not by HeadObject: who may list is told "not there" apart from "not allowed".

    The key itself sorts before all others that begin with it, so one answer is enough.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    try:
        with calling("s3:ListBucket"):
            answer = s3.list_objects_v2(Bucket=file.bucket, Prefix=file.key, MaxKeys=1)
    except AwsRefused as refusal:
        if refusal.code == "NoSuchBucket":
            return Presence.NO_BUCKET
        raise
    return Presence.THERE if file.key in [one["Key"] for one in answer.get("Contents", [])] else Presence.NO_FILE
