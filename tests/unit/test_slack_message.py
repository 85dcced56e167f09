"""What people read in Slack: all that matters, in any case something, and nothing live but what we write ourselves."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.drift.row import Drift
from control_plane.domain.messages.announcements import ADDS, DetailType, announcement
from control_plane.domain.messages.slack_message import TITLES, message
from control_plane.domain.run import Run
from tests.run_strategies import ACCEPTED, runs, slowly_drawn
from tests.unit.test_announcements import EVERY_DRIFT_TYPE, drifts, told_drift

MACHINE = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:provision-cluster"
OUT = Path(__file__).parents[2] / "events" / "out"
EVERY_TYPE = pytest.mark.parametrize("detail_type", list(DetailType))
EVERY_RUN_TYPE = pytest.mark.parametrize("detail_type", list(ADDS))
OUR_LINK = re.compile(r"<https://[a-z0-9.-]+/states/home\?region=[a-z0-9-]+#/v2/executions/details/[^<>|]+\|[^<>|]+>")
FENCED = re.compile(r"```[^`<>]+```")


def sample(detail_type: DetailType, **changes: object) -> dict[str, Any]:
    path = OUT / f"{detail_type.lower().replace(' ', '_')}.json"
    return {**json.loads(path.read_text())["detail"], **changes}


def texts(shape: object) -> Iterator[tuple[str, str]]:
    """Every text object of a message, as (type, text)."""
    if isinstance(shape, dict):
        if shape.get("type") in {"plain_text", "mrkdwn"}:
            yield shape["type"], shape["text"]
        for inner in shape.values():
            yield from texts(inner)
    if isinstance(shape, list):
        for inner in shape:
            yield from texts(inner)


def read(posted: dict[str, Any]) -> str:
    return "\n".join(text for _, text in texts(posted["blocks"]))


def live(posted: dict[str, Any]) -> list[str]:
    """What Slack would make something of: all but the links to the console and the code that we write ourselves."""
    ours = (OUR_LINK, FENCED)
    written = [(kind, text) for kind, text in texts(posted["blocks"]) if not any(one.fullmatch(text) for one in ours)]
    return [text for kind, text in [*written, ("text", posted["text"])] if kind == "mrkdwn" or re.search("[<>]", text)]


def assert_within_slacks_limits(posted: dict[str, Any]) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks; all together: https://github.com/slackapi/bolt-js/issues/2509."""
    blocks = posted["blocks"]
    assert 0 < len(posted["text"]) <= 40_000
    assert len(blocks) <= 50
    assert all(0 < len(text) <= 3_000 for _, text in texts(blocks))
    assert all(len(block["text"]["text"]) <= 150 for block in blocks if block["type"] == "header")
    assert all(
        len(block["fields"]) <= 10 and all(len(field["text"]) <= 2_000 for field in block["fields"])
        for block in blocks
        if "fields" in block
    )
    assert sum(len(text) for _, text in texts(blocks)) <= 10_500


@pytest.mark.parametrize(
    ("detail_type", "words"),
    [
        pytest.param(
            DetailType.REFUSED,
            [
                "Refused: reference",
                "expected 203.0.113.20\nseen 198.51.100.77\n❌ OtherAddress",
                "BLOCKS PROBE-001",
                "Next: ",
            ],
            id="refused: the reason and the next thing to do",
        ),
        pytest.param(
            DetailType.CREATING,
            [
                "Creating: reference",
                "controller-group\nsubnet-",
                "expected 203.0.113.10",
                "expected 203.0.113.20",
            ],
            id="creating: the promise",
        ),
        pytest.param(
            DetailType.PROVISIONED,
            [
                "Provisioned: reference",
                "expected 203.0.113.10\nseen 203.0.113.10\n✅ Match",
                "proved: BeforeCreate",
                "24 min",
            ],
            id="provisioned: each group seen from its own address",
        ),
        pytest.param(
            DetailType.FAILED,
            [
                "Failed: reference",
                "Capacity, in phase WaitForCluster: We currently",
                "Next: Send",
                "Cluster: Kept",
                "0 of 2 ×",
            ],
            id="failed: cause, remedy, and what became of the cluster",
        ),
        pytest.param(
            DetailType.ADOPTED,
            [
                "Adopted: reference",
                "Under watch from now on; nothing in it was changed.",
                "proved: OnNodes",
                "2 of 2 ×",
            ],
            id="adopted: what is watched now, and what was proved of it",
        ),
        pytest.param(
            DetailType.DRIFT_DETECTED,
            [
                "Drift: reference",
                "Group worker-group leaves by 203.0.113.10, not 203.0.113.20.\n"
                "Since: 2026-11-24 14:03 UTC · By: role/ops (ReplaceRoute)\n"
                "rtb-0a1b2c3d4e5f60002: was 0.0.0.0/0 → nat-0a1b2c3d4e5f60002, is 0.0.0.0/0 → nat-0a1b2c3d4e5f60001\n"
                "Groups: worker-group · BLOCKS",
                "```aws ec2 replace-route --route-table-id rtb-0a1b2c3d4e5f60002 --destination-cidr-block 0.0.0.0/0 "
                "--nat-gateway-id nat-0a1b2c3d4e5f60002```",
                "Baseline: s3://",
            ],
            id="drift: its effect, since when, by whom, what changed, and the command that puts it right",
        ),
        pytest.param(
            DetailType.DRIFT_RESOLVED,
            [
                "Drift resolved: reference",
                "Over: Group worker-group leaves by 203.0.113.10, not 203.0.113.20.\n"
                "rtb-0a1b2c3d4e5f60002: had gone from 0.0.0.0/0 → nat-0a1b2c3d4e5f60002 "
                "to 0.0.0.0/0 → nat-0a1b2c3d4e5f60001",
                "Had begun: 2026-11-24 14:03 UTC · By: role/ops (ReplaceRoute)",
            ],
            id="drift resolved: what is over, and how it had begun",
        ),
    ],
)
def test_a_message_says_what_happened_and_to_what(detail_type: DetailType, words: list[str]) -> None:
    posted = message(detail_type, sample(detail_type), MACHINE)
    assert [word for word in words if word not in read(posted)] == []
    assert "by account 123456789012, event source team-a.platform" in read(posted)
    assert live(posted) == []


@EVERY_RUN_TYPE
def test_the_plain_text_alone_tells_cluster_outcome_and_each_groups_addresses(detail_type: DetailType) -> None:
    detail = sample(detail_type)
    lines = message(detail_type, detail, MACHINE)["text"].splitlines()
    assert lines[0] == f"{TITLES[detail_type]}: reference"
    for row in detail.get("Egress") or detail["PredictedEgress"]:
        line = next(line for line in lines if line.startswith(row["InstanceGroupName"]))
        assert f"expected {', '.join(row['ExpectedPublicIps'])}" in line
        assert f"seen {', '.join(row.get('ObservedPublicIps', []))}" in line or "Verdict" not in row


@EVERY_TYPE
def test_an_app_can_tell_a_repeat_by_the_event_id(detail_type: DetailType) -> None:
    detail = sample(detail_type)
    assert message(detail_type, detail, MACHINE)["metadata"] == {
        "event_type": detail_type.lower().replace(" ", "_"),
        "event_payload": {"EventId": detail["EventId"]},
    }


@EVERY_RUN_TYPE
def test_the_link_opens_the_execution_of_the_run(detail_type: DetailType) -> None:
    detail = sample(detail_type)
    url = (
        "https://ap-northeast-1.console.aws.amazon.com/states/home?region=ap-northeast-1#/v2/executions/details/"
        f"arn:aws:states:ap-northeast-1:123456789012:execution:provision-cluster:{detail['RunId']}"
    )
    assert f"<{url}|" in read(message(detail_type, detail, MACHINE))


@EVERY_DRIFT_TYPE
def test_a_drift_is_no_news_of_the_run_that_took_the_baseline_and_links_to_none(detail_type: DetailType) -> None:
    assert "Open the run" not in read(message(detail_type, sample(detail_type), MACHINE))


@pytest.mark.parametrize(
    ("detail_type", "first"),
    [
        pytest.param(DetailType.DRIFT_DETECTED, "Group worker-group leaves by 203.0.113.10, not", id="what it does"),
        pytest.param(DetailType.DRIFT_RESOLVED, "Over: Group worker-group leaves by 203.0.113.10, not", id="or did"),
    ],
)
def test_the_plain_text_of_a_drift_begins_with_its_effect_and_names_the_cluster(
    detail_type: DetailType, first: str
) -> None:
    effect, title, *facts = message(detail_type, sample(detail_type), MACHINE)["text"].splitlines()
    assert effect.startswith(first)
    assert title == f"{TITLES[detail_type]}: reference"
    assert any(fact.startswith("Groups: worker-group") for fact in facts)
    assert any(fact.startswith("Next: aws ec2 replace-route ") for fact in facts) == (
        detail_type is DetailType.DRIFT_DETECTED
    )


@pytest.mark.parametrize(
    ("detail_type", "title"),
    [
        pytest.param(DetailType.DRIFT_DETECTED, "❔ Cannot be watched: reference", id="as long as it cannot"),
        pytest.param(DetailType.DRIFT_RESOLVED, "✅ Can be watched again: reference", id="and when it can"),
    ],
)
def test_what_could_not_be_read_is_not_called_a_drift(detail_type: DetailType, title: str) -> None:
    detail = sample(detail_type)
    detail["Drift"] = [{**detail["Drift"][0], "Severity": "UNKNOWN"}]
    posted = message(detail_type, detail, MACHINE)
    assert posted["blocks"][0]["text"]["text"] == title
    assert title in posted["text"]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        pytest.param({"Since": None, "By": None}, "not 203.0.113.20.\nrtb-", id="neither"),
        pytest.param({"Since": None}, "\nBy: role/ops (ReplaceRoute)\n", id="by whom"),
        pytest.param({"By": None}, "\nSince: 2026-11-24 14:03 UTC\n", id="since when"),
    ],
)
def test_since_when_and_by_whom_stand_only_where_cloudtrail_told(known: dict[str, Any], told: str) -> None:
    detail = sample(DetailType.DRIFT_DETECTED)
    detail["Drift"] = [{**detail["Drift"][0], **known}]
    assert told in read(message(DetailType.DRIFT_DETECTED, detail, MACHINE))


@pytest.mark.parametrize(
    ("remedy", "shown"),
    [
        pytest.param("aws x --id <id> && y", "```aws x --id &lt;id&gt; &amp;&amp; y```", id="a placeholder to fill in"),
        pytest.param("a```\n<!here> *b*", "```aˋˋˋ &lt;!here&gt; *b*```", id="a fence of its own"),
        pytest.param("`" * 5_000, f"```{'ˋ' * 2_899}…```", id="nothing but backticks"),
    ],
)
def test_a_remedy_stays_inside_its_fence(remedy: str, shown: str) -> None:
    detail = sample(DetailType.DRIFT_DETECTED)
    detail["Drift"] = [{**detail["Drift"][0], "Remedy": remedy}]
    posted = message(DetailType.DRIFT_DETECTED, detail, MACHINE)
    assert shown in [text for _, text in texts(posted["blocks"])]
    assert live(posted) == []
    assert_within_slacks_limits(posted)


def test_of_several_drifts_in_one_event_the_first_is_told_and_the_others_are_counted() -> None:
    row = sample(DetailType.DRIFT_DETECTED)["Drift"][0]
    detail = sample(DetailType.DRIFT_DETECTED, Drift=[row, row, row])
    assert "and 2 more in the event" in read(message(DetailType.DRIFT_DETECTED, detail, MACHINE))


def test_in_govcloud_the_link_opens_the_console_of_that_partition() -> None:
    machine = "arn:aws-us-gov:states:us-gov-west-1:123456789012:stateMachine:provision-cluster"
    posted = message(DetailType.CREATING, sample(DetailType.CREATING), machine)
    assert "<https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#" in read(posted)


def test_a_run_refused_at_the_door_has_no_execution_to_open() -> None:
    detail = sample(DetailType.REFUSED, Evidence=None, Egress=[])
    assert [kind for kind, _ in texts(message(DetailType.REFUSED, detail, MACHINE)) if kind == "mrkdwn"] == []


def test_a_run_id_that_is_none_makes_no_link() -> None:
    posted = message(DetailType.FAILED, sample(DetailType.FAILED, RunId="run-1|x> <!channel>"), MACHINE)
    assert live(posted) == []
    assert "Open the run" not in read(posted)


def test_blocking_findings_come_first_and_the_rest_is_counted_with_what_the_event_left_out() -> None:
    finding = {"Rule": "NET-001", "Severity": "BLOCKS", "Subject": "s" * 120, "Seen": "a", "Wanted": "b", "Remedy": "c"}
    detail = sample(DetailType.REFUSED, Findings=[finding] * 65, Omitted={"Findings": 100, "Egress": 0})
    posted = read(message(DetailType.REFUSED, detail, MACHINE))
    told = posted.count("BLOCKS NET-001")
    assert told > 10
    assert f"and {165 - told} more in the evidence" in posted


def test_a_cluster_without_a_proof_says_so() -> None:
    posted = read(message(DetailType.PROVISIONED, sample(DetailType.PROVISIONED, Proved=[], Egress=[]), MACHINE))
    assert "Egress proved: no; the findings say why." in posted


HOSTILE = [
    pytest.param("<!channel>", "&lt;!channel&gt;", id="a mention of everybody"),
    pytest.param("<@U0123ABCD>", "&lt;@U0123ABCD&gt;", id="a mention of one"),
    pytest.param("<https://evil.example|here>", "&lt;https://evil.example|here&gt;", id="a link"),
    pytest.param("https://evil.example", "https://evil.example", id="a bare URL"),
    pytest.param("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", id="an escaped mention"),
    pytest.param("*" * 63, "*" * 63, id="63 stars"),
    pytest.param("```x```", "```x```", id="backticks"),
    pytest.param("a\n✅ Match\r\x0b\u2028b", "a ✅ Match b", id="lines of its own"),
    pytest.param("10.0.0.1\u202e1.0.0.01", r"10.0.0.1\u202e1.0.0.01", id="reversed text"),
    pytest.param("a\u200bb\ufeff\u2066c", r"a\u200bb\ufeff\u2066c", id="zero width"),
    pytest.param("\x00\x1b[31m", r"\u0000\u001b[31m", id="control characters"),
    pytest.param(":tada:", ":tada:", id="an emoji's name"),
]


@EVERY_TYPE
@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_a_caller_or_aws_wrote_is_read_and_never_acted_on(detail_type: DetailType, text: str, shown: str) -> None:
    detail = json.loads(json.dumps(sample(detail_type)))
    for rows in (
        detail.get("Egress"),
        detail.get("PredictedEgress"),
        detail.get("Groups"),
        detail.get("Findings"),
        detail.get("Drift"),
        detail.get("Clusters"),
    ):
        for row in rows or []:
            row.update({name: text for name, value in row.items() if isinstance(value, str)})
    detail.update(dict.fromkeys(["ClusterName", "RequestId", "RequestedBy"], text))
    detail.update({name: text for name in ("Cause", "CauseDetail", "Remedy") if name in detail})
    posted = message(detail_type, detail, MACHINE)
    assert live(posted) == []
    assert shown in read(posted)
    assert shown in posted["text"]
    assert "emoji': True" not in str(posted)


def test_five_kilobytes_of_failure_are_cut() -> None:
    posted = message(DetailType.FAILED, sample(DetailType.FAILED, CauseDetail="<&>" * 1_700), MACHINE)
    assert live(posted) == []
    assert_within_slacks_limits(posted)
    assert re.sub("&(amp|lt|gt);", "", read(posted)).count("&") == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(sorted({name for detail_type in DetailType for name in sample(detail_type)}))


@given(
    detail_type=st.sampled_from([*DetailType, "HyperPod Cluster Updated", "<!here>", ""]),
    detail=st.dictionaries(FIELDS | st.text(max_size=9), JSON, max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_an_event_of_any_shape_makes_a_message_that_slack_takes(detail_type: str, detail: dict[str, Any]) -> None:
    posted = message(detail_type, detail, MACHINE)
    assert_within_slacks_limits(posted)
    assert live(posted) == []
    json.dumps(posted)


@EVERY_DRIFT_TYPE
@given(drift=drifts)
@settings(max_examples=25, deadline=None)
def test_a_drift_of_any_size_makes_a_message_that_slack_takes(drift: Drift, detail_type: DetailType) -> None:
    posted = message(detail_type, told_drift(drift, detail_type).detail, MACHINE)
    assert_within_slacks_limits(posted)
    assert live(posted) == []


@given(run=runs)
@slowly_drawn
def test_an_event_of_any_size_makes_a_message_that_slack_takes(run: Run) -> None:
    for detail_type in ADDS:
        event = announcement(run, detail_type, at=ACCEPTED, region="eu-west-1", account="123456789012")
        posted = message(detail_type, event.detail, MACHINE)
        assert_within_slacks_limits(posted)
        assert live(posted) == []


def test_an_event_of_a_later_release_tells_what_it_holds() -> None:
    changes = [{"Field": "InstanceCount", "Was": 2, "Is": 4}]
    later = sample(DetailType.PROVISIONED, SchemaVersion="2.0", Changes=changes)
    posted = read(message("HyperPod Cluster Updated", later, MACHINE))
    assert "HyperPod Cluster Updated: reference" in posted
    assert '"Field":"InstanceCount","Was":2,"Is":4' in posted
