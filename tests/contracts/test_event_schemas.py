"""The schemas of our events, the samples beside them, and what the code says are one."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from control_plane.domain.drift.row import Drift
from control_plane.domain.egress import Verdict, Via
from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import (
    ADDS,
    DETAIL_MAX,
    Announcement,
    DetailType,
    announcement,
    drift_announcement,
)
from control_plane.domain.run import Cause, Disposition, Evidence, Phase, Run
from control_plane.domain.wire import rfc3339
from tests.contracts.deployed import rules_of
from tests.run_strategies import moments, runs, slowly_drawn
from tests.unit.test_announcements import DRIFTS, EVERY_DRIFT_TYPE, drifts, told_drift

EVENTS = Path(__file__).parents[2] / "events"
SCHEMAS = {
    schema["title"]: schema
    for schema in (json.loads(path.read_text()) for path in (EVENTS / "schemas").glob("*.schema.json"))
}
SAMPLES = {path.stem: json.loads(path.read_text()) for path in (EVENTS / "out").glob("*.json")}
EVERY_SAMPLE = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
RUN_SAMPLES = {name: sample for name, sample in SAMPLES.items() if sample["detail-type"] in ADDS}
DRIFT_SAMPLES = {name: sample for name, sample in SAMPLES.items() if sample["detail-type"] in DRIFTS}


def faults(detail_type: str, detail: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMAS[detail_type]).iter_errors(detail)]


def told(run: Run, detail_type: DetailType, at: datetime) -> Announcement:
    return announcement(run, detail_type, at=at, region="ap-northeast-1", account="123456789012")


def test_every_detail_type_has_a_schema_and_a_sample_and_nothing_else_has() -> None:
    assert set(SCHEMAS) == {sample["detail-type"] for sample in SAMPLES.values()} == set(DetailType)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_is_one_itself_and_needs_no_other_file(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert {ref.split("/")[1] for ref in _references(schema)} == {"$defs"}


def test_a_shape_is_the_same_in_every_schema_that_has_it() -> None:
    shapes: dict[str, Any] = {}
    for schema in SCHEMAS.values():
        assert {name: shapes.setdefault(name, shape) for name, shape in schema["$defs"].items()} == schema["$defs"]


def test_a_schema_knows_the_words_that_the_code_has() -> None:
    failed = SCHEMAS[DetailType.FAILED]
    shapes, properties = failed["$defs"], failed["properties"]
    assert shapes["Via"]["enum"] == list(Via)
    assert shapes["Finding"]["properties"]["Severity"]["enum"] == list(Severity)
    assert shapes["Egress"]["properties"]["Verdict"]["enum"] == list(Verdict)
    assert properties["Phase"]["enum"] == list(Phase)
    assert properties["Cause"]["enum"] == list(Cause)
    assert properties["ClusterDisposition"]["enum"] == [*Disposition, None]
    drift = SCHEMAS[DetailType.DRIFT_DETECTED]["$defs"]["Drift"]
    assert drift["properties"]["Severity"]["enum"] == list(Severity)
    assert set(drift["required"]) == {field.alias for field in Drift.model_fields.values()} == set(drift["properties"])


@given(run=runs, at=moments)
@slowly_drawn
def test_whatever_a_run_holds_its_event_fits_its_schema_and_its_size(run: Run, at: datetime) -> None:
    for detail_type in ADDS:
        event = told(run, detail_type, at)
        assert faults(detail_type, event.detail) == []
        assert set(event.detail) == set(SCHEMAS[detail_type]["required"])
        assert len(event.body.encode()) <= DETAIL_MAX


@given(data=st.data(), run=runs)
@slowly_drawn
def test_an_event_without_one_of_its_fields_does_not_fit_its_schema(data: st.DataObject, run: Run) -> None:
    for detail_type in ADDS:
        detail = told(run, detail_type, run.accepted_at).detail
        del detail[data.draw(st.sampled_from(sorted(detail)))]
        assert faults(detail_type, detail) != []


@EVERY_DRIFT_TYPE
@given(drift=drifts, at=moments, data=st.data())
@settings(max_examples=25, deadline=None)
def test_whatever_a_drift_holds_its_event_fits_its_schema_and_with_a_field_less_does_not(
    data: st.DataObject, drift: Drift, at: datetime, detail_type: DetailType
) -> None:
    detail = told_drift(drift, detail_type, at).detail
    assert faults(detail_type, detail) == []
    assert set(detail) == set(SCHEMAS[detail_type]["required"])
    holder = data.draw(st.sampled_from([detail, detail["Drift"][0]]))
    del holder[data.draw(st.sampled_from(sorted(holder)))]
    assert faults(detail_type, detail) != []


@EVERY_SAMPLE
def test_a_sample_is_an_event_as_eventbridge_delivers_it(sample: dict[str, Any]) -> None:
    detail = sample["detail"]
    assert faults(sample["detail-type"], detail) == []
    assert sample["source"] == "hyperpod-vpc"
    assert (sample["account"], sample["region"]) == (detail["AccountId"], detail["Region"])
    assert sample["time"] == detail["Time"].replace(".000Z", "Z")


@pytest.mark.parametrize("sample", RUN_SAMPLES.values(), ids=RUN_SAMPLES)
def test_a_sample_is_what_the_code_says_of_such_a_run(sample: dict[str, Any]) -> None:
    detail = sample["detail"]
    at = datetime.fromisoformat(detail["Time"])
    accepted = rfc3339(at - timedelta(seconds=detail.get("DurationSeconds", 0)))
    fields = {field.alias for field in Run.model_fields.values()}
    known = {name: value for name, value in detail.items() if name in fields}
    run = Run.from_wire({**known, "AcceptedAt": accepted, "UpdatedAt": accepted, "DeadlineAt": accepted})
    assert told(run, DetailType(sample["detail-type"]), at).detail == detail


@pytest.mark.parametrize("sample", DRIFT_SAMPLES.values(), ids=DRIFT_SAMPLES)
def test_a_sample_is_what_the_code_says_of_such_a_drift(sample: dict[str, Any]) -> None:
    detail = sample["detail"]
    told = drift_announcement(
        DetailType(sample["detail-type"]),
        run_id=detail["RunId"],
        request_id=detail["RequestId"],
        requested_by=detail["RequestedBy"],
        cluster_name=detail["ClusterName"],
        cluster_arn=detail["ClusterArn"],
        evidence=Evidence.from_wire(detail["Evidence"]),
        drift=Drift.from_wire(detail["Drift"][0]),
        at=datetime.fromisoformat(detail["Time"]),
        region=detail["Region"],
        account=detail["AccountId"],
    )
    assert told.detail == detail


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for inner in schema.values():
            yield from _references(inner)
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def test_slack_hears_of_every_event_that_we_emit() -> None:
    ((_, rule),) = rules_of("notify_slack")
    assert set(rule["EventPattern"]["detail-type"]) == set(DetailType)
