"""The evidence bucket: what was read, asked and answered, per run, and what clusters should be, as canonical JSON."""

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from control_plane.aws.calls import calling
from control_plane.domain.run import Evidence
from control_plane.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READS = frozenset({"s3:GetObject"})
WRITES = frozenset({"s3:PutObject"})


def canonical(document: Any) -> bytes:
    """The one way to write a document, so that equal documents have equal hashes.

    >>> canonical({"b": 1, "a": "é"})
    b'{"a":"\\xc3\\xa9","b":1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class EvidenceStore:
    def __init__(self, s3: "S3Client", bucket: str, room: str = "runs") -> None:
        self._s3, self._bucket, self._room = s3, bucket, room

    def put(self, run_id: str, name: str, document: Any) -> Evidence:
        """Keep a document as ``runs/<run id>/<name>.json``; the same name again replaces it (old versions stay)."""
        body, key = canonical(document), self._key(run_id, name)
        with calling("s3:PutObject"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        return Evidence(s3_uri=f"s3://{self._bucket}/{key}", sha256=sha256(body).hexdigest())

    def get(self, run_id: str, name: str) -> Any:
        with calling("s3:GetObject"):
            found = self._s3.get_object(Bucket=self._bucket, Key=self._key(run_id, name))
            return json.loads(found["Body"].read())

    def find(self, run_id: str, name: str) -> Any | None:
        """As `get`; None where nothing was kept under this name (told apart from a denial only with s3:ListBucket)."""
        try:
            return self.get(run_id, name)
        except AwsRefused as error:
            if error.code == "NoSuchKey":
                return None
            raise

    def _key(self, run_id: str, name: str) -> str:
        return f"{self._room}/{run_id}/{name}.json"
