"""The lifecycle scripts that we ship, run as HyperPod runs them: again and again, and on nodes it says little about."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.contracts.deployed import EVENTS, ROOT

SCRIPTS = ROOT / "networks/lifecycle"
PARAMETERS = json.loads((SCRIPTS / "provisioning_parameters.json").read_text())


def _address() -> str:
    return subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()[0]  # noqa: S607 # wherever the system has it


def _run(folder: Path, group: str, address: str) -> str:
    """Run the script on a node of this group and address; its standard output."""
    resources = {"InstanceGroups": [{"Name": group, "Instances": [{"CustomerIpAddress": address}]}]}
    (folder / "resource_config.json").write_text(json.dumps(resources))
    environment = os.environ | {
        "SAGEMAKER_RESOURCE_CONFIG_PATH": str(folder / "resource_config.json"),
        "PROVISIONING_LOG": str(folder / "log/provisioning.log"),
        "NODE_STATE_DIR": str(folder / "state"),
        "DNS_WAIT_SECONDS": "0",
    }
    script = str(SCRIPTS / "on_create.sh")
    return subprocess.run([script], env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("group", "part"), [("controller-group", "controller"), ("worker-group", "worker")])
def test_a_node_learns_its_part_and_says_so(tmp_path: Path, group: str, part: str) -> None:
    said = _run(tmp_path, group, _address())
    assert f"this node is in group {group}, as {part}" in said
    assert (tmp_path / "state/node").read_text() == f"{group} {part}\n"
    assert (tmp_path / "log/provisioning.log").read_text() == said


def test_it_may_run_again(tmp_path: Path) -> None:
    first = _run(tmp_path, "worker-group", _address())
    second = _run(tmp_path, "worker-group", _address())
    assert (tmp_path / "log/provisioning.log").read_text() == first + second


@pytest.mark.parametrize(
    ("group", "address", "warning"),
    [
        pytest.param(
            "gpu-group", None, "does not name the group gpu-group", id="a group that the parameters do not name"
        ),
        pytest.param(
            "worker-group", "192.0.2.1", "cannot tell which group", id="a node that is not among the resources"
        ),
    ],
)
def test_what_does_not_break_the_cluster_is_a_warning(
    tmp_path: Path, group: str, address: str | None, warning: str
) -> None:
    assert f"WARNING: {warning}" in _run(tmp_path, group, address or _address()).replace(
        "provisioning_parameters.json ", ""
    )


def test_the_scripts_have_the_line_ends_and_the_first_line_that_a_node_needs() -> None:
    text = (SCRIPTS / "on_create.sh").read_bytes()
    assert text.startswith(b"#!/bin/sh\n")
    assert b"\r" not in text


def test_the_parameters_name_the_groups_of_the_sample_request() -> None:
    [entry] = json.loads((EVENTS / "cluster_requested.json").read_text())
    groups = [group["InstanceGroupName"] for group in json.loads(entry["Detail"])["Cluster"]["InstanceGroups"]]
    named = [PARAMETERS["controller_group"], *(worker["instance_group_name"] for worker in PARAMETERS["worker_groups"])]
    assert named == groups


def test_the_parameters_have_what_their_schema_asks_for() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-lifecycle-best-practices-slurm.html"""
    assert set(PARAMETERS) == {"version", "workload_manager", "controller_group", "worker_groups"}
    assert (PARAMETERS["version"], PARAMETERS["workload_manager"]) == ("1.0.0", "slurm")
    assert all(set(worker) == {"instance_group_name", "partition_name"} for worker in PARAMETERS["worker_groups"])
