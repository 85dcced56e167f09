"""The probe's script in the SSM document is the one that is tested, and nothing a caller writes becomes part of it."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.probe.ledger import EXECUTION_TIMEOUT, PARAMETER_PATTERNS
from control_plane.domain.request import DEFAULT_ECHO_URLS, URL_PATTERN
from scripts.embed_probe import embed
from tests.contracts.deployed import ROOT, properties

SCRIPT = (ROOT / "probe/egress_probe.sh").read_text()
URL_LISTS = ["EchoUrls", "MustReach", "MustNotReach"]


def content() -> dict[str, Any]:
    return dict(properties("EgressProbeDocument")["Content"])


def pattern(name: str) -> str:
    return str(content()["parameters"][name]["allowedPattern"])


def passes(name: str, value: str) -> bool:
    """As the service checks it: the pattern found in the value, so that only its anchors make it the whole."""
    return re.search(pattern(name), value) is not None


def test_the_document_holds_the_script_as_it_is() -> None:
    template = (ROOT / "template.yaml").read_text()
    assert embed(template, SCRIPT) == template, "run python -m scripts.embed_probe"


@pytest.mark.parametrize("forbidden", ["'", "{{"])
def test_a_script_that_would_break_out_of_the_document_is_refused(forbidden: str) -> None:
    with pytest.raises(ValueError, match="cannot inside an SSM document"):
        embed((ROOT / "template.yaml").read_text(), SCRIPT + forbidden)


def test_the_parameters_are_the_arguments_of_the_script_in_the_order_it_says() -> None:
    [usage] = re.findall(r"^# +egress_probe\.sh (.+)$", SCRIPT, re.MULTILINE)
    [command] = content()["mainSteps"][0]["inputs"]["runCommand"]
    arguments = " ".join(f"{{{{ {name} }}}}" for name in content()["parameters"])
    assert command == f"sh -c '\n{SCRIPT}' egress_probe {arguments}\n"
    assert [re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper() for name in content()["parameters"]] == usage.split()


def test_the_document_takes_what_the_control_plane_sends_and_waits_as_long_as_it_does() -> None:
    parameters = content()["parameters"]
    assert {name: each["allowedPattern"] for name, each in parameters.items()} == PARAMETER_PATTERNS
    assert content()["mainSteps"][0]["inputs"]["timeoutSeconds"] == str(EXECUTION_TIMEOUT.seconds)


def test_the_document_is_one_that_run_command_takes() -> None:
    document = properties("EgressProbeDocument")
    assert (document["DocumentType"], document["DocumentFormat"]) == ("Command", "JSON")
    assert content()["schemaVersion"] == "2.2"
    [step] = content()["mainSteps"]
    assert step["action"] == "aws:runShellScript"
    assert step["precondition"] == {"StringEquals": ["platformType", "Linux"]}


@pytest.mark.parametrize("name", content()["parameters"])
def test_a_pattern_is_anchored_at_both_ends(name: str) -> None:
    assert re.fullmatch(r"\^[^|]*\$|\^\(.*\)\$", pattern(name))


HOSTILE = [
    "https://a.b/$(reboot)",
    "https://a.b/`reboot`",
    "https://a.b/;reboot",
    "https://a.b/ reboot",
    "https://a.b/\treboot",
    "https://a.b/\nreboot",
    "https://a.b/'reboot",
    'https://a.b/"reboot',
    "https://a.b/|reboot",
    "https://a.b/&reboot",
    "https://a.b/>x",
    "https://a.b/*",
    "https://a.b/{{ssm:secret}}",
    "https://a.b/\\",
    "https://ａ.b/",
    "http://a.b/",
    "file:///etc/passwd",
    "-o",
    "--config",
    "https://user@a.b/",
    "x\nhttps://a.b/",
    "",
]


@pytest.mark.parametrize("name", URL_LISTS)
@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_shell_would_read_is_refused(name: str, value: str) -> None:
    assert not passes(name, value)
    assert not passes(name, f"https://a.b/,{value}")


@given(value=st.text(), name=st.sampled_from(list(content()["parameters"])))
def test_whatever_passes_has_no_character_that_means_anything_to_a_shell(value: str, name: str) -> None:
    if passes(name, value):
        assert re.fullmatch(r"[A-Za-z0-9:/._~,-]+\n?", value)


@given(urls=st.lists(st.from_regex(URL_PATTERN, fullmatch=True), min_size=1, max_size=5))
def test_whatever_the_door_lets_in_passes(urls: list[str]) -> None:
    for name in URL_LISTS:
        assert passes(name, ",".join(urls))


@pytest.mark.parametrize(("name", "most"), [("EchoUrls", 5), ("MustReach", 20), ("MustNotReach", 20)])
def test_as_many_urls_pass_as_a_request_may_name(name: str, most: int) -> None:
    assert passes(name, ",".join(DEFAULT_ECHO_URLS * most))
    assert not passes(name, ",".join(DEFAULT_ECHO_URLS * (most + 1)))
