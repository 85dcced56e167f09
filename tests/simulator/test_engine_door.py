import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from simulator.app import Simulator
from simulator.door import Door
from simulator.faults import CallFault, CallKind, Faults
from simulator.operations import Call, _routes, call_of
from tests.simulator.planes import answer


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ec2", "describe_ipam_policies", {}),
        ("iam", "list_delegation_requests", {}),
        ("ssm", "list_ops_item_events", {}),
        ("eks", "list_insights", {"clusterName": "x"}),
        ("pricing", "describe_services", {}),
    ],
    ids=["ec2", "query", "json", "rest", "a whole service"],
)
def test_an_unknown_operation_is_refused_once_and_by_name(
    sim: Simulator, service: str, operation: str, arguments: dict[str, str]
) -> None:
    def refusals() -> int:
        return sum(it.status == 400 and it.call.caller == "visitor" for it in sim.calls())

    before = refusals()
    with pytest.raises(ClientError) as refused:
        getattr(sim.client(service), operation)(**arguments)

    error = refused.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("NotModelled", 400)
    assert refusals() == before + 1


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/bucket", "list-type=2&prefix=a", {}, "ListObjectsV2"),
        ("GET", "/bucket", "", {}, "ListObjects"),
        ("PUT", "/bucket/a/key", "", {}, "PutObject"),
        ("PUT", "/bucket/a/key", "", {"HTTP_X_AMZ_COPY_SOURCE": "x"}, "CopyObject"),
        ("GET", "/bucket", "publicAccessBlock", {}, "GetPublicAccessBlock"),
        ("HEAD", "/bucket", "", {}, "HeadBucket"),
    ],
)
def test_rest_calls_are_told_apart(method: str, path: str, query: str, headers: dict[str, str], operation: str) -> None:
    signed = {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=me/20261124/ap-northeast-1/s3/aws4_request, ..."}
    request = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **headers, **signed}

    assert call_of(request, b"") == Call("me", "s3", operation, "rest")


def test_what_an_s3_client_does_to_its_model_changes_no_calls_name(sim: Simulator) -> None:
    sim.client("s3").create_bucket(
        Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    _routes.cache_clear()  # as in a process whose first calls to S3 were made past the door

    sim.client("s3").list_objects_v2(Bucket="a-bucket")

    assert sim.calls()[-1].call.name == "s3:ListObjectsV2"


def test_a_refused_call_is_not_applied(sim: Simulator) -> None:
    before = len(sim.client("ec2").describe_vpcs()["Vpcs"])
    sim.fail("ec2:CreateVpc", "VpcLimitExceeded", nth=1)

    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        sim.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")

    assert len(sim.client("ec2").describe_vpcs()["Vpcs"]) == before


def test_a_call_whose_reply_is_lost_is_applied(sim: Simulator) -> None:
    before = len(sim.client("ec2").describe_vpcs()["Vpcs"])
    sim.cut_reply("ec2:CreateVpc")

    with pytest.raises(ConnectionClosedError):
        sim.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")

    assert len(sim.client("ec2").describe_vpcs()["Vpcs"]) == before + 1


def test_a_function_whose_reply_is_lost_calls_again_by_itself(sim: Simulator) -> None:
    before = len(sim.client("ec2").describe_vpcs()["Vpcs"])
    sim.cut_reply("ec2:CreateVpc", caller="EchoFunction")

    answer(sim.invoke("EchoFunction", {"do": "vpc"}))

    statuses = [it.status for it in sim.calls() if it.call.name == "ec2:CreateVpc"][-2:]
    assert statuses == [0, 200]
    assert len(sim.client("ec2").describe_vpcs()["Vpcs"]) == before + 2


def test_a_fault_may_be_meant_for_one_caller_and_for_one_of_its_calls() -> None:
    faults = Faults()
    faults.add(CallFault("ec2:DescribeVpcs", CallKind.THROTTLE, nth=2, caller="a"))
    mine, yours = (Call(caller, "ec2", "DescribeVpcs", "query") for caller in "ab")

    assert [bool(faults.for_call(call)) for call in (mine, yours, mine, mine)] == [False, False, True, False]


def test_a_taken_port_is_an_error_and_no_exit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Door(taken.getsockname()[1])


# ---------------------------------------------------------------- connections

OF_S3 = "AWS4-HMAC-SHA256 Credential=visitor/20261124/ap-northeast-1/s3/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture
def connection(sim: Simulator) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(sim.aws_url.removeprefix("http://"), timeout=60)
    yield connection
    connection.close()


def test_a_connection_serves_one_request_after_the_other(sim: Simulator, connection: HTTPConnection) -> None:
    sim.client("s3").create_bucket(
        Bucket="kept-open", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    asked: list[tuple[str, str, Any, int]] = [
        ("PUT", "/kept-open/key", b"four", 200),
        ("PUT", "/kept-open/key", iter([b"in ", b"chunks"]), 200),
        ("HEAD", "/kept-open/key", None, 200),
        ("GET", "/kept-open/key", None, 200),
        ("DELETE", "/kept-open/key", None, 204),
        ("HEAD", "/kept-open/key", None, 404),
        ("DELETE", "/kept-open", None, 204),
    ]
    bodies = []
    connection.connect()
    mine = connection.sock
    for method, path, body, status in asked:
        connection.request(method, path, body, {"Authorization": OF_S3}, encode_chunked=True)
        answered = connection.getresponse()
        bodies.append(answered.read())
        assert (answered.status, connection.sock) == (status, mine), (method, path)

    assert b"in chunks" in bodies
    assert {it.status for it in sim.calls()[-len(asked) :]} <= {200, 204, 404}


def test_a_request_that_cannot_be_read_is_answered_and_leaves_the_connection_as_it_was(
    connection: HTTPConnection,
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": OF_S3.replace("/s3/", "/ec2/")}
    for body, status, text in ((b"\xff\xfe", 400, b"UnicodeDecodeError"), (b"Action=DescribeVpcs", 200, b"vpcSet")):
        connection.request("POST", "/", body, form)
        answered = connection.getresponse()
        assert (answered.status, text in answered.read()) == (status, True)


def test_a_caller_that_dies_while_it_speaks_has_asked_nothing(
    sim: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sim.calls()
    host, _, port = sim.aws_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as dying:
        dying.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 20\r\n\r\n{{".encode())
        dying.shutdown(socket.SHUT_WR)
        assert dying.recv(1) == b""

    assert sim.calls() == before
    assert "Traceback" not in capfd.readouterr().err
