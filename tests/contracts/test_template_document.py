"""The probe's script in the SSM document is the one that is tested, and nothing a caller writes becomes part of it."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.probe.ledger import EXECUTION_TIMEOUT, PARAMETER_PATTERNS
from scripts.embed_probe import embed
from tests.contracts.deployed import ROOT, properties

SCRIPT = (ROOT / "probe/egress_probe.sh").read_text()


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


def test_nodes_run_the_same_script_with_the_same_parameters() -> None:
    nodes = properties("NodeProbeDocument")["Content"]
    assert nodes["parameters"] == content()["parameters"]
    assert nodes["properties"]["linux"]["commands"] == content()["mainSteps"][0]["inputs"]["runCommand"][0]


def test_the_document_of_the_nodes_is_one_that_starts_a_command_and_tells_its_output_apart() -> None:
    document = properties("NodeProbeDocument")
    assert (document["DocumentType"], document["DocumentFormat"]) == ("Session", "JSON")
    content = document["Content"]
    assert (content["schemaVersion"], content["sessionType"]) == ("1.0", "NonInteractiveCommands")
    assert "inputs" not in content  # no log of sessions elsewhere, no kmsKeyId
    linux = content["properties"]["linux"]
    assert (linux["runAsElevated"], linux["separateOutputStream"]) == (True, True)
    assert isinstance(linux["commands"], str)


@pytest.mark.parametrize("name", content()["parameters"])
def test_a_pattern_is_anchored_at_both_ends(name: str) -> None:
    assert re.fullmatch(r"\^[^|]*\$|\^\(.*\)\$", pattern(name))


@given(value=st.text(), name=st.sampled_from(list(content()["parameters"])))
def test_whatever_passes_has_no_character_that_means_anything_to_a_shell(value: str, name: str) -> None:
    if passes(name, value):
        assert re.fullmatch(r"[A-Za-z0-9:/._~,-]+\n?", value)
