"""Runs as hypothesis draws them: with any text, and from empty to far larger than an event may be."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from control_plane.domain.egress import Egress, PredictedEgress, Verdict, Via
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.run import Cause, Disposition, Evidence, Group, Phase, Run, run_id_of

T = TypeVar("T")

# A run takes longer to draw than to be told of: one that is drawn is told in every way there is.
slowly_drawn = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

ACCEPTED = datetime(2026, 11, 24, 5, 46, tzinfo=UTC)
CHARACTERS = st.characters(codec="utf-8")  # control, zero-width and right-to-left ones too

# As AWS limits them: CreateCluster, in botocore's service model. Drawn from its pattern they take five times as long.
names = st.text("aZ09-", max_size=61).map(lambda middle: f"a{middle}9")
texts = st.builds(
    lambda text, times: text * times, st.text(CHARACTERS, max_size=30), st.sampled_from([1, 1, 1, 40, 4_000])
)
addresses = st.lists(st.ip_addresses(v=4).map(str), max_size=8).map(tuple)


def made(model: type[T], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[T]:
    """As `st.builds`, which would look at a model's aliases and fill them in too."""
    return st.fixed_dictionaries(fields).map(lambda drawn: model(**drawn))


def lots(rows: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    """A few distinct rows, over and over: drawing thousands one by one would take all day."""
    return st.builds(
        lambda few, count: tuple((few * count)[:count]) if few else (),
        st.lists(rows, max_size=4),
        st.sampled_from([0, 1, 2, 60, most]),
    )


findings = made(
    Finding,
    rule=st.sampled_from(["NET-003", "PROBE-001"]),
    severity=st.sampled_from(Severity),
    subject=texts,
    seen=texts,
    wanted=texts,
    remedy=texts,
    source=st.just("https://docs.aws.amazon.com/vpc/"),
)
predictions = made(
    PredictedEgress, instance_group_name=names, subnet_id=names, expected_public_ips=addresses, path=texts
)
rows = made(
    Egress,
    instance_group_name=names,
    subnet_id=names,
    via=st.sampled_from(Via),
    subject=st.none() | names,
    expected_public_ips=addresses,
    observed_public_ips=addresses,
    verdict=st.sampled_from(Verdict),
    reason=texts,
    path=texts,
    checked_at=st.just(ACCEPTED),
)
groups = made(
    Group,
    instance_group_name=names,
    instance_type=st.none() | st.just("ml.p5.48xlarge"),
    requested_count=st.integers(0, 6_758),
    current_count=st.integers(0, 6_758),
    target_count=st.integers(0, 6_758),
    status=st.sampled_from(["InService", "Creating", "Failed"]),
)
runs = made(
    Run,
    run_id=st.text().map(run_id_of),
    request_id=st.text(CHARACTERS, min_size=1, max_size=128),
    requested_by=st.text(CHARACTERS, max_size=128),
    cluster_name=st.none() | st.text(CHARACTERS, max_size=128),
    cluster_arn=st.none() | names,
    phase=st.sampled_from(Phase),
    findings=lots(findings, 1_000),
    predicted_egress=lots(predictions, 1_000),
    egress=lots(rows, 1_000),
    proved=st.lists(st.sampled_from(Via), unique=True).map(tuple),
    groups=lots(groups, 200),
    cause=st.sampled_from(Cause),
    cause_detail=st.none() | texts,
    remedy=st.none() | texts,
    cluster_disposition=st.none() | st.sampled_from(Disposition),
    accepted_at=st.just(ACCEPTED),
    updated_at=st.just(ACCEPTED),
    deadline_at=st.just(ACCEPTED + timedelta(minutes=120)),
    evidence=st.none() | st.just(Evidence(s3_uri="s3://evidence/runs/run-1/evidence.json", sha256="0" * 64)),
    omitted_findings=st.sampled_from([0, 7]),
    omitted_egress=st.sampled_from([0, 7]),
)
moments = st.integers(0, 100_000).map(lambda seconds: ACCEPTED + timedelta(seconds=seconds))
