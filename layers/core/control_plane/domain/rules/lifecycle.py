"""LCS: the lifecycle scripts are where the request says."""

from collections.abc import Iterator

from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import Presence
from control_plane.domain.account.lifecycle import S3Object, entry_files
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.rulebook import checks

LIST = "s3:ListBucket"
GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-lifecycle-best-practices-slurm.html"

BUCKET = Rule(
    id="LCS-001",
    title="The bucket of the lifecycle scripts exists.",
    severity=Severity.BLOCKS,
    reason="Nodes fetch their scripts from it before anything else, and fail without them.",
    source=GUIDE,
)
ENTRY = Rule(
    id="LCS-002",
    title="The entry script lies under SourceS3Uri.",
    severity=Severity.BLOCKS,
    reason="HyperPod starts OnCreate or OnInitComplete by its name; nodes fail when there is no such file.",
    source=GUIDE,
)
READABLE = Rule(
    id="LCS-003",
    title="SourceS3Uri is written as s3://bucket/prefix.",
    severity=Severity.UNKNOWN,
    reason="AWS accepts https too, but which part of that names the bucket cannot be told for sure.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ClusterLifeCycleConfig.html",
)


@checks(BUCKET, needs={LIST})
def judge_bucket(case: Case) -> Iterator[Finding]:
    for bucket in sorted(
        {_bucket(uri) for uri, presence in case.facts.lifecycle_files.items() if presence is Presence.NO_BUCKET}
    ):
        yield Finding.of(
            BUCKET,
            subject=bucket,
            seen=f"there is no bucket {bucket}",
            wanted="an existing bucket in the cluster's region",
            remedy="Correct SourceS3Uri, or create the bucket and upload the scripts.",
        )


@checks(ENTRY, needs={LIST})
def judge_entry(case: Case) -> Iterator[Finding]:
    for uri, presence in sorted(case.facts.lifecycle_files.items()):
        if presence is Presence.NO_FILE:
            yield Finding.of(
                ENTRY,
                subject=uri,
                seen=f"there is no object {uri}",
                wanted="the script that OnCreate or OnInitComplete names",
                remedy=f"Upload it: aws s3 cp {uri.rsplit('/', 1)[-1]} {uri}",
            )


@checks(READABLE, needs=())
def judge_readable(case: Case) -> Iterator[Finding]:
    for uri in sorted(
        {uri for group in case.request.shape.groups for uri in entry_files(group) if S3Object.of(uri) is None}
    ):
        yield Finding.of(
            READABLE,
            subject=uri,
            seen=f"not looked at: {uri}",
            wanted="s3://bucket/prefix",
            remedy="Write it as s3://bucket/prefix, or see by hand that the file is there.",
        )


def _bucket(uri: str) -> str:
    found = S3Object.of(uri)
    return found.bucket if found else uri
