"""Whether a lifecycle script is where the request says, and which it is."""

from typing import TYPE_CHECKING, NamedTuple

from control_plane.aws.calls import calling
from control_plane.domain.account.facts import Content, Presence
from control_plane.domain.account.lifecycle import S3Object
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACTIONS = frozenset({"s3:ListBucket"})


class File(NamedTuple):
    presence: Presence
    content: Content | None = None


def find_file(s3: "S3Client", file: S3Object) -> File:
    """Look for one object by listing, not by HeadObject: who may list is told "not there" apart from "not allowed".

    The key itself sorts before all others that begin with it, so one answer is enough.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    try:
        with calling("s3:ListBucket"):
            answer = s3.list_objects_v2(Bucket=file.bucket, Prefix=file.key, MaxKeys=1)
    except AwsRefused as refusal:
        if refusal.code == "NoSuchBucket":
            return File(Presence.NO_BUCKET)
        raise
    found = [one for one in answer.get("Contents", []) if one["Key"] == file.key]
    return File(Presence.THERE, Content.model_validate(found[0])) if found else File(Presence.NO_FILE)
