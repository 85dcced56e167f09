"""The fence between a caller and a shell: what the documents' parameters let through, however AWS reads a pattern.

The agent on the instance searches with Go's regexp, where "$" is the end of the text:
https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/framework/docparser/paramvalidator/allowedregexparamvalidator/allowedregexparamvalidator.go
https://pkg.go.dev/regexp/syntax
How the service reads it before that, AWS does not say. Java's `find` is the laxest there is: its "$" also stands before
one last line terminator: https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html#lt
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.domain.probe.ledger import Question
from control_plane.domain.request import URL_PATTERN, EgressTerms
from tests.contracts.deployed import ROOT, of_type
from tests.hostile.strings import LARGE, LEGAL, NO_URLS, OPTIONS, URLS

PARAMETERS: dict[str, dict[str, Any]] = {
    f"{document}.{name}": shape
    for document, properties in of_type("AWS::SSM::Document").items()
    for name, shape in properties["Content"]["parameters"].items()
}
URL_LISTS = [name for name in PARAMETERS if "https" in PARAMETERS[name]["allowedPattern"]]
OTHERS = [name for name in PARAMETERS if name not in URL_LISTS]
MOST = {"EchoUrls": 5, "MustReach": 20, "MustNotReach": 20}
LAST_LINE_ENDS = ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"]


def as_the_agent(pattern: str, text: str) -> bool:
    return re.search(re.sub(r"\$$", r"\\Z", pattern), text) is not None


def as_a_whole(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def as_java_finds(pattern: str, text: str) -> bool:
    return re.search(re.sub(r"\$$", r"(\\r\\n|[\\n\\r\\x85\\u2028\\u2029])?\\Z", pattern), text) is not None


Reading = Callable[[str, str], bool]
READINGS = [as_the_agent, as_a_whole, as_java_finds]
EVERY_READING = pytest.mark.parametrize("reading", READINGS)


def fits(name: str, text: str, reading: Reading) -> bool:
    shape = PARAMETERS[name]
    return reading(shape["allowedPattern"], text) and len(text) <= shape.get("maxChars", len(text))


def alone_and_in_lists(text: str) -> Iterator[str]:
    yield from (text, f"{LEGAL},{text}", f"{text},{LEGAL}", f"{LEGAL},{text},{LEGAL}")


def test_there_are_enough_hostile_texts() -> None:
    assert len(NO_URLS) >= 200


@pytest.mark.parametrize("name", URL_LISTS)
@pytest.mark.parametrize("reading", [as_the_agent, as_a_whole])
def test_no_hostile_text_passes_for_urls(name: str, reading: Reading) -> None:
    texts = [text for hostile in NO_URLS for text in alone_and_in_lists(hostile)]
    assert [text for text in texts if fits(name, text, reading)] == []


@pytest.mark.parametrize("name", URL_LISTS)
def test_at_its_laxest_a_reading_lets_one_last_line_end_pass_and_nothing_else(name: str) -> None:
    texts = [text for hostile in NO_URLS for text in alone_and_in_lists(hostile)]
    passed = {text for text in texts if fits(name, text, as_java_finds)}
    assert passed == {f"{urls}{end}" for end in LAST_LINE_ENDS for urls in (LEGAL, f"{LEGAL},{LEGAL}")}


@pytest.mark.parametrize("name", OTHERS)
@EVERY_READING
def test_no_hostile_text_passes_for_a_nonce_or_a_number(name: str, reading: Reading) -> None:
    legal = "0" * 32 if name.endswith("Nonce") else "1"
    around = [f"{legal}{text}" for text in NO_URLS if text.strip("\r\n\x85\u2028\u2029") and text.strip("0")]
    near = [legal * 2, legal[:-1], "A" * 32, "g" * 32, "0", "4", "１", "-1", "+1", "1.0", "-", LEGAL]
    assert [text for text in [*NO_URLS, *around, *near] if fits(name, text, reading)] == []
    assert fits(name, legal, reading)


@EVERY_READING
def test_a_document_takes_all_that_the_door_lets_in_and_no_run_fails_late_on_it(reading: Reading) -> None:
    longest = f"https://{'a' * 253}:65535/{'a' * 200}"
    assert re.search(URL_PATTERN, longest)
    terms = EgressTerms.from_wire({name: [longest] * most for name, most in MOST.items()})
    for name, value in Question.of("run-1", terms).parameters().items():
        assert fits(f"EgressProbeDocument.{name}", value, reading)
    for name, most in MOST.items():
        assert not fits(f"EgressProbeDocument.{name}", ",".join([longest] * (most + 1)), reading)


URL = st.from_regex(URL_PATTERN, fullmatch=True)


@given(urls=st.tuples(*(st.lists(URL, min_size=name == "EchoUrls", max_size=most) for name, most in MOST.items())))
@settings(max_examples=40)
def test_a_document_takes_any_question_that_the_door_lets_be_asked(urls: tuple[list[str], ...]) -> None:
    try:
        terms = EgressTerms.from_wire(dict(zip(MOST, urls, strict=True)))
    except ValueError:  # a port above 65535: the door says so
        return
    for name, value in Question.of("run-1", terms).parameters().items():
        assert all(fits(f"EgressProbeDocument.{name}", value, reading) for reading in READINGS)


def test_a_document_takes_every_legal_url_that_is_written_in_this_repository() -> None:
    places = [
        ROOT / "README.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("events/**/*.json"),
        *ROOT.glob("tests/**/*.py"),
    ]
    urls = {
        url for place in places for url in re.findall(r"https://[^\s\"'`<>)|,]+", place.read_text()) if is_legal(url)
    }
    assert len(urls) > 50
    assert [url for url in urls for name in URL_LISTS for reading in READINGS if not fits(name, url, reading)] == []


def is_legal(url: str) -> bool:
    try:
        return bool(EgressTerms.from_wire({"EchoUrls": [url]}))
    except ValueError:
        return False


VALUES = {"Nonce": "0" * 32, "EchoUrls": LEGAL, "MustReach": LEGAL, "MustNotReach": LEGAL, "Connections": "1"}


def filled_in(name: str, end: str) -> str:
    """A document's command, one of its parameters with something behind its value."""
    document, _, parameter = name.partition(".")
    content = of_type("AWS::SSM::Document")[document]["Content"]
    if document == "NodeProbeDocument":
        command = str(content["properties"]["linux"]["commands"])
    else:
        [command] = content["mainSteps"][0]["inputs"]["runCommand"]
    for key, value in VALUES.items():
        command = command.replace(f"{{{{ {key} }}}}", value + end if key == parameter else value)
    return command


@pytest.mark.parametrize("end", LAST_LINE_ENDS, ids=ascii)
@pytest.mark.parametrize("name", URL_LISTS + OTHERS)
def test_even_a_line_end_that_passed_would_have_nothing_run(name: str, end: str, tmp_path: Path) -> None:
    """The rest of the values would stand on a line of their own, and none of them is a command's name."""
    command = filled_in(name, end)
    curl = tmp_path / "curl"
    curl.write_text(f"#!/bin/sh\necho curl >>{tmp_path}/ran\nexit 7\n")
    curl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/bin:/usr/bin"}
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert len(ran.stdout.splitlines()) in (0, 2)
    assert all(line.endswith("not found") for line in ran.stderr.splitlines() if line)


@pytest.mark.parametrize("end", LAST_LINE_ENDS, ids=ascii)
@pytest.mark.parametrize("name", [name for name in PARAMETERS if name.startswith("NodeProbeDocument")])
def test_nor_would_it_on_a_node_where_no_shell_reads_the_command_at_all(name: str, end: str) -> None:
    """The agent splits it into words by a shell's quotes, and starts the first of them with the others."""
    words = shlex.split(filled_in(name, end))
    assert words[:2] == ["sh", "-c"]
    assert [word.strip() for word in words[3:]] == ["egress_probe", *VALUES.values()]


@pytest.mark.parametrize("text", [*URLS, *OPTIONS, *LARGE], ids=lambda text: ascii(text)[:40])
def test_the_door_refuses_what_the_document_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        EgressTerms.from_wire({"EchoUrls": [text]})
