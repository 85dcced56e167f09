"""What people read in Slack about one event of ours.

It reads the event as it came, not through a model: an event of a later release must still make a readable message.
Each list has a budget, because Slack refuses a message whose blocks hold about 12,000 characters together, a limit that
stands in no manual: https://github.com/slackapi/bolt-js/issues/2509
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import IN_ALL, DetailType
from control_plane.domain.messages.console import execution_url
from control_plane.domain.messages.fit import compact
from control_plane.domain.messages.slack_blocks import (
    CODE_MAX,
    Block,
    code,
    context,
    cut,
    header,
    link,
    safe,
    section,
    shown,
    table,
)

TEXT_MAX = 30_000  # Slack cuts at 40,000: https://docs.slack.dev/reference/methods/chat.postMessage#truncating
ROWS_BUDGET, FINDINGS_BUDGET, GROUPS_BUDGET, UNFORESEEN_BUDGET = 3_500, 2_500, 800, 800

TITLES = {
    DetailType.REFUSED.value: "⛔ Refused",
    DetailType.CREATING.value: "⏳ Creating",
    DetailType.PROVISIONED.value: "✅ Provisioned",
    DetailType.FAILED.value: "❌ Failed",
    DetailType.VERIFIED.value: "✅ Egress verified",
    DetailType.MISMATCH.value: "❌ Egress is not as promised",
    DetailType.UNVERIFIED.value: "❔ Egress not verified",
    DetailType.ADOPTED.value: "✅ Adopted",
    DetailType.DRIFT_DETECTED.value: "⚠️ Drift",
    DetailType.DRIFT_RESOLVED.value: "✅ Drift resolved",
}
TITLES_UNREAD = {  # nobody knows of a change: what would tell of one could not be read
    DetailType.DRIFT_DETECTED.value: "❔ Cannot be watched",
    DetailType.DRIFT_RESOLVED.value: "✅ Can be watched again",
}
DRIFTS = set(TITLES_UNREAD)
STANDINGS = {
    "Drifting": "with drift that stands open",
    "Acknowledged": "with drift that somebody has acknowledged",
    "Unknown": "that could not be looked at in full",
}
MARKS = {"Match": "✅", "OtherAddress": "❌", "Blocked": "⛔"}
LISTS = ("Findings", "Egress", "PredictedEgress", "Groups")
FORESEEN = {"SchemaVersion", "EventId", "Region", "AccountId", "Time", "Omitted", *LISTS, *IN_ALL}
NOTHING_LIVE = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}

Shape = Mapping[str, Any]


def message(detail_type: str, detail: Shape, state_machine_arn: str) -> dict[str, Any]:
    """The body to post: `blocks` for eyes, `text` for notifications and screen readers."""
    if detail_type == DetailType.DIGEST:
        text, blocks = _of_all(detail)
    elif detail_type in DRIFTS:
        text, blocks = _of_drift(detail_type, detail)
    else:
        text, blocks = _of_run(detail_type, detail, state_machine_arn)
    return {"text": cut(text, TEXT_MAX), "blocks": blocks, "metadata": _metadata(detail_type, detail), **NOTHING_LIVE}


def _of_run(detail_type: str, detail: Shape, state_machine_arn: str) -> tuple[str, list[Block]]:
    title = f"{TITLES.get(detail_type) or safe(detail_type)}: {_word(detail, 'ClusterName')}"
    summary = SUMMARIES.get(detail_type, _unforeseen)(detail)
    rows = [_row(row) for row in _shapes(detail, "Egress") + _shapes(detail, "PredictedEgress")]
    groups = [_group(group) for group in _shapes(detail, "Groups")]
    findings = [_finding(finding) for finding in _shapes(detail, "Findings")]
    blocks = [
        header(title),
        context(_origin(detail)),
        *([section(summary)] if summary else []),
        *_table_of(rows, detail),
        *_section_of(groups, "\n", GROUPS_BUDGET, detail, "Groups"),
        *_section_of(findings, "\n\n", FINDINGS_BUDGET, detail, "Findings"),
        *_links(detail_type, detail, state_machine_arn),
    ]
    return _spoken(title, summary, rows, findings), blocks


def _of_drift(detail_type: str, detail: Shape) -> tuple[str, list[Block]]:
    """Its effect first. No execution: the run that took the baseline has nothing to do with what changed since."""
    drift, *others = _shapes(detail, "Drift") or [{}]
    over = detail_type == DetailType.DRIFT_RESOLVED
    titles = TITLES_UNREAD if drift.get("Severity") == Severity.UNKNOWN else TITLES
    title = f"{titles[detail_type]}: {_word(detail, 'ClusterName')}"
    effect, *facts = _over(drift) if over else _found(drift)
    remedies = [] if over else [_word(drift, "Remedy", CODE_MAX)]
    blocks = [
        header(title),
        context(_origin(detail)),
        section("\n".join([effect, *facts])),
        *map(code, remedies),
        *([context(f"and {len(others)} more in the event")] if others else []),
        *_evidence(detail, "Baseline"),
    ]
    return "\n".join([effect, title, *facts, *(f"Next: {remedy}" for remedy in remedies)]), blocks


def _of_all(detail: Shape) -> tuple[str, list[Block]]:
    """How all watched clusters stand. Fine is only what was seen to be."""
    calm = detail.get("Watched") == detail.get("AsWanted")
    title = f"{'✅' if calm else '⚠️'} Watched: {_word(detail, 'AsWanted')} of {_word(detail, 'Watched')} as wanted"
    counts = [(_word(detail, name), words) for name, words in STANDINGS.items() if detail.get(name)]
    summary = "\n".join(f"{count} {words}" for count, words in counts) or "Nothing stands open."
    rows = [f"{_word(row, 'ClusterName')}: {_word(row, 'Standing')}" for row in _shapes(detail, "Clusters")]
    told, left = shown(rows, ROWS_BUDGET)
    omitted = detail.get("OmittedClusters")
    more = left + (omitted if isinstance(omitted, int) else 0)
    blocks = [
        header(title),
        context(f"account {_word(detail, 'AccountId')}, {_word(detail, 'Region')} · {_utc(detail, 'Time')}"),
        section("\n".join([summary, *told])),
        *([context(f"and {more} more")] if more else []),
    ]
    return "\n".join([title, summary, *told]), blocks


def _found(drift: Shape) -> list[str]:
    change = f"{_word(drift, 'Subject')}: was {_word(drift, 'Was', 300)}, is {_word(drift, 'Is', 300)}"
    return [_word(drift, "Effect", 600), *_origin_of_drift(drift, "Since"), change, _concerned(drift)]


def _over(drift: Shape) -> list[str]:
    """No word on how it ended: it may have been put right, or accepted as the new baseline."""
    change = f"{_word(drift, 'Subject')}: had gone from {_word(drift, 'Was', 300)} to {_word(drift, 'Is', 300)}"
    return [f"Over: {_word(drift, 'Effect', 600)}", change, *_origin_of_drift(drift, "Had begun"), _concerned(drift)]


def _origin_of_drift(drift: Shape, since: str) -> list[str]:
    """When it began and by whom, where CloudTrail has told."""
    moment = [f"{since}: {_utc(drift, 'Since')}"] if drift.get("Since") else []
    who = [f"By: {_word(drift, 'By', 300)}"] if drift.get("By") else []
    return [" · ".join([*moment, *who])] if moment or who else []


def _concerned(drift: Shape) -> str:
    return f"Groups: {_word(drift, 'InstanceGroupNames', 600)} · {_word(drift, 'Severity')}"


def _metadata(detail_type: str, detail: Shape) -> dict[str, Any]:
    """For apps, not for eyes: a repeat can be told by it. https://docs.slack.dev/messaging/message-metadata

    Webhooks take it too: https://github.com/slackapi/python-slack-sdk/pull/1362.
    """
    event_type = re.sub("[^a-z0-9]+", "_", detail_type.lower()).strip("_")
    return {"event_type": event_type or "event", "event_payload": {"EventId": _word(detail, "EventId", 300)}}


def _spoken(title: str, summary: str, rows: list[tuple[str, str]], findings: list[str]) -> str:
    lines = [f"{where}: {what}" for where, what in rows] + list(shown(findings, FINDINGS_BUDGET)[0])
    return "\n".join(filter(None, [title, summary, *(line.replace("\n", ", ") for line in lines)]))


def _origin(detail: Shape) -> str:
    asked = f"{_word(detail, 'RunId')} · request {_word(detail, 'RequestId')} by {_word(detail, 'RequestedBy', 300)}"
    return f"{asked} · account {_word(detail, 'AccountId')}, {_word(detail, 'Region')} · {_utc(detail, 'Time')}"


def _utc(shape: Shape, name: str) -> str:
    return re.sub(r"^([0-9-]{10})T([0-9:]{5}).*Z$", r"\1 \2 UTC", _word(shape, name))


def _refused(_detail: Shape) -> str:
    return "Nothing was made, and nothing was changed."  # a request for a cluster, or for an adoption


def _creating(_detail: Shape) -> str:
    return "AWS is creating the cluster. Its routes promise these addresses:"


def _provisioned(detail: Shape) -> str:
    seconds = detail.get("DurationSeconds")
    duration = f"{seconds // 60} min {seconds % 60} s" if isinstance(seconds, int) else "a time not known"
    return f"In service after {duration}. Egress proved: {_proved(detail)}."


def _adopted(detail: Shape) -> str:
    return f"Under watch from now on; nothing in it was changed. Egress proved: {_proved(detail)}."


def _proved(detail: Shape) -> str:
    return _word(detail, "Proved") if detail.get("Proved") else "no; the findings say why"


def _failed(detail: Shape) -> str:
    return (
        f"{_word(detail, 'Cause')}, in phase {_word(detail, 'Phase')}: {_word(detail, 'CauseDetail', 800)}\n"
        f"Next: {_word(detail, 'Remedy', 400)}\n"
        f"Cluster: {_word(detail, 'ClusterDisposition')}"
    )


def _unforeseen(detail: Shape) -> str:
    facts = [f"{safe(name)}: {safe(compact(value), 300)}" for name, value in detail.items() if name not in FORESEEN]
    return "\n".join(shown(facts, UNFORESEEN_BUDGET)[0])


SUMMARIES: dict[str, Callable[[Shape], str]] = {
    DetailType.REFUSED.value: _refused,
    DetailType.CREATING.value: _creating,
    DetailType.PROVISIONED.value: _provisioned,
    DetailType.FAILED.value: _failed,
    DetailType.ADOPTED.value: _adopted,
    DetailType.VERIFIED.value: lambda _: "Every node that was asked leaves by the addresses that were promised.",
    DetailType.MISMATCH.value: lambda _: "Nodes leave otherwise than was promised. Nothing was changed.",
    DetailType.UNVERIFIED.value: lambda _: "No node contradicted what was promised, and not every one confirmed it.",
}


def _row(row: Shape) -> tuple[str, str]:
    """A row of a proof or of a prediction: where, and what was expected and seen there."""
    proof = ", ".join(_word(row, name) for name in ("Via", "Subject") if row.get(name))
    where = "\n".join(filter(None, [_word(row, "InstanceGroupName"), _word(row, "SubnetId"), proof]))
    expected = f"expected {_word(row, 'ExpectedPublicIps', 400)}"
    if "Verdict" not in row:
        return where, f"{expected}\n{_word(row, 'Path', 200)}"
    verdict = f"{MARKS.get(str(row['Verdict']), '❔')} {_word(row, 'Verdict')}"
    reason = "" if row["Verdict"] == "Match" else f": {_word(row, 'Reason', 200)}"
    return where, f"{expected}\nseen {_word(row, 'ObservedPublicIps', 400)}\n{verdict}{reason}"


def _group(group: Shape) -> str:
    count = f"{_word(group, 'CurrentCount')} of {_word(group, 'RequestedCount')}"
    return f"{_word(group, 'InstanceGroupName')}: {count} × {_word(group, 'InstanceType')}, {_word(group, 'Status')}"


def _finding(finding: Shape) -> str:
    return (
        f"{_word(finding, 'Severity')} {_word(finding, 'Rule')}: {_word(finding, 'Subject')}\n"
        f"Seen: {_word(finding, 'Seen', 250)}\nWanted: {_word(finding, 'Wanted', 250)}\n"
        f"Next: {_word(finding, 'Remedy', 400)}"
    )


def _table_of(rows: list[tuple[str, str]], detail: Shape) -> list[Block]:
    told, left = shown(rows, ROWS_BUDGET)
    return [*table(told), *_more(left, detail, "Egress")]


def _section_of(texts: list[str], separator: str, budget: int, detail: Shape, name: str) -> list[Block]:
    told, left = shown(texts, budget)
    return [*([section(separator.join(told))] if told else []), *_more(left, detail, name)]


def _more(left: int, detail: Shape, name: str) -> list[Block]:
    """That there is more than the message, or the event, holds."""
    counts = detail.get("Omitted")
    count = counts.get(name) if isinstance(counts, dict) else 0
    total = left + (count if isinstance(count, int) else 0)
    return [context(f"and {total} more in the {'evidence' if detail.get('Evidence') else 'run'}")] if total else []


def _links(detail_type: str, detail: Shape, state_machine_arn: str) -> list[Block]:
    """The execution, if there is one, and the evidence's name. A run refused at the door has neither."""
    where = _evidence(detail, "Evidence")
    run_id = str(detail.get("RunId"))
    at_the_door = detail_type == DetailType.REFUSED and not detail.get("Evidence")
    if at_the_door or not re.fullmatch("run-[0-9a-f]{24}", run_id):
        return where
    return [link(execution_url(state_machine_arn, run_id), "Open the run in Step Functions"), *where]


def _evidence(detail: Shape, label: str) -> list[Block]:
    evidence = detail.get("Evidence")
    return [context(f"{label}: {_word(evidence, 'S3Uri', 300)}")] if isinstance(evidence, dict) else []


def _shapes(detail: Shape, name: str) -> list[Shape]:
    found = detail.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _word(shape: Shape, name: str, most: int = 120) -> str:
    value = shape.get(name)
    if isinstance(value, list):
        return safe(", ".join(map(str, value)), most) or "none"
    return ("" if value is None else safe(value, most)) or "not known"
