import json
import math
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from simulator.app import Simulator
from simulator.world import HOME
from tests.simulator.planes import tiny


def test_a_call_becomes_the_gateways_event(sim: Simulator) -> None:
    answer = sim.api("GET", "/things/a%20b?x=1&x=2&y=", headers={"X-Mixed": "Case"})

    event = answer.json()["event"]
    context = event["requestContext"]
    assert (answer.status, answer.headers["x-told"]) == (201, "yes")
    assert (event["version"], event["routeKey"]) == ("2.0", "GET /things/{name}")
    assert (event["pathParameters"], event["queryStringParameters"]) == ({"name": "a b"}, {"x": "1,2", "y": ""})
    assert (event["headers"]["x-mixed"], event["isBase64Encoded"]) == ("Case", False)
    assert context["http"]["method"] == "GET"
    assert context["timeEpoch"] == round(sim.clock.now().timestamp() * 1000)
    assert context["authorizer"]["iam"]["userArn"].startswith("arn:aws:iam::123456789012:user/")


def test_a_signed_call_says_who_signed(sim: Simulator) -> None:
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAME/20261124/ap-northeast-1/execute-api/aws4_request"}

    event = sim.api("GET", "/things/x", headers=signed).json()["event"]

    assert event["requestContext"]["authorizer"]["iam"]["userArn"] == "arn:aws:iam::123456789012:user/AKIAME"


def test_a_large_body_is_the_functions_business_up_to_ten_megabytes(sim: Simulator) -> None:
    assert sim.api("POST", "/things", b"x" * 1_000_000).json()["length"] == 1_000_000

    refused = sim.api("POST", "/things", b"x" * 10_485_761)
    assert (refused.status, refused.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        pytest.param("GET", "/nothing", 404, {"message": "Not Found"}, id="no such path"),
        pytest.param("DELETE", "/things/x", 404, {"message": "Not Found"}, id="no such method"),
        pytest.param(
            "GET", "/things/x?wish=crash", 500, {"message": "Internal Server Error"}, id="the function raises"
        ),
        pytest.param("GET", "/things/x?wish=bare", 200, {"just": "this"}, id="an answer without a status"),
    ],
)
def test_the_gateways_own_answers(sim: Simulator, method: str, path: str, status: int, body: object) -> None:
    answer = sim.api(method, path)

    assert (answer.status, answer.json()) == (status, body)


def test_what_happened_can_be_read(sim: Simulator) -> None:
    book = sim.address_book()

    with urlopen(book["slack"]) as slack, urlopen(book["events"]) as events:  # noqa: S310 # our own server
        assert json.load(slack) == sim.slack()
        assert json.load(events) == sim.events()


def up(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator", "up", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ids_in_the_sample_request() -> set[str]:
    sample = (HOME / "events/cluster_requested.json").read_text(encoding="utf-8")
    return set(re.findall(r"(?:subnet|sg)-[0-9a-f]+", sample))


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are counted by /proc")
def test_up_prints_one_line_of_json_and_ends_with_0_when_told() -> None:
    process = up("--aws-port", "0", "--api-port", "0")
    assert process.stdout
    book = json.loads(process.stdout.readline())
    children = [path for path in Path("/proc").glob("[0-9]*") if parent_of(path) == process.pid]

    with urlopen(book["events"]) as events:  # noqa: S310 # our own server
        assert json.load(events) == []
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate()

    assert (process.returncode, rest) == (0, "")
    assert book["region"] == "ap-northeast-1"
    assert set(book["world"]["Subnets"]) == {"controller", "worker"}
    assert "ProvisionCluster" in book["world"]["StateMachines"]
    assert ids_in_the_sample_request() == {*book["world"]["Subnets"].values(), book["world"]["SecurityGroupId"]}
    assert children, "the process that function workers are forked from"
    assert not [path for path in children if path.exists()]


def test_up_says_that_a_port_is_taken_and_ends_with_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = up("--aws-port", "0", "--api-port", str(taken.getsockname()[1]))
        out, err = process.communicate()

    assert (process.returncode, out) == (1, "")
    assert "port" in err


def test_only_one_simulator_fits_into_a_process(sim: Simulator) -> None:
    with pytest.raises(RuntimeError, match="one at a time"):
        tiny(speed=math.inf)
