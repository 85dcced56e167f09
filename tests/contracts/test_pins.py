"""What is tested is what ships: one resolution for all, pinned with hashes, from whatever index pip is set up for."""

import re
from pathlib import Path

import pytest

from scripts.sbom import listed, pinned
from tests.contracts.deployed import ROOT

REQUIREMENTS = [*sorted(ROOT.glob("requirements/*.txt")), ROOT / "layers/vendor/requirements.txt"]


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+(?:\[[\w,-]+\])?)==([^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("shipped", ["layers/vendor/requirements.txt", "requirements/simulator.txt"])
def test_every_pin_is_the_one_that_the_tests_run_with(shipped: str) -> None:
    assert len(pins(shipped)) > 5
    assert pins(shipped).items() <= pins("requirements/dev.txt").items()


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_requirement_is_pinned_with_a_hash_and_names_no_index(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    entries = re.findall(r"^[\w.-].*?(?=^[\w.-]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_a_bill_of_materials_is_compared_with_every_pin_of_the_vendor_layer() -> None:
    vendor = "layers/vendor/requirements.txt"
    assert pinned((ROOT / vendor).read_text()) == {f"{name}=={version}" for name, version in pins(vendor).items()}


def test_a_component_without_a_hash_is_not_on_the_bill() -> None:
    hashed, bare = {"hashes": [{"alg": "SHA-256", "content": "00"}]}, {"url": "https://example.org"}
    components = [
        {"name": "one", "version": "1", "externalReferences": [hashed]},
        {"name": "two", "version": "2", "externalReferences": [bare]},
    ]
    assert listed({"components": components}) == {"one==1"}
