"""What faults do to calls: seen by botocore, as a handler or a visitor sees it."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from simulator.app import Simulator
from simulator.faults import CallFault, CallKind, Faults
from simulator.operations import Call
from tests.simulator.planes import answer, told

CREATE = "ec2:CreateVpc"


def create(sim: Simulator) -> Any:
    return sim.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")


def made(sim: Simulator, act: Callable[[], object]) -> int:
    """How many VPCs came of an act."""
    before = len(sim.client("ec2").describe_vpcs()["Vpcs"])
    act()
    return len(sim.client("ec2").describe_vpcs()["Vpcs"]) - before


def refusal(call: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call()
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def statuses(sim: Simulator, since: int) -> list[int]:
    return [it.status for it in sim.calls()[since:] if it.call.name == CREATE]


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("dynamodb", "list_tables", "ProvisionedThroughputExceededException", 400),
        ("ec2", "describe_vpcs", "RequestLimitExceeded", 503),
        ("s3", "list_buckets", "SlowDown", 503),
        ("lambda", "list_functions", "TooManyRequestsException", 429),
        ("sagemaker", "list_clusters", "ThrottlingException", 400),
    ],
)
def test_a_throttled_call_is_refused_in_its_services_words(
    sim: Simulator, service: str, operation: str, code: str, status: int
) -> None:
    sim.inject(CallFault(f"{service}:*", CallKind.THROTTLE))
    call = getattr(sim.client(service), operation)

    assert refusal(call) == (code, status)
    assert call()
    assert sim.faults.injected() == {CallKind.THROTTLE: 1}


@pytest.mark.parametrize(
    ("kind", "status"),
    [(CallKind.THROTTLE, 503), (CallKind.SERVER_ERROR, 500), (CallKind.ACCESS_DENIED, 403)],
)
def test_a_refused_call_is_not_applied(sim: Simulator, kind: CallKind, status: int) -> None:
    sim.inject(CallFault(CREATE, kind))

    assert made(sim, lambda: refusal(lambda: create(sim))) == 0
    assert [it.status for it in sim.calls() if it.call.name == CREATE][-1] == status


@pytest.mark.parametrize(
    ("kind", "applied"),
    [
        pytest.param(CallKind.RESET, 0, id="the connection ends before the call is applied"),
        pytest.param(CallKind.CUT, 1, id="it ends after the call was applied"),
    ],
)
def test_a_visitor_whose_connection_ends_cannot_tell_whether_its_call_was_applied(
    sim: Simulator, kind: CallKind, applied: int
) -> None:
    def attempt() -> None:
        with pytest.raises(ConnectionClosedError):
            create(sim)

    sim.inject(CallFault(CREATE, kind))

    assert made(sim, attempt) == applied


@pytest.mark.parametrize(("kind", "applied"), [(CallKind.RESET, 1), (CallKind.CUT, 2)])
def test_a_function_whose_connection_ends_tries_again(sim: Simulator, kind: CallKind, applied: int) -> None:
    sim.inject(CallFault(CREATE, kind, "EchoFunction"))
    since = len(sim.calls())

    assert made(sim, lambda: answer(sim.invoke("EchoFunction", {"do": "vpc"}))) == applied
    assert statuses(sim, since) == [0, 200]


@pytest.mark.parametrize(("kind", "applied"), [(CallKind.KILL_BEFORE, 0), (CallKind.KILL_AFTER, 1)])
def test_a_function_dies_before_or_after_its_call_is_applied_and_tries_nothing_more(
    sim: Simulator, kind: CallKind, applied: int
) -> None:
    sim.inject(CallFault(CREATE, kind, "EchoFunction"))
    since = len(sim.calls())

    def attempt() -> None:
        error = told(sim.invoke("EchoFunction", {"do": "vpc"}))
        assert error["errorType"] == "Runtime.ExitError"
        assert "signal: killed" in error["errorMessage"]

    assert made(sim, attempt) == applied
    assert statuses(sim, since) == [0]
    assert answer(sim.invoke("EchoFunction", {"x": 1})) == {"x": 1}


def test_a_delayed_call_is_answered_later_in_virtual_time(sim: Simulator) -> None:
    sim.inject(
        CallFault(CREATE, CallKind.DELAY, "EchoFunction", seconds=20),
        CallFault(CREATE, CallKind.DELAY, "visitor", seconds=7),
    )
    began = sim.clock.now()

    answer(sim.invoke("EchoFunction", {"do": "vpc"}))
    assert (sim.clock.now() - began).total_seconds() == 20

    create(sim)
    assert (sim.clock.now() - began).total_seconds() == 27


def test_a_function_knows_what_time_it_is_after_a_delay(sim: Simulator) -> None:
    sim.inject(CallFault("ec2:DescribeVpcs", CallKind.DELAY, "EchoFunction", seconds=20))
    began = sim.clock.now().timestamp()

    assert answer(sim.invoke("EchoFunction", {"do": "vpcs and time"}))["time"] == pytest.approx(began + 20, abs=0.001)


def test_a_function_that_waits_for_an_answer_runs_out_of_time(sim: Simulator) -> None:
    sim.inject(CallFault(CREATE, CallKind.DELAY, "EchoFunction", seconds=100))
    began = sim.clock.now()

    assert made(sim, lambda: told(sim.invoke("EchoFunction", {"do": "vpc"}))["errorType"] == "Sandbox.Timedout") == 1
    assert (sim.clock.now() - began).total_seconds() == 30


def test_of_several_sandboxes_of_a_function_the_one_that_calls_dies(sim: Simulator) -> None:
    slept: list[Any] = []
    other = Thread(target=lambda: slept.append(answer(sim.invoke("EchoFunction", {"do": "sleep", "seconds": 20}))))
    sim.inject(CallFault(CREATE, CallKind.KILL_BEFORE, "EchoFunction"))

    with sim.hold():
        other.start()
        while not sim.workers("EchoFunction"):
            pass
        told(sim.invoke("EchoFunction", {"do": "vpc"}))
    other.join()

    assert slept[0]["slept"] == 20


@pytest.mark.parametrize(("states_ago", "seen"), [(1, 2), (2, 1), (3, 0)])
def test_a_stale_read_is_answered_as_it_was_so_many_answers_ago(sim: Simulator, states_ago: int, seen: int) -> None:
    cidr = f"10.{100 + states_ago}.0.0/16"

    def count() -> int:
        return len(sim.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": [cidr]}])["Vpcs"])

    sim.inject(CallFault("ec2:DescribeVpcs", CallKind.STALE, nth=5, states_ago=states_ago))
    for vpcs in range(3):
        assert count() == vpcs
        sim.client("ec2").create_vpc(CidrBlock=cidr)
    assert count() == 3

    assert count() == seen
    assert count() == 3


def test_what_was_not_there_yet_is_an_older_answer_too(sim: Simulator) -> None:
    dynamodb = sim.client("dynamodb")
    sim.inject(CallFault("dynamodb:DescribeTable", CallKind.STALE, nth=2))
    table = {"TableName": "stale", "BillingMode": "PAY_PER_REQUEST"}
    key = {
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    }

    def describe() -> Any:
        return dynamodb.describe_table(TableName="stale")

    assert refusal(describe) == ("ResourceNotFoundException", 400)
    dynamodb.create_table(**table, **key)
    assert refusal(describe) == ("ResourceNotFoundException", 400)
    assert describe()["Table"]["TableName"] == "stale"
    dynamodb.delete_table(TableName="stale")


@pytest.mark.parametrize(("consistent", "seen"), [(True, {"S": "new"}), (False, {"S": "old"})])
def test_a_consistent_read_is_never_stale(sim: Simulator, *, consistent: bool, seen: dict[str, str]) -> None:
    dynamodb, name = sim.client("dynamodb"), f"consistent-{consistent}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )

    def read() -> Any:
        return dynamodb.get_item(TableName=name, Key={"pk": {"S": "1"}}, ConsistentRead=consistent)["Item"]["value"]

    def write(value: str) -> None:
        dynamodb.put_item(TableName=name, Item={"pk": {"S": "1"}, "value": {"S": value}})

    sim.inject(CallFault("dynamodb:GetItem", CallKind.STALE, nth=2))
    write("old")
    assert read() == {"S": "old"}
    write("new")

    assert read() == seen
    dynamodb.delete_table(TableName=name)


def test_neither_a_write_nor_s3_is_ever_stale(sim: Simulator) -> None:
    s3 = sim.client("s3")
    s3.create_bucket(Bucket="stale", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    sim.inject(CallFault("s3:GetObject", CallKind.STALE, nth=2), CallFault(CREATE, CallKind.STALE, nth=2))

    def write_and_read(body: bytes) -> bytes:
        s3.put_object(Bucket="stale", Key="key", Body=body)
        return bytes(s3.get_object(Bucket="stale", Key="key")["Body"].read())

    assert [write_and_read(b"old"), write_and_read(b"new")] == [b"old", b"new"]
    assert create(sim)["Vpc"]["VpcId"] != create(sim)["Vpc"]["VpcId"]


def test_of_a_partly_failed_put_the_first_entry_was_not_put(sim: Simulator) -> None:
    def entry(number: int) -> dict[str, str]:
        detail = json.dumps({"number": number})
        return {"EventBusName": "tiny", "Source": "test", "DetailType": "Partly", "Detail": detail}

    sim.inject(CallFault("events:PutEvents", CallKind.PARTIAL))

    put = sim.client("events").put_events(Entries=[entry(1), entry(2)])
    alone = sim.client("events").put_events(Entries=[entry(3)])

    assert (put["FailedEntryCount"], [*put["Entries"][0]], [*put["Entries"][1]]) == (
        1,
        ["ErrorCode", "ErrorMessage"],
        ["EventId"],
    )
    assert alone["FailedEntryCount"] == 0
    assert [event["Detail"]["number"] for event in sim.events("Partly")][-2:] == [2, 3]


def test_the_plane_dies_with_the_function_that_calls_until_the_faults_end(sim: Simulator) -> None:
    sim.inject(CallFault(CREATE, CallKind.NEVER_BACK, "EchoFunction"))

    assert made(sim, lambda: told(sim.invoke("EchoFunction", {"do": "vpc"}))) == 0
    assert told(sim.invoke("TickFunction", {"x": 1}))["errorType"] == "Runtime.ExitError"
    assert sim.faults.injected() == {CallKind.NEVER_BACK: 1}

    sim.faults.clear()
    assert answer(sim.invoke("TickFunction", {"x": 1})) == {"x": 1}


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        pytest.param({"nth": 2}, [2], id="the second"),
        pytest.param({"nth": 2, "times": 2}, [2, 3], id="two from the second on"),
        pytest.param({"nth": 0}, [1, 2, 3, 4], id="each"),
        pytest.param({"nth": 0, "probability": 0.0}, [], id="none"),
    ],
)
def test_a_fault_hits_the_calls_that_it_is_meant_for(fault: dict[str, Any], hit: list[int]) -> None:
    faults = Faults()
    faults.add(CallFault("ec2:*", CallKind.CUT, "a", **fault))
    mine, others = (
        Call("a", "ec2", "DescribeVpcs", "query"),
        [Call("b", "ec2", "DescribeVpcs", "query"), Call("a", "s3", "GetObject", "rest")],
    )

    assert [number for number in range(1, 5) if faults.for_call(mine)] == hit
    assert not any(faults.for_call(call) for call in others)


def test_a_wildcard_spares_what_aws_does_by_itself() -> None:
    faults = Faults()
    faults.add(CallFault("*", CallKind.DELAY, nth=0), CallFault("lambda:Invoke", CallKind.CUT, nth=0))
    by_events, by_visitor = (Call(caller, "lambda", "Invoke", "rest") for caller in ("events", "visitor"))

    assert [fault and fault.kind for fault in map(faults.for_call, (by_events, by_visitor))] == [
        CallKind.CUT,
        CallKind.DELAY,
    ]


def test_a_seed_draws_the_same_again_and_another_seed_draws_something_else() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(CallFault("*", CallKind.CUT, nth=0, probability=0.5), seed=seed)
        return [faults.for_call(Call("a", "ec2", "DescribeVpcs", "query")) is not None for _ in range(64)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 16 < sum(drawn(1)) < 48
