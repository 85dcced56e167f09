"""The logger against every text, wherever a log line takes one: one line of JSON in ASCII for each thing said."""

import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from control_plane.domain.wire import Wire
from control_plane.entry import logger, step
from control_plane.errors import RequestRejected
from tests.hostile.strings import ALL

CONTEXT = cast("Any", SimpleNamespace(aws_request_id="1"))


class Payload(Wire):
    run_id: str


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the logger writes: its own handler, on a stream of ours, and no other; pytest's would keep the texts raw."""
    handler, log = logger.registered_handler, io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    monkeypatch.setattr(logging.getLogger(logger.name), "callHandlers", handler.handle)
    before = handler.setStream(log)
    yield log
    handler.setStream(before)
    logger.clear_state()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    written = log.getvalue().split("\n")
    assert written.pop() == ""
    assert [line for line in written if not (line.isascii() and line.isprintable())] == []
    return [json.loads(line) for line in written]


def test_a_text_in_any_place_stays_inside_its_line(log: io.StringIO) -> None:
    for text in ALL:
        logger.append_keys(run_id=text)
        logger.info(text, extra={"report": {text: [text]}})
        logger.error("request failed", exc_info=ValueError(text))
    said = lines(log)
    assert len(said) == 2 * len(ALL)
    assert [line["report"] for line in said[::2]] == [{text: [text]} for text in ALL]
    assert {line["level"] for line in said[1::2]} == {"ERROR"}


def test_a_step_logs_its_run_and_its_report_and_not_its_payload(log: io.StringIO) -> None:
    class Report(Wire):
        run_id: str

    work = step(Payload)(lambda request: Report(run_id=request.run_id))
    for text in ALL[:-1]:
        work({"RunId": text.encode(errors="replace").decode()}, CONTEXT)
    assert [line["message"] for line in lines(log)] == ["step done"] * (len(ALL) - 1)


def test_a_payload_that_no_step_knows_is_refused_and_its_values_are_not_repeated(log: io.StringIO) -> None:
    work = step(Payload)(lambda request: request)
    for text in ALL:
        with pytest.raises(RequestRejected) as raised:
            work({"RunId": {"secret-of-a-caller": text}}, CONTEXT)
        assert "secret-of-a-caller" not in str(raised.value)
    assert lines(log) == []
