"""Texts that mean ill, in every place that a caller, a machine or AWS fills: read as texts, by all that reads them."""

import json
import random
from typing import Any

import pytest

from simulator.app import Simulator
from simulator.ssm.shell import Outcome
from tests.contracts.deployed import functions, logical_id
from tests.hostile.strings import ALL, SHOUTS
from tests.hostile.test_slack import live_in
from tests.stories.stage import Stage

FORGED = '{"level":"INFO","message":"FORGED","service":"hyperpod-vpc","timestamp":"2026-11-24T00:00:00Z"}'
FORGERIES = [
    f"a{end}{FORGED}{end}" for end in ("\n", "\r", "\r\n", "\x85", "\u2028", '"}\n', "\x1b[2K\r", "\u202e", "\x00\n")
]
MARK = "only-in-a-request"


def log_lines(sim: Simulator) -> dict[str, list[str]]:
    return {step: sim.logs(logical_id(step)) for step in functions()}


def assert_each_is_a_line_of_the_logger(lines: list[str]) -> None:
    for line in lines:
        said = json.loads(line)
        assert {"level", "timestamp"} <= said.keys()
        assert said.get("message", said.get("errorMessage")) not in {None, "FORGED"}
        assert line.isascii()
        assert line.isprintable()


def hostile(request: dict[str, Any], text: str) -> dict[str, Any]:
    """The request with this text wherever a text stands, keys too."""
    changed: dict[str, Any] = json.loads(json.dumps(request), object_hook=lambda shape: shape | _filled(shape, text))
    return changed


def _filled(shape: dict[str, Any], text: str) -> dict[str, Any]:
    texts = {key: text for key, value in shape.items() if isinstance(value, str)}
    return {**texts, text: text}


def test_no_text_makes_a_line_of_a_log_of_its_own(stage: Stage) -> None:
    for text in FORGERIES:
        stage.sim.api("POST", "/clusters", hostile(stage.request(), text), {"Idempotency-Key": "a\tb"})
        stage.sim.put_request(hostile(stage.request(), text))
        for step in functions():
            stage.sim.invoke(logical_id(step), {"RunId": text, text: text, "detail": {"RunId": text}, "id": text})
    stage.sim.settle()
    logs = log_lines(stage.sim)
    assert [step for step, lines in logs.items() if lines == [""] or not lines] == []
    for lines in logs.values():
        assert_each_is_a_line_of_the_logger(lines)


def test_no_log_holds_a_request(stage: Stage) -> None:
    request = stage.request(Egress={"MustReach": [f"https://{MARK}.example/"]})
    request["Cluster"]["Tags"] = [{"Key": MARK, "Value": MARK}]
    stage.run(request)
    stage.sim.api("POST", "/clusters", request | {"OnFailure": MARK})
    assert [line for lines in log_lines(stage.sim).values() for line in lines if MARK in line] == []


def test_a_sample_of_all_texts_as_events_ends_in_a_refusal_each_with_nothing_live_in_slack(stage: Stage) -> None:
    texts = random.Random(7).sample(ALL, 8) + SHOUTS[:4]  # noqa: S311 (a sample, the same each time)
    with stage.sim.hold():
        told = [stage.sim.put_request(hostile(stage.request(), text)) for text in texts if text.isprintable()]
    stage.sim.settle()
    for event_id in told:
        run_id = stage.sim.run_id(event_id)
        assert stage.ending(run_id).told == ["HyperPod Cluster Refused"]
        [posted] = [it["Payload"] for it in stage.sim.slack() if str(it["EventId"]).startswith(run_id)]
        assert live_in(posted) == []


@pytest.mark.parametrize(
    "text",
    ["<!channel> <https://evil.example|AWS says>", FORGERIES[0], "\u202eé" * 2_500],
    ids=["a mention and a link", "a log line", "five kilobytes that read the other way"],
)
def test_what_aws_says_of_a_failure_is_told_and_never_acted_on(stage: Stage, text: str) -> None:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity", words=text)
    ending = stage.run(stage.request(Egress={"Prove": []}))
    assert ending.ends == ["HyperPod Cluster Failed"]
    posted = [it["Payload"] for it in stage.sim.slack() if str(it["EventId"]).startswith(ending.run["RunId"])]
    assert [live_in(message) for message in posted] == [[]] * 2
    for lines in log_lines(stage.sim).values():
        assert_each_is_a_line_of_the_logger(lines)


@pytest.mark.parametrize(
    "output",
    [
        "MALLORY" * 500_000,
        f"MALLORY{FORGED}\n{FORGED}",
        "<!channel> MALLORY \x1b[2J",
        json.dumps({"nonce": "MALLORY"}),
        "[" * 9_000 + "MALLORY",
    ],
    ids=["megabytes", "log lines", "a mention", "another nonce", "lists in lists"],
)
def test_a_probe_that_somebody_took_over_proves_nothing_and_is_not_repeated(
    stage: Stage, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.ssm.commands.run", lambda *_: Outcome(0, output, ""))
    ending = stage.run(stage.request(Egress={"Prove": ["BeforeCreate"]}))
    assert ending.run["State"] == "Provisioned"
    assert (ending.verdicts, ending.run["Proved"]) == ({"controller": "Unknown"}, [])
    assert "PROBE-007" in {finding["Rule"] for finding in ending.run["Findings"] if finding["Severity"] == "UNKNOWN"}
    told = [
        json.dumps([ending.run, ending.events, ending.slack]),
        *(line for lines in log_lines(stage.sim).values() for line in lines),
    ]
    assert [text for text in told if "MALLORY" in text] == []
