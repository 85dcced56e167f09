"""The canaries would be seen: planted anywhere, they are found and the place is named."""

import json

import pytest

from simulator.app import Simulator
from simulator.slack_inbox import HOOK
from simulator.ssm import sessions
from tests.canaries import CANARIES, leaks
from tests.conftest import OneWorld
from tests.simulator.planes import put, tiny


@pytest.fixture
def sim(one_world: OneWorld) -> Simulator:
    return one_world.claim("with canaries", tiny)


def log(sim: Simulator, text: str) -> None:
    sim.invoke("EchoFunction", {"do": "say", "text": text})


def event(sim: Simulator, text: str) -> None:
    put(sim, "Nothing", {"text": text})


def item(sim: Simulator, text: str) -> None:
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    kinds = [{"AttributeName": "pk", "AttributeType": "S"}]
    dynamodb = sim.client("dynamodb")
    dynamodb.create_table(TableName="t", KeySchema=keys, AttributeDefinitions=kinds, BillingMode="PAY_PER_REQUEST")
    dynamodb.put_item(TableName="t", Item={"pk": {"S": "1"}, "text": {"S": text}})


def stored(sim: Simulator, text: str) -> None:
    s3 = sim.client("s3")
    s3.create_bucket(Bucket="leaky", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="leaky", Key="a/b.json", Body=text.encode())


def history(sim: Simulator, text: str) -> None:
    asked = json.dumps({"do": "echo", "text": text})
    sim.client("stepfunctions").start_execution(stateMachineArn=sim.outputs["StepsArn"], input=asked)


def letter(sim: Simulator, text: str) -> None:
    url = sim.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    sim.client("sqs").send_message(QueueUrl=url, MessageBody=text)


def message(sim: Simulator, text: str) -> None:
    sim.inbox.receive(HOOK, json.dumps({"text": text}).encode())


PLACES = {
    "the log of": log,
    "an event": event,
    "an item of t": item,
    "s3://leaky/a/b.json": stored,
    "the history of arn:": history,
    "a message of http": letter,
    "a message in Slack": message,
}


def test_a_canary_is_found_wherever_it_sits(sim: Simulator) -> None:
    assert leaks(sim) == []
    for plant in PLACES.values():
        plant(sim, f"it is {' and '.join(CANARIES.values())}.")
    found = leaks(sim)
    for place in PLACES:
        for canary in CANARIES:
            assert any(line.startswith(f"{canary} is in {place}") for line in found)


def test_the_canaries_are_what_a_function_holds(sim: Simulator) -> None:
    environment = json.loads(sim.invoke("EchoFunction", {"do": "environment"}).payload)["environment"]
    held = {
        "the webhook's token": HOOK,
        "a function's secret access key": environment["AWS_SECRET_ACCESS_KEY"],
        "a function's session token": environment["AWS_SESSION_TOKEN"],  # with a number
        "a data channel's token": sessions.TOKEN,  # as StartSession gives it, with a number: test_world_sessions.py
    }
    assert held.keys() == CANARIES.keys()
    assert all(CANARIES[name] in secret for name, secret in held.items())
