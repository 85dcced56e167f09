"""`make lab` runs these; `make test` does not: they need root, or the right to make namespaces, and nftables."""

import os
from pathlib import Path

import pytest

from lab.namespaces import missing
from tests.loopback_tls import certificate


@pytest.fixture(scope="session", autouse=True)
def _namespaces() -> None:
    if why := missing():
        stop = pytest.fail if os.environ.get("REQUIRE_LAB") == "1" else pytest.skip
        stop(f"THE EGRESS LAB DID NOT RUN: {why}")


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))
