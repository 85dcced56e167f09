"""What a probe's machine could print when somebody else has taken it over: it tells nothing, and nobody repeats it."""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.aws.run_command import Invocation, RunCommand
from control_plane.domain.egress import Verdict
from control_plane.domain.probe.answer import OUTPUT_LIMIT
from control_plane.domain.probe.verdict import ProbeVerdict
from control_plane.domain.request import Request
from tests.hostile.strings import ALL
from tests.probe_world import NAT, ProbeWorld, framed
from tests.unit.door_samples import cluster

MARK = "MALLORY"  # stands in every output: what is repeated anywhere can be found by it
Output = Callable[[dict[str, Any]], str]


def lines(**changes: Any) -> Output:
    """The right answer, with every line of `addresses` changed."""

    def output(answer: dict[str, Any]) -> str:
        return json.dumps(answer | {"addresses": [line | changes for line in answer["addresses"]], "interface": MARK})

    return output


def whole(**changes: Any) -> Output:
    return lambda answer: json.dumps({**answer, "interface": MARK, **changes})


def with_addresses(change: Callable[[list[Any]], list[Any]]) -> Output:
    return lambda answer: json.dumps(answer | {"interface": MARK, "addresses": change(answer["addresses"])})


def without(key: str) -> Output:
    return lambda answer: json.dumps(
        {name: value for name, value in answer.items() if name != key} | {"interface": MARK}
    )


def edited(old: str, new: str) -> Output:
    return lambda answer: json.dumps(answer).replace(old, new.replace("…", MARK), 1)


def fixed(text: str) -> Output:
    return lambda _: text


OUTPUTS: dict[str, Output] = {
    "megabytes": fixed(MARK * 1_000_000),
    "the right answer and megabytes of space": lambda answer: json.dumps(answer) + " " * 5_000_000 + MARK,
    "another nonce": whole(nonce=MARK),
    "no nonce": whole(nonce=None),
    "bytes": fixed(bytes(range(256)).decode("latin-1") + MARK),
    "half a character": fixed(f"\ud800{MARK}"),
    "lists in lists, 10,000 deep": fixed("[" * 10_000 + f'"{MARK}"'),
    "lists in lists that fit": edited('"ens5"', "[" * 900 + '"…"' + "]" * 900),
    "a terminal's commands": fixed(f"\x1b[2J\x1b]0;{MARK}\x07"),
    "a terminal's commands for an interface": whole(nonce="0", interface=f"\x1b[31m{MARK}"),
    "NaN": edited('"url": 0', f'"url": NaN, "{MARK}": 0'),
    "a number without end": edited('"url": 0', '"url": ' + "9" * 1_500 + f', "{MARK}": 0'),
    "a key twice": edited('"interface"', '"interface": "…", "interface"'),
    "a key of a line twice": edited('"url": 0', '"url": 0, "source": "…", "url": 0'),
    "a key too many": whole(verdict=MARK),
    "a key too few": without("ended"),
    "a position as text": lines(url="0"),
    "a position as a float": lines(url=0.0),
    "a position as a truth": lines(url=False),
    "a position that there is not": lines(url=7),
    "a position below all": lines(url=-1),
    "an exit code that there is not": lines(error=-1),
    "an exit code as text": lines(error="7"),
    "an address as a list": lines(address=[NAT]),
    "an address as a number": lines(address=3405803786),
    "no address": lines(address=None),
    "an address of 3 kB": lines(address=MARK * 400),
    "thousands of addresses": with_addresses(lambda rows: rows * 1_000),
    "an address too many": with_addresses(lambda rows: [*rows, rows[0]]),
    "a status that HTTP has not": whole(must_not_reach=[{"url": 0, "status": 9_999}]),
    "a private address": lines(address="10.66.6.6"),
    "a loopback address": lines(address="127.0.0.1"),
    "the metadata service's address": lines(address="169.254.169.254"),
    "a carrier's address": lines(address="100.64.0.1"),
    "a multicast address": lines(address="224.0.0.1"),
    "no address at all": lines(address="0.1.2.3"),
    "an IPv6 address": lines(address="::ffff:203.0.113.10"),
    "an address with a blank": lines(address=f" {NAT}"),
    "an address in other digits": lines(address="２０３.0.113.10"),
    "HTML": fixed(f"<html><script>alert('{MARK}')</script></html>"),
    "HTML for an address": lines(address=f"<script>{MARK}</script>"),
    "a mention for an address": lines(address=f"<!channel> {MARK}"),
    "null": fixed("null"),
    "a text": fixed(json.dumps(MARK)),
    "the answer as a text": lambda answer: json.dumps(json.dumps(answer | {"interface": MARK})),
    "the answer in a list": lambda answer: json.dumps([answer | {"interface": MARK}]),
    "the answer twice": lambda answer: f"{json.dumps(answer)}\n{json.dumps(answer | {'interface': MARK})}",
    "a log line behind the answer": lambda answer: json.dumps(answer) + f'\n{{"level":"INFO","message":"{MARK}"}}',
    "as Run Command cuts": fixed(json.dumps({"nonce": MARK}) + "--output truncated--"),
    "a comment": lambda answer: f"/* {MARK} */ {json.dumps(answer)}",
    "a byte order mark": lambda answer: f"\ufeff{json.dumps(answer | {'interface': MARK})}",
}  # fmt: skip


class Ssm:
    """Run Command's answer, with an output of any length: who writes it need not keep to what AWS shows."""

    def __init__(self, output: str) -> None:
        plugins = [{"Output": output}]
        one = {"InstanceId": "i-1", "Status": "Success", "StatusDetails": "Success", "CommandPlugins": plugins}
        self._pages = [{"CommandInvocations": [one]}]

    def get_paginator(self, _name: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: self._pages)


def as_read(output: str) -> Invocation:
    return RunCommand(cast("Any", Ssm(output)), "document").invocations("command-1")["i-1"]


def played(output: Output, *, frame: bool = True) -> tuple[ProbeWorld, ProbeVerdict | None]:
    """A run whose only probe prints this: in a frame that fits, as an attacker can who has read the script."""
    world = ProbeWorld(Request.from_wire({"Cluster": cluster(InstanceGroups=cluster()["InstanceGroups"][:1])}))
    honest = world.ssm.answer

    def answer(instance: str, asked: Mapping[str, str]) -> str:
        line = output(json.loads(honest(instance, asked).partition("\n")[0]))
        return as_read(framed(line, asked["Nonce"]) if frame else line).output

    world.ssm.answer = answer
    return world, world.whole().verdict


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_it_is_unknown_and_nothing_of_it_is_repeated(output: Output) -> None:
    world, verdict = played(output)

    assert verdict is ProbeVerdict.UNKNOWN
    [row] = world.runs.run.egress
    assert (row.verdict, row.observed_public_ips) == (Verdict.UNKNOWN, ())
    assert 10 < len(row.reason) < 200
    assert row.reason.isprintable()
    told = world.runs.run.model_dump_json()
    assert MARK not in told
    assert "\\ud800" not in told
    assert world.runs.run.findings
    assert len(world.evidence.kept["probes"]) < 6 * OUTPUT_LIMIT + 4_000  # each character at most as \uXXXX


def test_the_honest_answer_proves() -> None:
    assert played(json.dumps)[1] is ProbeVerdict.PROVED


@pytest.mark.parametrize("output", [*OUTPUTS.values(), json.dumps], ids=[*OUTPUTS, "the right answer"])
def test_without_a_frame_it_is_unknown_whatever_it_says(output: Output) -> None:
    world, verdict = played(output, frame=False)
    assert verdict is ProbeVerdict.UNKNOWN
    assert MARK not in world.runs.run.model_dump_json()


def test_any_text_for_an_address_is_unknown_and_is_not_repeated() -> None:
    for text in ALL:
        world, verdict = played(lines(address=f"{MARK}{text}"))
        assert verdict is ProbeVerdict.UNKNOWN
        assert MARK not in world.runs.run.model_dump_json()


@given(output=st.text(st.characters()) | st.binary().map(lambda data: data.decode("latin-1")))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_any_output_is_unknown(output: str) -> None:
    assert played(fixed(output))[1] is ProbeVerdict.UNKNOWN


SCRAPS = st.sampled_from(
    ['"', "{", "}", "[", "]", ":", ",", "null", "-1", "1e9", "NaN", "\\", "\\ud800", "203.0.113.99", "\x1b", "0"]
)


@given(at=st.integers(0, 600), cut=st.integers(0, 30), scraps=st.lists(SCRAPS | st.text(max_size=3), max_size=4))
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_an_honest_answer_that_somebody_edits_ends_in_a_verdict(at: int, cut: int, scraps: list[str]) -> None:
    def output(answer: dict[str, Any]) -> str:
        text = json.dumps(answer)
        return text[:at] + "".join(scraps) + text[at + cut :]

    world, verdict = played(output)
    assert verdict is not None
    assert all(row.reason.isprintable() for row in world.runs.run.egress)
