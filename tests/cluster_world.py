"""A run, its request, and the AWS around it, in memory; every call can be made to go wrong."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ReadTimeoutError

from control_plane.aws.bus import Bus
from control_plane.aws.hyperpod_creator import HyperPodCreator
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.hyperpod_remover import HyperPodRemover
from control_plane.aws.outbox import Outbox
from control_plane.aws.run_table import RunTable
from control_plane.domain.messages.announcements import Announcement
from control_plane.domain.request import OnFailure, Request
from control_plane.domain.run import Run, State
from control_plane.domain.wire import rfc3339
from control_plane.errors import AwsUnavailable, RunOver
from tests.hyperpod_in_memory import NAME, NOON, RUN_ID, STACK, AnswerT, Faults, HyperPodInMemory, Refused

ROLE = "arn:aws:iam::123456789012:role/node"
LIFECYCLE = {"SourceS3Uri": "s3://sagemaker-scripts/on", "OnCreate": "on_create.sh"}


class RunsInMemory(RunTable):
    def __init__(self, faults: Faults, run: Run, request: Request) -> None:
        self.faults, self.run, self.request = faults, run, request

    def get(self, run_id: str) -> Run:
        assert run_id == self.run.run_id
        return _with(self.faults, "get run", lambda: self.run)

    def request_of(self, run_id: str) -> Request:
        assert run_id == self.run.run_id
        return self.request

    def note(self, run_id: str, **fields: Any) -> None:
        _with(self.faults, "note", lambda: self._note(**fields))

    def _note(self, **fields: Any) -> None:
        if self.run.state is not State.RUNNING:
            raise RunOver(self.run.run_id)
        self.run = Run.model_validate(self.run.model_copy(update=fields).model_dump())


class OutboxInMemory(Outbox):
    def __init__(self, runs: RunsInMemory) -> None:
        self.runs, self.events = runs, dict[str, Announcement]()
        self.sent: set[str] = set()

    def record_creation(self, run_id: str, cluster_name: str, cluster_arn: str, announcement: Announcement) -> None:
        _with(self.runs.faults, "record creation", lambda: self._record(cluster_arn, announcement))

    def _record(self, cluster_arn: str, announcement: Announcement) -> None:
        if announcement.detail_type not in self.events:
            self.runs.run = self.runs.run.model_copy(update={"cluster_arn": cluster_arn})
            self.events[announcement.detail_type] = announcement

    def pending(self, run_id: str) -> list[Announcement]:
        return _with(
            self.runs.faults,
            "pending",
            lambda: [event for event in self.events.values() if event.event_id not in self.sent],
        )

    def mark_sent(self, announcement: Announcement, at: datetime) -> None:
        _with(self.runs.faults, "mark sent", lambda: self.sent.add(announcement.event_id))


class BusInMemory(Bus):
    def __init__(self, faults: Faults) -> None:
        self.faults, self.events = faults, list[Announcement]()

    def put(self, announcement: Announcement) -> None:
        _with(self.faults, "put event", lambda: self.events.append(announcement))


class World:
    """A run, its request, and the AWS around them; `time` stands still unless a test moves it."""

    def __init__(self, request: Request | None = None, **run: Any) -> None:
        self.time, self.faults = NOON, Faults()
        self.request = request or a_request()
        self.hyperpod = HyperPodInMemory(self.faults, self.now)
        self.runs = RunsInMemory(self.faults, a_run(**run), self.request)
        self.outbox, self.bus = OutboxInMemory(self.runs), BusInMemory(self.faults)
        client = self.hyperpod.client()
        self.reader, self.creator = HyperPodReader(client, STACK), HyperPodCreator(client, STACK)
        self.remover = HyperPodRemover(client)

    def now(self) -> datetime:
        return self.time

    @property
    def run(self) -> Run:
        return self.runs.run


def a_request(
    on_failure: OnFailure = OnFailure.KEEP, groups: dict[str, dict[str, Any]] | None = None, **cluster: Any
) -> Request:
    """A controller and two workers; `groups` changes some groups' fields."""
    standard = {
        "controller": {"InstanceType": "ml.c5.large", "InstanceCount": 1},
        "worker": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
    }
    common = {"ExecutionRole": ROLE, "LifeCycleConfig": LIFECYCLE}
    bodies = [
        {"InstanceGroupName": name, **common, **body, **(groups or {}).get(name, {})} for name, body in standard.items()
    ]
    return Request(cluster={"ClusterName": NAME, "InstanceGroups": bodies, **cluster}, on_failure=on_failure)


def a_run(**fields: Any) -> Run:
    return Run.model_validate(
        {
            "run_id": RUN_ID,
            "request_id": "r-1",
            "requested_by": "somebody",
            "cluster_name": NAME,
            "accepted_at": NOON,
            "updated_at": NOON,
            "deadline_at": NOON + timedelta(hours=2),
            "execution_arn": f"arn:aws:states:ap-northeast-1:123456789012:execution:provision:{RUN_ID}",
            **fields,
        }
    )


def phase(name: str, since: datetime) -> dict[str, Any]:
    """The fields of a run that is in this phase since then."""
    return {"phase": name, "phases": ({"phase": name, "started_at": rfc3339(since)},)}


def _with(faults: Faults, call: str, apply: Callable[[], AnswerT]) -> AnswerT:
    try:
        return faults.around(call, apply)
    except (ReadTimeoutError, Refused) as error:
        raise AwsUnavailable(call, type(error).__name__, str(error)) from error
