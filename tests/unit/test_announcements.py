"""What is said on the bus about a run, and about a drift."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.egress import Egress, Verdict, Via
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.messages.announcements import (
    ADDS,
    DETAIL_MAX,
    Announcement,
    DetailType,
    announcement,
    drift_announcement,
)
from control_plane.domain.messages.fit import TEXT_MAX
from control_plane.domain.run import Evidence, Run
from tests.run_strategies import ACCEPTED, made, moments, names, runs, slowly_drawn, texts

EVERY_TYPE = pytest.mark.parametrize("detail_type", list(ADDS))
DRIFTS = (DetailType.DRIFT_DETECTED, DetailType.DRIFT_RESOLVED)
EVERY_DRIFT_TYPE = pytest.mark.parametrize("detail_type", DRIFTS)

drifts = made(
    Drift,
    fingerprint=st.integers(0, 2**64 - 1).map("{:016x}".format),
    kind=st.sampled_from(Kind),
    subject=texts,
    instance_group_names=st.lists(names, max_size=4).map(tuple) | st.just(("g" * 63,) * 200),
    was=texts,
    is_=texts,
    effect=texts,
    severity=st.sampled_from(Severity),
    since=st.none() | moments,
    by=st.none() | texts,
    remedy=texts,
)


def a_run(**fields: object) -> Run:
    return Run.model_validate(
        {
            "run_id": "run-e7b4b38bc9af4190d7e4f857",
            "request_id": "reference-cluster-1",
            "requested_by": "team-a",
            "cluster_name": "reference",
            "accepted_at": ACCEPTED,
            "updated_at": ACCEPTED,
            "deadline_at": ACCEPTED + timedelta(hours=2),
            **fields,
        }
    )


def a_finding(severity: Severity, place: int = 0, seen: str = "nothing") -> Finding:
    return Finding(
        rule="NET-003", severity=severity, subject=f"{place:05}", seen=seen, wanted="a", remedy="b", source="https://c"
    )


def a_row(verdict: Verdict, place: int = 0) -> Egress:
    return Egress(
        instance_group_name=f"group-{place}",
        subnet_id="subnet-1",
        via=Via.BEFORE_CREATE,
        subject=None,
        expected_public_ips=("203.0.113.10",),
        observed_public_ips=(),
        verdict=verdict,
        reason="x" * 200,
        path="y" * 200,
        checked_at=ACCEPTED,
    )


def told(run: Run, detail_type: DetailType, after: timedelta = timedelta(0)) -> Announcement:
    return announcement(run, detail_type, at=ACCEPTED + after, region="eu-west-1", account="123456789012")


def told_drift(drift: Drift, detail_type: DetailType, at: datetime = ACCEPTED) -> Announcement:
    return drift_announcement(
        detail_type,
        run_id="run-e7b4b38bc9af4190d7e4f857",
        request_id="reference-cluster-1",
        requested_by="team-a",
        cluster_name="reference",
        cluster_arn="arn:aws:sagemaker:eu-west-1:123456789012:cluster/a1b2c3d4e5f6",
        evidence=Evidence(s3_uri="s3://evidence/clusters/reference/baseline.json", sha256="0" * 64),
        drift=drift,
        at=at,
        region="eu-west-1",
        account="123456789012",
    )


@EVERY_TYPE
def test_an_event_is_known_by_its_run_and_its_type_whenever_it_is_told(detail_type: DetailType) -> None:
    first, again = (told(a_run(), detail_type, timedelta(minutes=minutes)) for minutes in (1, 9))
    assert first.event_id == again.event_id == f"run-e7b4b38bc9af4190d7e4f857/{detail_type}"
    assert first.detail["EventId"] == first.event_id


@EVERY_TYPE
def test_what_is_not_known_is_null_and_not_absent(detail_type: DetailType) -> None:
    detail = told(a_run(cluster_name=None), detail_type).detail
    assert [detail[name] for name in ("ClusterName", "ClusterArn", "Evidence")] == [None, None, None]


def test_the_duration_counts_from_acceptance_in_whole_seconds() -> None:
    run = a_run(accepted_at=ACCEPTED - timedelta(minutes=20, milliseconds=900))
    assert told(run, DetailType.PROVISIONED).detail["DurationSeconds"] == 1200


@pytest.mark.parametrize("detail_type", [DetailType.REFUSED, DetailType.FAILED, DetailType.PROVISIONED])
def test_the_worst_come_first_and_the_rest_is_counted(detail_type: DetailType) -> None:
    findings = [a_finding(Severity.INFO, place) for place in range(3000)] + [a_finding(Severity.BLOCKS)]
    rows = [a_row(Verdict.MATCH, place) for place in range(3000)] + [a_row(Verdict.BLOCKED)]
    detail = told(a_run(findings=findings, egress=rows, omitted_findings=5, omitted_egress=6), detail_type).detail
    assert detail["Findings"][0]["Severity"] == "BLOCKS"
    assert detail["Egress"][0]["Verdict"] == "Blocked"
    assert detail["Omitted"] == {
        "Findings": 5 + 3001 - len(detail["Findings"]),
        "Egress": 6 + 3001 - len(detail["Egress"]),
    }
    assert min(detail["Omitted"].values()) > 1000


def test_few_findings_leave_their_room_to_the_rows() -> None:
    rows = [a_row(Verdict.MATCH, place) for place in range(250)]
    assert told(a_run(egress=rows), DetailType.REFUSED).detail["Omitted"] == {"Findings": 0, "Egress": 0}


def test_predicted_rows_are_counted_where_rows_are() -> None:
    row = {"InstanceGroupName": "a", "SubnetId": "b", "ExpectedPublicIps": ["203.0.113.10"], "Path": "c" * 500}
    detail = told(a_run(predicted_egress=[row] * 1000, omitted_egress=7), DetailType.CREATING).detail
    assert detail["Omitted"]["Egress"] == 1000 - len(detail["PredictedEgress"]) > 0


def test_a_long_text_is_cut_and_says_so() -> None:
    run = a_run(cause="Unknown", cause_detail="x" * 5_000, findings=[a_finding(Severity.BLOCKS, seen="y" * 100_000)])
    detail = told(run, DetailType.FAILED).detail
    assert detail["CauseDetail"] == "x" * TEXT_MAX + "… (3000 more characters)"
    assert detail["Findings"][0]["Seen"].endswith("… (98000 more characters)")


@given(run=runs)
@slowly_drawn
def test_a_run_with_a_blocking_finding_tells_at_least_one(run: Run) -> None:
    blocked = any(finding.severity is Severity.BLOCKS for finding in run.findings)
    for detail_type in ADDS:
        told_ones = [row["Severity"] for row in told(run, detail_type).detail["Findings"]]
        assert ("BLOCKS" in told_ones) == blocked
        assert told_ones == sorted(told_ones, key=list(Severity).index)


@given(run=runs)
@slowly_drawn
def test_an_event_comes_out_of_storage_as_it_went_in(run: Run) -> None:
    for detail_type in ADDS:
        event = told(run, detail_type)
        assert Announcement.from_wire(event.to_wire()) == event


@EVERY_DRIFT_TYPE
@given(drift=drifts, at=moments)
@settings(max_examples=25, deadline=None)
def test_a_drift_is_told_whole_unless_its_texts_are_long(drift: Drift, at: datetime, detail_type: DetailType) -> None:
    event = told_drift(drift, detail_type, at)
    (row,) = event.detail["Drift"]
    known = drift.to_wire()
    assert row == {name: row[name] if str(row[name]).endswith(" more characters)") else known[name] for name in known}
    assert len(event.body.encode()) <= DETAIL_MAX
    assert Announcement.from_wire(event.to_wire()) == event


@given(drift=drifts)
@settings(max_examples=10, deadline=None)
def test_a_drift_with_eight_endless_texts_still_fits(drift: Drift) -> None:
    endless = dict.fromkeys(("subject", "was", "is_", "effect", "by", "remedy"), "\x00" * 100_000)
    worst = drift.model_copy(update={**endless, "instance_group_names": ("g" * 63,) * 200})
    event = told_drift(worst, DetailType.DRIFT_DETECTED)
    assert len(event.body.encode()) <= DETAIL_MAX
    assert event.detail["Drift"][0]["Effect"].endswith("… (98000 more characters)")


@EVERY_DRIFT_TYPE
@given(drift=drifts, at=moments, later=moments)
@settings(max_examples=10, deadline=None)
def test_each_turn_of_a_drift_is_an_event_of_its_own_and_a_repeat_is_none(
    drift: Drift, at: datetime, later: datetime, detail_type: DetailType
) -> None:
    first, repeat, next_turn = (told_drift(drift, detail_type, moment) for moment in (at, at, later))
    assert first == repeat
    assert (first.event_id == next_turn.event_id) == (at == later)
    assert first.detail["EventId"] == first.event_id


def test_the_event_id_of_a_drift_names_the_run_the_cause_and_the_moment() -> None:
    drift = Drift(
        fingerprint="3d3e7e7b22cd5d55",
        kind=Kind.EGRESS,
        subject="rtb-1",
        instance_group_names=("worker",),
        was="nat-a",
        is_="nat-b",
        effect="Group worker leaves by 203.0.113.9, not 198.51.100.4.",
        severity=Severity.BLOCKS,
        remedy="aws ec2 replace-route",
    )
    event = told_drift(drift, DetailType.DRIFT_RESOLVED)
    head, at = "run-e7b4b38bc9af4190d7e4f857/HyperPod Drift Resolved", "2026-11-24T05:46:00.000Z"
    assert event.event_id == f"{head}/3d3e7e7b22cd5d55/{at}"
    assert [event.detail["Drift"][0][name] for name in ("Was", "Is", "Since", "By")] == ["nat-a", "nat-b", None, None]
