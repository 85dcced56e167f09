"""What is taken from a machine that we did not build."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.probe.answer import AnswerError, Echo, Seen, read_answer
from control_plane.domain.probe.ledger import Question
from tests.probe_world import framed

QUESTION = Question(
    nonce="0" * 32,
    echo_urls=("https://a.test", "https://b.test"),
    must_reach=("https://c.test",),
    must_not_reach=(),
    connections=2,
)
SEEN = [{"url": url, "address": "203.0.113.10", "source": "10.0.1.7"} for url in (1, 0, 1, 0)]


def a_line(**changes: Any) -> str:
    whole = {
        "nonce": "0" * 32,
        "started": "2026-11-24T12:00:00Z",
        "ended": "2026-11-24T12:00:01Z",
        "interface": "ens5",
        "addresses": SEEN,
        "ipv6": [],
        "must_reach": [{"url": 0, "status": 200}],
        "must_not_reach": [],
    }
    return json.dumps(whole | changes)


def an_output(**changes: Any) -> str:
    return framed(a_line(**changes), str(changes.get("nonce", "0" * 32)))


def test_an_answer_may_tell_its_lines_in_any_order() -> None:
    assert len(read_answer(an_output(), QUESTION).addresses) == 4


@pytest.mark.parametrize(
    ("output", "why"),
    [
        pytest.param("", "not whole", id="nothing"),
        pytest.param("sh: 1: not found", "not whole", id="no JSON"),
        pytest.param(framed("[]", "0" * 32), "not the line", id="other JSON"),
        pytest.param(a_line(), "not whole", id="no frame"),
        pytest.param(an_output()[:-20], "not whole", id="cut off in its frame"),
        pytest.param(an_output().replace("ens5", "ens"), "not whole", id="something is missing in the middle"),
        pytest.param(an_output().replace("ens5", "ens6"), "not whole", id="something was changed"),
        pytest.param(f"{an_output()}more", "not whole", id="something after it"),
        pytest.param(f"more\n{an_output()}", "not whole", id="something before it"),
        pytest.param(framed(a_line(nonce="1" * 32), "0" * 32), "another nonce", id="another nonce in its frame only"),
        pytest.param(an_output(ipv6=[2]), "every URL", id="an answer over IPv6 of a URL nobody asked for"),
        pytest.param(an_output(extra=1), "not the line", id="a key that the script does not print"),
        pytest.param(an_output(addresses=[{"url": 0, "address": "9" * 65}] * 4), "not the line", id="a long text"),
        pytest.param(an_output(nonce="1" * 32), "another nonce", id="another nonce"),
        pytest.param(an_output(addresses=SEEN[:3]), "every URL", id="a connection is missing"),
        pytest.param(an_output(addresses=[*SEEN, SEEN[0]]), "every URL", id="a connection too many"),
        pytest.param(an_output(addresses=[SEEN[0]] * 4), "every URL", id="an echo URL is missing"),
        pytest.param(an_output(must_reach=[]), "every URL", id="a URL to reach is missing"),
        pytest.param(an_output(must_not_reach=[{"url": 0, "status": 200}]), "every URL", id="a URL nobody asked for"),
        pytest.param(an_output(must_reach=[{"url": -1, "status": 200}]), "every URL", id="no such position"),
        pytest.param(an_output() + " " * 2_500, "longer than", id="too long"),
    ],
)
def test_an_output_that_cannot_be_relied_on_is_refused(output: str, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        read_answer(output, QUESTION)


@given(st.text())
def test_any_text_is_an_answer_or_is_refused(text: str) -> None:
    with pytest.raises(AnswerError):
        read_answer(text, QUESTION)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.010",
        "203.0.113.10/32",
        " 203.0.113.10",
        "2001:db8::1",
        "3405803786",
        "２０３.0.113.10",
    ],
)
def test_only_an_ipv4_address_as_it_is_written_is_an_address(text: str) -> None:
    echo = Echo(
        "https://a.test", [Seen(url=0, address=text), Seen(url=0, address="203.0.113.10"), Seen(url=0, error=28)]
    )
    assert echo.addresses == {"203.0.113.10"}
    assert str(echo) == "https://a.test: 203.0.113.10, text that is no public IPv4 address, timed out"
