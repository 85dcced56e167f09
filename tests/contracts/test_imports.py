"""What starting a function loads, exactly: a cold start pays for every module, and nearly every start here is cold."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.layers import CORE_GOAL, zipped
from tests.contracts.deployed import FUNCTIONS, ROOT

HANDLERS = sorted(folder.parent.name for folder in FUNCTIONS.glob("*/handler.py"))
DOORS, PROBING = {"accept_request", "api"}, {"ask_nodes", "ask_probes", "choose_nodes", "launch_probes"}

# Without boto3 (botocore does), regex (only tags need it), and a tracer.
VENDORS = {
    *("aws_lambda_powertools", "botocore", "dateutil", "jmespath", "six", "urllib3"),
    *("annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"),
}

SPEAKING = {"ask_nodes": {"websockets"}}

# What is dear, or dangerous, and who alone has it.
ROOMS = {
    "aws_lambda_powertools.event_handler": {"api"},
    "control_plane.domain.rules": {"check_account", "check_drift"},
    "control_plane.domain.account": {"check_account", "check_drift", "take_baseline"},
    "control_plane.domain.drift.compare": {"check_drift"},
    "control_plane.domain.watch.change": {
        *("api", "check_drift", "list_watched", "request_drift_check", "take_baseline", "tell_digest"),
    },
    "control_plane.domain.door": DOORS | {"ask_for_proofs"},
    "control_plane.domain.probe": PROBING,
    "control_plane.domain.messages.slack_message": {"notify_slack"},
    "control_plane.aws.slack": {"notify_slack"},
    "control_plane.aws.secrets": {"notify_slack"},
    "control_plane.aws.create_cluster_model": DOORS,
    "control_plane.aws.hyperpod_creator": {"create_cluster"},
    "control_plane.aws.hyperpod_remover": {"delete_cluster"},
    "control_plane.aws.probe_launcher": {"launch_probes"},
}

# In a process with no environment to speak of: settings are read when used, not before.
LOOK = """
import json, sys
before = set(sys.modules)
from botocore.client import ClientCreator
clients, make = [], ClientCreator.create_client
ClientCreator.create_client = lambda *args, **kwargs: clients.append(args) or make(*args, **kwargs)
import handler
print(json.dumps({"modules": sorted(sys.modules.keys() - before), "clients": len(clients)}))
"""


def loaded(function: str) -> tuple[frozenset[str], int]:
    """The modules that importing a function's handler loads, and how many clients it makes."""
    path = {"PYTHONPATH": str(ROOT / "layers/core")}
    ran = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=FUNCTIONS / function, env=path, capture_output=True, text=True, check=True
    )
    seen = json.loads(ran.stdout)
    return frozenset(seen["modules"]), seen["clients"]


def third_party(modules: frozenset[str]) -> set[str]:
    tops = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    ours = {"control_plane", "handler"}
    return {name for name in tops if not name.startswith("_")} - ours - {"certifi"}  # botocore's, where it is installed


@pytest.mark.parametrize("function", HANDLERS)
def test_a_start_makes_no_client_and_loads_what_is_listed_and_nothing_dear_besides(function: str) -> None:
    modules, clients = loaded(function)
    assert clients == 0
    assert third_party(modules) == VENDORS | SPEAKING.get(function, set())
    assert {room for room in ROOMS if room in modules} == {room for room, having in ROOMS.items() if function in having}


def test_our_own_layer_is_as_small_as_its_goal() -> None:
    assert 0.05 < zipped(ROOT / "layers/core") <= CORE_GOAL


def test_every_function_is_looked_at() -> None:
    assert set().union(*ROOMS.values()) <= set(HANDLERS)
    assert sorted(folder.name for folder in FUNCTIONS.iterdir() if folder.is_dir()) == HANDLERS
    assert all(Path(FUNCTIONS / function / "handler.py").exists() for function in HANDLERS)
