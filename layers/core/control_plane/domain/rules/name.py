"""NAME: the cluster's name is free."""

from collections.abc import Iterator

from control_plane.domain.account.case import Case
from control_plane.domain.findings import Finding, Rule, Severity
from control_plane.domain.rules.rulebook import checks

FREE = Rule(
    id="NAME-001",
    title="No other cluster has the name.",
    severity=Severity.BLOCKS,
    reason="A name is unique in its account and region. A cluster that carries this run's tag is no obstacle.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html",
)


@checks(FREE, needs={"sagemaker:DescribeCluster", "sagemaker:ListTags"})
def judge_free(case: Case) -> Iterator[Finding]:
    cluster = case.facts.cluster
    if cluster and not cluster.ours:
        yield Finding.of(
            FREE,
            subject="$.Cluster.ClusterName",
            seen=f"{cluster.cluster_arn} has it, and is {cluster.cluster_status}",
            wanted="a name of its own",
            remedy="Choose another name, or delete that cluster first.",
        )
