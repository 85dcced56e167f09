"""HyperPod as a real boto3 client sees it, without a network: botocore's model checks what is asked and answered."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUN_ID, STACK, NAME = "run-0123456789abcdef01234567", "hyperpod-vpc", "vision"
OURS = {"hyperpod-vpc:run-id": RUN_ID, "hyperpod-vpc:stack": STACK}
ARN = "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/{:012d}"

AnswerT = TypeVar("AnswerT")


class Crash(Exception):
    """The function died here."""


class Refused(Exception):
    """AWS says no."""

    def __init__(self, code: str, message: str = "because", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass
class Faults:
    """Which calls happen, in order, and what goes wrong with some of them."""

    calls: list[str] = field(default_factory=list)
    at: dict[int, str] = field(default_factory=dict)  # the how-manieth call, from 0 → what happens to it
    refuse: dict[str, Refused] = field(default_factory=dict)  # an operation → the answer to every call of it

    def around(self, call: str, apply: Callable[[], AnswerT]) -> AnswerT:
        fault = self.at.get(len(self.calls))
        self.calls.append(call)
        if call in self.refuse:
            raise self.refuse[call]
        if fault == "crash before":
            raise Crash
        if fault == "request lost":
            raise ReadTimeoutError(endpoint_url="https://aws")
        if fault == "throttled":
            raise Refused("ThrottlingException")
        if fault == "broken":
            raise Refused("InternalFailure", status=500)
        answer = apply()
        if fault == "reply lost":
            raise ReadTimeoutError(endpoint_url="https://aws")
        if fault == "crash after":
            raise Crash
        return answer


class HyperPodInMemory:
    """Clusters that change only when a test changes them; reads can be made to lag behind."""

    def __init__(self, faults: Faults, clock: Callable[[], datetime]) -> None:
        self.faults, self._clock = faults, clock
        self.clusters: dict[str, dict[str, Any]] = {}  # by ARN, as DescribeCluster answers
        self.tags: dict[str, dict[str, str]] = {}
        self.nodes: list[dict[str, Any]] = []
        self.addresses: dict[str, str] = {}  # of nodes, by instance id
        self.events: list[dict[str, Any]] = []
        self.metadata: dict[str, dict[str, Any]] = {}  # EventId → EventMetadata
        self.unseen = 0  # so many DescribeCluster still find nothing
        self.untagged = 0  # so many ListTags still find no tags
        self.made = 0

    def client(self) -> "SageMakerClient":
        client = _client()
        client.meta.events.unregister("before-send.sagemaker", unique_id="in-memory")
        answer = cast("Any", self._send)  # the stubs say that a handler answers nothing
        client.meta.events.register_first("before-send.sagemaker", answer, unique_id="in-memory")
        return client

    def add(self, tags: dict[str, str], **changes: Any) -> dict[str, Any]:
        """Put a cluster there that is as the standard request asked for it, but for `changes`."""
        self.made += 1
        arn = ARN.format(self.made)
        groups = [
            {
                "InstanceGroupName": name,
                "InstanceType": kind,
                "Status": "InService",
                "CurrentCount": count,
                "TargetCount": count,
            }
            for name, kind, count in (("controller", "ml.c5.large", 1), ("worker", "ml.g5.xlarge", 2))
        ]
        cluster = {
            "ClusterArn": arn,
            "ClusterName": NAME,
            "ClusterStatus": "InService",
            "CreationTime": self._clock().timestamp(),
            "InstanceGroups": groups,
        }
        self.clusters[arn], self.tags[arn] = cluster | changes, tags
        return self.clusters[arn]

    def add_nodes(self, *states: tuple[str, str], message: str = "") -> None:
        for group, status in states:
            number = len(self.nodes)
            self.nodes.append(
                {
                    "InstanceGroupName": group,
                    "InstanceId": f"i-{number:017x}",
                    "InstanceType": "ml.g5.xlarge",
                    "LaunchTime": self._clock().timestamp(),
                    "InstanceStatus": {"Status": status} | ({"Message": message} if message else {}),
                }
            )

    def add_event(self, level: str | None, description: str, **metadata: dict[str, str]) -> None:
        event_id = f"00000000-0000-0000-0000-{len(self.events):012d}"
        common = {"EventId": event_id, "ClusterArn": ARN.format(1), "ClusterName": NAME, "ResourceType": "Instance"}
        event = common | {"EventTime": self._clock().timestamp(), "Description": description}
        self.events.insert(0, event | ({"EventLevel": level} if level else {}))
        self.metadata[event_id] = metadata

    def _send(self, request: AWSRequest, **_: Any) -> AWSResponse:
        operation = cast("bytes", request.headers["X-Amz-Target"]).decode().split(".")[1]
        body = json.loads(request.body)
        try:
            answer = self.faults.around(operation, lambda: getattr(self, _snake(operation))(**body))
        except Refused as refusal:
            return response(refusal.status, _bytes({"__type": refusal.code, "message": refusal.message}))
        return response(200, _bytes(answer))

    def _named(self, name: str) -> dict[str, Any]:
        found = [cluster for arn, cluster in self.clusters.items() if name in {arn, cluster["ClusterName"]}]
        if not found:
            raise Refused("ResourceNotFound")
        return found[-1]

    def _describe_cluster(self, ClusterName: str) -> dict[str, Any]:  # noqa: N803 (AWS's names)
        if self.unseen > 0:
            self.unseen -= 1
            raise Refused("ResourceNotFound")
        return self._named(ClusterName)

    def _create_cluster(self, ClusterName: str, Tags: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        if any(cluster["ClusterName"] == ClusterName for cluster in self.clusters.values()):
            raise Refused("ResourceInUse")
        cluster = self.add(
            {tag["Key"]: tag["Value"] for tag in Tags}, ClusterName=ClusterName, ClusterStatus="Creating"
        )
        return {"ClusterArn": cluster["ClusterArn"]}

    def _delete_cluster(self, ClusterName: str) -> dict[str, Any]:  # noqa: N803
        self._named(ClusterName)["ClusterStatus"] = "Deleting"
        return {"ClusterArn": ClusterName}

    def _list_tags(self, ResourceArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if self.untagged > 0:
            self.untagged -= 1
            return {"Tags": []}
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags[ResourceArn].items()]}

    def _list_cluster_nodes(self, **page: Any) -> dict[str, Any]:
        return _page("ClusterNodeSummaries", self.nodes, **page)

    def _describe_cluster_node(self, NodeId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        node = next((node for node in self.nodes if node["InstanceId"] == NodeId), None)
        if node is None:
            raise Refused("ResourceNotFound", NodeId)
        return {"NodeDetails": {**node, "PrivatePrimaryIp": self.addresses.get(NodeId, "10.0.1.7")}}

    def _list_cluster_events(self, **page: Any) -> dict[str, Any]:
        return _page("Events", self.events, **page)

    def _describe_cluster_event(self, EventId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        event = next(event for event in self.events if event["EventId"] == EventId)
        return {"EventDetails": event | {"EventDetails": {"EventMetadata": self.metadata[EventId]}}}


@cache
def _client() -> "SageMakerClient":
    config = Config(retries={"total_max_attempts": 1})  # the retries are the test's
    session = boto3.Session("testing", "testing", region_name="ap-northeast-1")
    return session.client("sagemaker", config=config)


def _snake(operation: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", operation).lower()


def _page(key: str, items: list[dict[str, Any]], MaxResults: int, NextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803
    start = int(NextToken)
    rest = {"NextToken": str(start + MaxResults)} if len(items) > start + MaxResults else {}
    return {key: items[start : start + MaxResults]} | rest


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def response(status: int, body: bytes) -> AWSResponse:
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/x-amz-json-1.1"
    return AWSResponse("https://aws", status, headers, _Raw(body))


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]
