"""The routes, as the gateway calls them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from control_plane.aws.acceptance import Acceptance
from control_plane.aws.cluster_index import ClusterIndex
from control_plane.aws.create_cluster_model import create_cluster_model
from control_plane.aws.executions import Executions
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.door import judge_text
from control_plane.domain.egress import Egress, Verdict, Via
from control_plane.domain.request import REQUEST_MAX
from control_plane.domain.run import run_id_of
from control_plane.domain.watch.book import turned
from control_plane.entry.http_api import http_api
from control_plane.steps.api import TRIES, Api
from control_plane.steps.doorway import Doorway
from tests.aws.conftest import NOON, TABLE
from tests.aws.fakes import StateMachine
from tests.aws.test_doors import cluster
from tests.hostile.gateway import DRIFT, watch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Ask = Callable[..., tuple[int, Any]]
WRITES = "before-call.dynamodb.TransactWriteItems"


def asker(make: Callable[[], Api]) -> Ask:
    handler = http_api(make)
    context: Any = SimpleNamespace(
        aws_request_id="1",
        function_name="api",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:::function:api",
    )

    def ask(method: str, path: str, body: str = "", **headers: str) -> tuple[int, Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {
                "requestId": "JKJaXmPLvHcESHA=",
                "stage": "$default",
                "http": {"method": method, "path": path},
                "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}},
            },
        }
        answer = handler(event, context)
        body = answer["body"]
        return answer["statusCode"], body if "text/csv" in str(answer["headers"]) else json.loads(body)

    return ask


@pytest.fixture
def ask(acceptance: Acceptance, runs: RunTable, dynamodb: "DynamoDBClient") -> Ask:
    machine = cast("Executions", StateMachine())
    doorway, under_watch = Doorway(acceptance, machine), WatchList(dynamodb, TABLE)
    judge = partial(judge_text, model=create_cluster_model())
    clusters, watch = ClusterIndex(dynamodb, TABLE), WatchTable(dynamodb, TABLE)
    return asker(lambda: Api(doorway, machine, runs, clusters, judge, watch, under_watch))


def test_a_request_is_accepted_and_can_be_followed(ask: Ask) -> None:
    status, accepted = ask("POST", "/clusters", json.dumps(cluster()))
    assert (status, accepted["RunId"]) == (202, run_id_of("JKJaXmPLvHcESHA-"))
    status, run = ask("GET", accepted["Links"]["Run"])
    assert (status, run["State"], run["RequestedBy"]) == (200, "Running", "arn:aws:iam::123456789012:user/ada")
    status, standing = ask("GET", accepted["Links"]["Cluster"])
    assert (status, standing["RunId"], standing["ClusterStatus"]) == (200, accepted["RunId"], None)


def test_the_bodys_request_id_beats_the_header_and_the_header_beats_the_gateways(ask: Ask) -> None:
    _, both = ask(
        "POST", "/clusters", json.dumps({"Cluster": cluster("a"), "RequestId": "body"}), idempotency_key="header"
    )
    _, header = ask("POST", "/clusters", json.dumps({"Cluster": cluster("b")}), idempotency_key="header")
    assert (both["RequestId"], header["RequestId"]) == ("body", "header")


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"Cluster": {}}'])
def test_a_bad_body_is_told_with_findings(ask: Ask, body: str) -> None:
    status, answer = ask("POST", "/clusters", body)
    assert status == 400
    assert all(finding["Remedy"] for finding in answer["Findings"])
    assert answer["Findings"]


def test_a_conflict_names_the_run(ask: Ask) -> None:
    ask("POST", "/clusters", json.dumps({"Cluster": cluster(), "RequestId": "r-1"}))
    status, answer = ask("POST", "/clusters", json.dumps({"Cluster": cluster(), "RequestId": "r-2"}))
    assert (status, answer["RunId"], len(answer["Findings"])) == (409, run_id_of("r-1"), 1)


def test_a_body_over_the_limit_is_not_even_read(ask: Ask) -> None:
    status, answer = ask("POST", "/clusters", "x" * (REQUEST_MAX + 1))
    assert (status, answer["Error"]["Code"]) == (413, "TooLarge")


@pytest.mark.parametrize("path", ["/runs/run-nobody", "/clusters/nobody", "/clusters/nobody/egress.csv", "/nowhere"])
def test_what_is_not_there_is_404_in_our_shape(ask: Ask, path: str) -> None:
    status, answer = ask("GET", path)
    assert (status, answer["Error"]["Code"], bool(answer["Error"]["Message"])) == (404, "NotFound", True)


SEEN = Egress(
    instance_group_name="worker",
    subnet_id="subnet-1",
    via=Via.ON_NODES,
    subject="i-1",
    expected_public_ips=("203.0.113.10",),
    observed_public_ips=("203.0.113.10", "203.0.113.99"),
    verdict=Verdict.OTHER_ADDRESS,
    reason="seen",
    path="nat-1",
    checked_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
)


def test_where_a_cluster_leaves_is_told_as_json_and_as_a_table(ask: Ask, runs: RunTable) -> None:
    _, accepted = ask("POST", "/clusters", json.dumps(cluster("proved")))
    blind = SEEN.model_copy(update={"observed_public_ips": (), "verdict": Verdict.UNKNOWN, "subject": None})
    runs.note(accepted["RunId"], egress=(SEEN, blind))

    status, proof = ask("GET", "/clusters/proved/egress.json")
    assert (status, proof["PublicIps"], proof["RunId"]) == (200, ["203.0.113.10", "203.0.113.99"], accepted["RunId"])
    assert [row["Verdict"] for row in proof["Egress"]] == ["OtherAddress", "Unknown"]

    status, table = ask("GET", "/clusters/proved/egress.csv")
    place = "OtherAddress,proved,worker,subnet-1,OnNodes,i-1,2026-11-24T12:00:00.000Z"
    assert (status, table.splitlines()) == (
        200,
        [
            "PublicIp,Verdict,ClusterName,InstanceGroupName,SubnetId,Via,Subject,CheckedAt",
            f"203.0.113.10,{place}",
            f"203.0.113.99,{place}",
        ],
    )


def test_an_open_drift_is_acknowledged_with_a_reason_and_shown_with_it(ask: Ask, dynamodb: "DynamoDBClient") -> None:
    watch(dynamodb, "drifting")
    acknowledge = f"/clusters/drifting/drifts/{DRIFT.fingerprint}/acknowledgement"
    status, known = ask("PUT", acknowledge, json.dumps({"Reason": "The partner has been told."}))
    _, shown = ask("GET", "/clusters/drifting")

    assert status == 200
    assert shown["Drift"] == [known]
    assert known["Acknowledged"]["By"] == "arn:aws:iam::123456789012:user/ada"
    assert known["Acknowledged"]["Reason"] == "The partner has been told."
    assert DRIFT.to_wire().items() <= known.items()
    assert known["FirstSeen"] == known["LastSeen"] == "2026-11-24T12:00:00.000Z"


@pytest.mark.parametrize(("faster", "status"), [(1, 200), (TRIES - 1, 200), (TRIES, 500)])
def test_a_look_that_comes_in_between_loses_no_acknowledgement(
    ask: Ask, dynamodb: "DynamoDBClient", faster: int, status: int
) -> None:
    """A look keeps its book between our reading and our writing, so many times."""
    watch(dynamodb, "drifting")
    looks, table = iter(range(faster)), WatchTable(dynamodb, TABLE)

    def look(**_: Any) -> None:
        if next(looks, None) is not None:
            watched, book = table.books(["drifting"])["drifting"]
            after, _says = turned(book, {DRIFT.fingerprint: DRIFT}, NOON)
            dynamodb.meta.events.unregister(WRITES, look)
            table.keep(watched, after, [])
            dynamodb.meta.events.register(WRITES, look)

    dynamodb.meta.events.register(WRITES, look)
    answer = ask("PUT", f"/clusters/drifting/drifts/{DRIFT.fingerprint}/acknowledgement", json.dumps({"Reason": "any"}))
    dynamodb.meta.events.unregister(WRITES, look)

    assert answer[0] == status
    assert bool(ask("GET", "/clusters/drifting")[1]["Drift"][0]["Acknowledged"]) == (status == 200)


@pytest.mark.parametrize(
    ("name", "fingerprint", "body", "status"),
    [
        ("drifting", "0", {"Reason": "any"}, 404),
        ("nobody", DRIFT.fingerprint, {"Reason": "any"}, 404),
        ("drifting", DRIFT.fingerprint, {}, 400),
        ("drifting", DRIFT.fingerprint, {"Reason": "any", "Until": "tomorrow"}, 400),
    ],
)
def test_only_an_open_drift_is_acknowledged_and_only_with_a_reason(
    ask: Ask, dynamodb: "DynamoDBClient", name: str, fingerprint: str, body: dict[str, str], status: int
) -> None:
    watch(dynamodb, "drifting")
    answer = ask("PUT", f"/clusters/{name}/drifts/{fingerprint}/acknowledgement", json.dumps(body))
    assert answer[0] == status
    assert ask("GET", "/clusters/drifting")[1]["Drift"][0]["Acknowledged"] is None


def test_a_fault_of_ours_says_so_and_shows_no_insides() -> None:
    def broken() -> Api:
        raise RuntimeError("secret insides")

    status, answer = asker(broken)("GET", "/runs/run-1")
    assert (status, answer["Error"]["Code"]) == (500, "InternalError")
    assert "insides" not in json.dumps(answer)


def test_the_api_describes_itself(ask: Ask) -> None:
    status, document = ask("GET", "/openapi.json")
    assert status == 200
    parts = ("baseline", "baselines", "drift-checks", "egress-checks", "egress.json", "egress.csv")
    of_a_cluster = {f"/clusters/{{name}}/{part}" for part in parts}
    of_a_drift = {"/clusters/{name}/drifts/{fingerprint}/acknowledgement"}
    others = {"/adoptions", "/clusters", "/clusters/{name}", "/runs/{id}"}
    assert set(document["paths"]) == others | of_a_cluster | of_a_drift
    assert {"202", "400", "409"} <= set(document["paths"]["/clusters"]["post"]["responses"])
