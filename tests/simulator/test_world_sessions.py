"""Sessions with nodes: started, opened, held in virtual time by functions and in real time by others, and disturbed."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from control_plane.session.outcome import End, Outcome
from simulator.app import Simulator
from simulator.cloudformation.deploy import read
from simulator.faults import CallFault, CallKind, SessionFault, SessionKind
from simulator.sessions import line
from simulator.sessions.frames import decode
from simulator.ssm.sessions import TOKEN
from simulator.world import Plan
from tests.simulator.planes import answer, at_peace, told
from tests.simulator.talks import ANYBODY, Talk, converse, signed
from tests.simulator.worlds import refusal

ROOT = Path(__file__).parents[2]
PLANE = Path(__file__).parent / "fixtures/sessions/template.yaml"
NONCE = {"Nonce": ["abc"]}
WHOLE = 3.025003  # seconds: the agent's start, its command, five times a message's way, and a function's three looks


@pytest.fixture(scope="module")
def opened() -> Iterator[Simulator]:
    with Simulator.start(Plan(PLANE, parameters={"Paths": f"{ROOT}/layers/core:{ROOT}"})) as sim:
        make_cluster(sim)
        yield sim


@pytest.fixture
def sim(opened: Simulator) -> Iterator[Simulator]:
    opened.clock.sleep(1)  # so that it may start sessions again
    yield from at_peace(opened)


@pytest.fixture
def ssm(sim: Simulator) -> Any:
    return sim.client("ssm")


def make_cluster(sim: Simulator) -> None:
    """One group whose name is easily taken for part of an instance's id, and two nodes in another subnet."""
    sim.client("sagemaker").create_cluster(
        ClusterName="asked",
        InstanceGroups=[group(sim, "head-i-0abc", 1, "controller"), group(sim, "workers", 2, "worker")],
        VpcConfig=vpc(sim, "controller"),
    )
    sim.clock.sleep(3600)


def group(sim: Simulator, name: str, count: int, role: str) -> dict[str, Any]:
    return {
        "InstanceGroupName": name,
        "InstanceType": "ml.t3.medium",
        "InstanceCount": count,
        "ExecutionRole": sim.world["ExecutionRole"],
        "LifeCycleConfig": {"SourceS3Uri": sim.world["LifecycleS3Uri"], "OnCreate": "on_create.sh"},
        "OverrideVpcConfig": vpc(sim, role),
    }


def vpc(sim: Simulator, role: str) -> dict[str, Any]:
    return {"SecurityGroupIds": [sim.world["SecurityGroupId"]], "Subnets": [sim.world["Subnets"][role]]}


def targets(sim: Simulator) -> list[str]:
    sagemaker = sim.client("sagemaker")
    cluster_id = sagemaker.describe_cluster(ClusterName="asked")["ClusterArn"].rpartition("/")[2]
    nodes = sagemaker.list_cluster_nodes(ClusterName="asked")["ClusterNodeSummaries"]
    return [f"sagemaker-cluster:{cluster_id}_{node['InstanceGroupName']}-{node['InstanceId']}" for node in nodes]


def ask(sim: Simulator, *which: str, function: str = "AskFunction", **event: Any) -> Any:
    """What a function hears from nodes, held all at once."""
    asked = {"targets": which, "document": sim.outputs["Document"], "parameters": NONCE, **event}
    return answer(sim.invoke(function, asked))


def start(sim: Simulator, ssm: Any, document: str = "", **changes: Any) -> Any:
    asked = {"Target": targets(sim)[0], "DocumentName": document or sim.outputs["Document"], "Parameters": NONCE}
    return ssm.start_session(**(asked | changes))


def made(ssm: Any, name: str, properties: Any, **content: Any) -> str:
    """A Session document."""
    whole = {"schemaVersion": "1.0", "sessionType": "NonInteractiveCommands", "properties": {"linux": properties}}
    body = json.dumps(whole | content)
    ssm.create_document(Name=name, Content=body, DocumentType="Session", DocumentFormat="JSON")
    return name


def held(talk: Talk) -> Outcome:
    converse([talk])
    talk.close()
    assert talk.conversation.outcome
    return talk.conversation.outcome


# -------------------------------------------------------------------- StartSession and its neighbours


def test_a_session_is_named_for_its_caller_and_told_where_to_connect(sim: Simulator, ssm: Any) -> None:
    started = start(sim, sim.acting_as("AskFunction")("ssm"))

    name = sim.function_name("AskFunction")
    assert re.fullmatch(rf"{name}-[a-z0-9]{{26}}", started["SessionId"])
    path = f"/v1/data-channel/{started['SessionId']}?role=publish_subscribe&cell-number="
    url = re.fullmatch(rf"ws://127\.0\.0\.1:\d+{re.escape(path)}([A-Za-z0-9+/]+=*)", started["StreamUrl"])
    assert url
    assert {"+", "/"} < set(url[1])
    assert started["TokenValue"].startswith(TOKEN)
    [active] = ssm.describe_sessions(State="Active")["Sessions"]
    assert (active["SessionId"], active["Status"], active["Owner"]) == (started["SessionId"], "Connecting", name)
    ssm.terminate_session(SessionId=started["SessionId"])


def test_a_long_caller_leaves_room_for_an_id(sim: Simulator) -> None:
    started = start(sim, sim.acting_as("a" * 100)("ssm"))
    sim.client("ssm").terminate_session(SessionId=started["SessionId"])

    assert len(started["SessionId"]) == 96


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"DocumentName": "NoSuchDocument"}, "InvalidDocument", id="no such document"),
        pytest.param({"DocumentName": "ACommand"}, "InvalidDocument", id="a document for commands"),
        pytest.param({"Parameters": {"Nonce": ["A B"]}}, "InvalidParameters", id="not the pattern"),
        pytest.param({"Parameters": {"Nonce": ["a\n"]}}, "InvalidParameters", id="a line end behind the pattern"),
        pytest.param({"Parameters": {"Other": ["a"]}}, "InvalidParameters", id="no such parameter"),
        pytest.param(
            {"Target": "sagemaker-cluster:0123456789ab_workers-i-0123456789abcdef0"},
            "TargetNotConnected",
            id="no such cluster",
        ),
        pytest.param({"Target": "i-0123456789abcdef0"}, "NotModelled", id="no node"),
    ],
)
def test_a_wrong_session_is_refused(sim: Simulator, ssm: Any, changes: dict[str, Any], code: str) -> None:
    if changes.get("DocumentName") == "ACommand":
        step = {"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["a"]}}
        content = json.dumps({"schemaVersion": "2.2", "mainSteps": [step]})
        ssm.create_document(Name="ACommand", Content=content, DocumentType="Command", DocumentFormat="JSON")

    assert refusal(start, sim=sim, ssm=ssm, **changes) == code


def test_a_target_is_a_node_of_that_group_alone_and_only_while_it_runs(sim: Simulator, ssm: Any) -> None:
    head, worker, _ = targets(sim)
    instance = worker[-19:]
    assert refusal(start, sim=sim, ssm=ssm, Target=f"{head[:-20]}-{instance}") == "TargetNotConnected"

    [node] = [node for _, node in sim.hyperpod.find("asked").nodes if node.instance_id == instance]
    node.status = "SystemUpdating"
    try:
        assert refusal(start, sim=sim, ssm=ssm, Target=worker) == "TargetNotConnected"
    finally:
        node.status = "Running"


def test_three_sessions_start_in_a_second_and_six_end(sim: Simulator, ssm: Any) -> None:
    with sim.hold():
        started = [start(sim, ssm)["SessionId"] for _ in range(3)]
        assert refusal(start, sim=sim, ssm=ssm) == "ThrottlingException"
        sim.clock.sleep(1 / 3)
        started.append(start(sim, ssm)["SessionId"])
        assert sim.sessions.open() == started
        for session in started:
            ssm.terminate_session(SessionId=session)
        assert refusal(ssm.terminate_session, SessionId="unknown") == "DoesNotExistException"
        assert refusal(ssm.terminate_session, SessionId=started[0]) == "ValidationException"
        assert refusal(ssm.terminate_session, SessionId=started[0]) == "ThrottlingException"

    assert sim.sessions.open() == []
    history = ssm.describe_sessions(State="History", Filters=[{"key": "Status", "value": "Terminated"}])["Sessions"]
    assert {session["SessionId"] for session in history} >= set(started)


# -------------------------------------------------------------------- functions, in virtual time


def test_a_node_answers_from_where_it_leaves_and_nothing_is_said_twice(sim: Simulator) -> None:
    seen = ask(sim, *targets(sim))

    ips = sim.world["PublicIps"]
    wanted = [f"{ips[role]} for abc\n" for role in ("controller", "worker", "worker")]
    assert [(each["end"], each["exit_code"], each["stdout"]) for each in seen] == [
        (End.COMPLETED, 0, text) for text in wanted
    ]
    assert {each["stderr"] for each in seen} == {"a word\n"}
    assert [each["times"] for each in seen] == [[1] * 5] * 3
    assert sim.sessions.open() == []
    assert {each["session"] for each in seen}.isdisjoint(sim.sessions.abandoned())


def test_the_exit_code_is_the_commands(sim: Simulator) -> None:
    [seen] = ask(sim, targets(sim)[0], parameters=NONCE | {"Code": ["7"]})

    assert (seen["end"], seen["exit_code"], seen["closed"]) == (End.COMPLETED, 7, True)


def test_a_session_takes_the_same_virtual_time_whatever_the_machine_does(sim: Simulator) -> None:
    before = sim.clock.now()
    first, second = (ask(sim, *targets(sim)) for _ in range(2))

    assert [each["seconds"] for each in first + second] == [WHOLE] * 6
    assert [each["kinds"] for each in first] == [each["kinds"] for each in second]
    assert (sim.clock.now() - before).total_seconds() == 2 * WHOLE


def test_forty_channels_are_held_on_one_thread(sim: Simulator) -> None:
    sim.inject(SessionFault("*", SessionKind.LATE_HANDSHAKE, nth=0, seconds=20))

    seen = ask(sim, *(targets(sim)[number % 3] for number in range(40)))

    assert {(each["exit_code"], each["seconds"]) for each in seen} == {(0, 22.025003)}
    assert {tuple(each["times"]) for each in seen} == {(1,) * 5}
    assert sim.sessions.open() == []


def test_selecting_nothing_is_sleeping(sim: Simulator) -> None:
    before = sim.clock.now()

    assert ask(sim, select=20.5) == pytest.approx(20.5, abs=1e-6)
    assert (sim.clock.now() - before).total_seconds() == 20.5


def test_selecting_ends_with_the_functions_own_time(sim: Simulator) -> None:
    outcome = told(sim.invoke("AskFunction", {"select": 1000}))

    assert outcome["errorType"] == "Sandbox.Timedout"


def test_sessions_of_a_function_that_dies_end_by_themselves_and_are_told_of(sim: Simulator) -> None:
    sim.inject(CallFault("ssm:StartSession", CallKind.KILL_BEFORE, nth=2))
    before = len(sim.sessions.abandoned())
    asked = {"targets": targets(sim)[:2], "document": sim.outputs["Document"], "parameters": NONCE}

    assert sim.invoke("AskFunction", asked).error
    sim.settle()

    assert (sim.sessions.open(), len(sim.sessions.abandoned()) - before) == ([], 1)


# -------------------------------------------------------------------- who may open a channel


def test_a_function_that_signs_with_another_secret_is_turned_away(sim: Simulator) -> None:
    [seen] = ask(sim, targets(sim)[0], is_forged=True)

    assert (seen["status"], seen["end"], seen["stdout"]) == (403, End.UNKNOWN, "")


def test_a_role_that_may_not_open_data_channels_is_turned_away(sim: Simulator) -> None:
    mute = {"targets": targets(sim)[:1], "document": sim.outputs["Document"], "parameters": NONCE}
    outcome = told(sim.invoke("MuteFunction", mute))  # it may not terminate the session that it could not open
    assert "ssm:TerminateSession" in outcome["errorMessage"]
    assert sim.sessions.open() != []
    sim.settle()
    assert sim.sessions.open() == []


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(lambda *_: {}, id="unsigned"),
        pytest.param(lambda url, who: signed(url, who, "ssm"), id="signed for another service"),
    ],
)
def test_an_upgrade_that_is_not_signed_as_it_should_is_turned_away(sim: Simulator, ssm: Any, sign: Any) -> None:
    started = start(sim, ssm)
    talk = Talk(started, ANYBODY, sign)
    converse([talk])
    ssm.terminate_session(SessionId=started["SessionId"])

    assert talk.status == 403


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        pytest.param(r"data-channel/[^?]+", "data-channel/nobody-0123", 404, id="no such session"),
        pytest.param(r"role=\w+", "role=subscribe", 400, id="another role"),
    ],
)
def test_there_is_nothing_elsewhere(sim: Simulator, ssm: Any, old: str, new: str, status: int) -> None:
    started = start(sim, ssm)
    talk = Talk(started | {"StreamUrl": re.sub(old, new, started["StreamUrl"])})
    converse([talk])
    ssm.terminate_session(SessionId=started["SessionId"])

    assert talk.status == status


def test_a_wrong_token_closes_the_channel_and_a_right_one_is_good_once(sim: Simulator, ssm: Any) -> None:
    started = start(sim, ssm)
    wrong = Talk(started, token="another")
    assert held(wrong).end is End.UNKNOWN
    first = Talk(started)
    while not first.kinds:
        first.read()
    second = Talk(started)

    assert held(second).end is End.UNKNOWN
    assert held(first).end is End.COMPLETED
    assert (wrong.status, second.status, wrong.kinds, second.kinds) == (101, 101, [], [])


# -------------------------------------------------------------------- clients outside, in real time


def test_somebody_outside_has_time_to_answer(sim: Simulator, ssm: Any) -> None:
    talk = Talk(start(sim, ssm))

    outcome = held(talk)

    assert (outcome.end, outcome.exit_code, outcome.closed) == (End.COMPLETED, 0, True)
    assert set(talk.sequences.values()) == {1}


def test_an_agent_that_nobody_answers_asks_again_for_15_seconds(
    sim: Simulator, ssm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.05)
    started = start(sim, ssm)
    talk = Talk(started)
    monkeypatch.setattr(talk.conversation, "receive", lambda *_: [])
    while talk.kinds[-1:] != ["channel_closed"]:
        talk.read()
    talk.close()

    assert [*talk.sequences] == [0]
    assert 75 <= talk.sequences[0] <= 76  # the first may have come before there was anybody
    sim.settle()
    assert ssm.describe_sessions(State="Active")["Sessions"] == []


def test_a_terminated_session_closes_without_a_word(sim: Simulator, ssm: Any) -> None:
    sim.inject(SessionFault("*", SessionKind.LATE_HANDSHAKE, seconds=3600))
    with sim.hold():
        started = start(sim, ssm)
        talk = Talk(started)
        while not talk.status:
            talk.read()
        ssm.terminate_session(SessionId=started["SessionId"])

    outcome = held(talk)
    assert (outcome.end, outcome.exit_code, outcome.stdout, outcome.closed) == (End.UNKNOWN, None, b"", True)


@pytest.mark.parametrize(
    ("name", "properties", "outcome"),
    [
        pytest.param("Flood", {"commands": "head -c 100000 /dev/zero"}, (End.COMPLETED, 0, b"\0" * 100_000, b"")),
        pytest.param("Killed", {"commands": "sh -c 'kill -9 $$'"}, (End.COMPLETED, -1, b"", b"")),
        pytest.param(
            "Absent", {"commands": "/no/such"}, (End.COMPLETED, 1, b"", b"/no/such: No such file or directory")
        ),
        pytest.param("Merged", {"commands": "echo a", "separateOutputStream": False}, (End.UNKNOWN, None, b"a\n", b"")),
        pytest.param("Empty", {"commands": ""}, (End.FAILED, None, b"", b"")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_agent_tells_what_became_of_its_command(
    sim: Simulator, ssm: Any, name: str, properties: dict[str, Any], outcome: Any
) -> None:
    document = made(ssm, name, {"separateOutputStream": True, **properties})

    found = held(Talk(start(sim, ssm, document, Parameters={})))

    assert (found.end, found.exit_code, found.stdout, found.stderr) == outcome


def test_a_document_with_a_key_asks_for_encryption_and_a_refusal_comes_back_as_the_agents_last_words(
    sim: Simulator, ssm: Any
) -> None:
    document = made(ssm, "Encrypted", {"commands": "true"}, inputs={"kmsKeyId": "arn:aws:kms:made-up"})
    talk = Talk(start(sim, ssm, document, Parameters={}))
    while talk.kinds[-1:] != ["channel_closed"]:
        talk.read()
    talk.close()

    closed = decode(talk.last)
    last_words = json.loads(closed.payload)["Output"]
    assert closed.payload_type is None
    assert "while initiating handshake" in last_words
    assert "does not encrypt with KMS" in last_words


def test_the_deployed_probe_runs_on_a_node(sim: Simulator, ssm: Any) -> None:
    content = read(ROOT / "template.yaml")["Resources"]["NodeProbeDocument"]["Properties"]["Content"]
    ssm.create_document(Name="Probe", Content=json.dumps(content), DocumentType="Session", DocumentFormat="JSON")
    nonce = hashlib.sha256(str(time.time()).encode()).hexdigest()[:32]
    asked = {
        "Nonce": [nonce],
        "EchoUrls": ["https://checkip.amazonaws.com,https://echo.example"],
        "MustReach": ["https://pypi.org/simple"],
        "MustNotReach": ["https://gone.invalid/"],
        "Connections": ["2"],
    }

    outcome = held(Talk(start(sim, ssm, "Probe", Target=targets(sim)[1], Parameters=asked)))

    said, trailer, rest = outcome.stdout.decode().split("\n")
    assert (outcome.end, outcome.exit_code, rest) == (End.COMPLETED, 0, "")
    assert trailer == f"{nonce} {len(said)} {hashlib.sha256(said.encode()).hexdigest()}"
    assert {seen["address"] for seen in json.loads(said)["addresses"]} == {sim.world["PublicIps"]["worker"]}


# -------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("kind", "seconds", "seen"),
    [
        pytest.param(SessionKind.LATE_HANDSHAKE, 30.0, {"exit_code": 0, "seconds": 29 + WHOLE}),
        pytest.param(
            SessionKind.LATE_HANDSHAKE, 60.0, {"exit_code": None, "closed": False, "kinds": ["start_publication"]}
        ),
        pytest.param(SessionKind.KMS_ASKED, 0.0, {"end": End.FAILED, "stdout": ""}),
        pytest.param(
            SessionKind.CLOSED_SILENTLY, 0.0, {"end": End.UNKNOWN, "exit_code": None, "stdout": "", "closed": True}
        ),
        pytest.param(
            SessionKind.CHANNEL_LOST, 0.0, {"end": End.UNKNOWN, "exit_code": None, "closed": False, "stdout": "WHOLE"}
        ),
        pytest.param(SessionKind.OUTPUT_TRUNCATED, 0.0, {"end": End.COMPLETED, "exit_code": 0, "stdout": "HALF"}),
        pytest.param(SessionKind.WRONG_NONCE, 0.0, {"end": End.COMPLETED, "exit_code": 0, "stdout": "OTHER"}),
        pytest.param(SessionKind.EVERY_FRAME_TWICE, 0.0, {"exit_code": 0, "stdout": "WHOLE", "times": [2] * 5}),
        pytest.param(SessionKind.FRAMES_REORDERED, 0.0, {"exit_code": 0, "stdout": "WHOLE", "times": [1] * 5}),
    ],
    ids=lambda value: value if isinstance(value, SessionKind) else "",
)
def test_a_fault_is_seen_on_the_wire(sim: Simulator, kind: SessionKind, seconds: float, seen: dict[str, Any]) -> None:
    head, worker, _ = targets(sim)
    whole = f"{sim.world['PublicIps']['controller']} for abc\n"
    texts = {"WHOLE": whole, "HALF": whole[: len(whole) // 2], "OTHER": whole.replace("abc", "cba")}
    sim.inject(SessionFault(head, kind, seconds=seconds))

    disturbed, undisturbed = ask(sim, head, worker)
    sim.settle()

    wanted = {name: texts.get(value, value) if name == "stdout" else value for name, value in seen.items()}
    assert {name: disturbed[name] for name in wanted} == wanted
    assert undisturbed["exit_code"] == 0
    assert sim.faults.injected() == {kind: 1}
    assert sim.sessions.open() == []


def test_what_is_reordered_comes_with_the_last_word_first(sim: Simulator) -> None:
    sim.inject(SessionFault("*", SessionKind.FRAMES_REORDERED))
    [seen] = ask(sim, targets(sim)[0])

    assert seen["kinds"][2:4] == ["output_stream_data", "acknowledge"]  # the end of the handshake before its answer's


def test_a_node_can_be_out_of_reach_by_chance_and_the_same_seed_draws_the_same(sim: Simulator, ssm: Any) -> None:
    def drawn() -> list[bool]:
        sim.faults.clear()
        sim.inject(SessionFault("*", SessionKind.NOT_CONNECTED, nth=0, probability=0.5), seed=7)
        return [is_connected(sim, ssm) for _ in range(12)]

    first = drawn()
    assert {True, False} == set(first)
    assert drawn() == first


def is_connected(sim: Simulator, ssm: Any) -> bool:
    sim.clock.sleep(1)
    try:
        ssm.terminate_session(SessionId=start(sim, ssm)["SessionId"])
    except ssm.exceptions.TargetNotConnected:
        return False
    return True


def test_a_plan_of_session_faults_comes_over_http(sim: Simulator) -> None:
    fault = {"Target": "*_workers-*", "Kind": "OutputTruncated", "Nth": 0}
    put = sim.api("POST", "/_control/faults", {"Seed": 7, "Faults": [fault]}).json()
    assert put["Faults"] == [fault | {"Times": 1, "Probability": 1.0, "Seconds": 30.0, "Hits": 0}]

    wrong = sim.api("POST", "/_control/faults", {"Faults": [fault | {"Kind": "Truncated"}]})
    assert (wrong.status, "OutputTruncated" in wrong.json()["message"]) == (400, True)
