"""A run that probes its subnets, and the AWS around it, in memory; every call can be made to go wrong."""

import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from botocore.exceptions import ReadTimeoutError

from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.probe_instances import ProbeInstance, ProbeInstances
from control_plane.aws.probe_launcher import ProbeLauncher
from control_plane.aws.run_command import Invocation, RunCommand
from control_plane.domain.egress import PredictedEgress
from control_plane.domain.probe.ledger import INSTANCE_TYPES, Ledger, VantagePoint, vantage_points
from control_plane.domain.request import Request
from control_plane.domain.run import Evidence, State
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable
from control_plane.steps import ask_probes, launch_probes, remove_probes
from control_plane.steps.ask_probes import Status
from control_plane.steps.request import StepRequest
from tests.cluster_world import RunsInMemory, a_run
from tests.hyperpod_in_memory import NOON, AnswerT, Crash, Faults, Refused

ZONE, NAT = "ap-northeast-1a", "203.0.113.10"
KINDS = {"AccessDenied": AccessDenied, "ThrottlingException": AwsUnavailable, "InternalFailure": AwsUnavailable}
STEP_TRIES, LOOKS = 8, 200


def framed(answer: Mapping[str, Any] | str, nonce: str = "") -> str:
    """An answer, or a text in its place, as the script prints it: with its length and its digest in a second line."""
    line = answer if isinstance(answer, str) else json.dumps(answer)
    content = line.encode(errors="replace")
    nonce = nonce or (str(answer["nonce"]) if isinstance(answer, Mapping) else "")
    return f"{line}\n{nonce} {len(content)} {sha256(content).hexdigest()}\n"


class Wire:
    """The way to AWS: faults happen here, and come out as `calling` tells them."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.meanwhile: dict[str, Callable[[], None]] = {}  # an action → what somebody else does just before it

    def __call__(self, action: str, apply: Callable[[], AnswerT]) -> AnswerT:
        self.meanwhile.get(action, lambda: None)()
        try:
            return self.faults.around(action, apply)
        except ReadTimeoutError as error:
            raise AwsUnavailable(action, "ReadTimeoutError", str(error)) from error
        except Refused as error:
            raise KINDS.get(error.code, AwsRefused)(action, error.code, error.message) from error


class EvidenceInMemory(EvidenceStore):
    def __init__(self, wire: Wire) -> None:
        self.wire, self.kept = wire, dict[str, str]()

    def put(self, run_id: str, name: str, document: Any) -> Evidence:
        def keep() -> Evidence:
            self.kept[name] = json.dumps(document)
            return Evidence(s3_uri=f"s3://evidence/{name}", sha256="0")

        return self.wire("s3:PutObject", keep)

    def find(self, run_id: str, name: str) -> Any | None:
        return self.wire("s3:GetObject", lambda: json.loads(self.kept[name]) if name in self.kept else None)

    def get(self, run_id: str, name: str) -> Any:
        return self.find(run_id, name)


class Ec2InMemory(ProbeInstances, ProbeLauncher):
    """Knows a launch again by its parameters, as EC2 does by a ClientToken."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.instances: dict[str, ProbeInstance] = {}
        self.launches: dict[tuple[VantagePoint, str], str] = {}
        self.offers = frozenset((instance_type, ZONE) for instance_type in INSTANCE_TYPES)
        self.refusals: dict[str, Refused] = {}  # by type
        self.most_at_once = 0
        self.unseen = 0  # so many looks still show nothing

    def of_run(self, run_id: str) -> list[ProbeInstance]:
        return self.wire("ec2:DescribeInstances", self._shown)

    def _shown(self) -> list[ProbeInstance]:
        self.unseen -= 1
        return [*self.instances.values()] if self.unseen < 0 else []

    def terminate(self, instance_id: str) -> None:
        self.wire("ec2:TerminateInstances", lambda: self.end(instance_id, "Client.UserInitiatedShutdown"))

    def zones(self, subnet_ids: Collection[str]) -> dict[str, str]:
        return self.wire("ec2:DescribeSubnets", lambda: dict.fromkeys(subnet_ids, ZONE))

    def offered(self) -> frozenset[tuple[str, str]]:
        return self.wire("ec2:DescribeInstanceTypeOfferings", lambda: self.offers)

    def launch(self, run_id: str, point: VantagePoint, instance_type: str) -> str:
        return self.wire("ec2:RunInstances", lambda: self._launch(point, instance_type))

    def _launch(self, point: VantagePoint, instance_type: str) -> str:
        if instance_type in self.refusals:
            raise self.refusals[instance_type]
        if (point, instance_type) not in self.launches:
            instance_id = f"i-{len(self.instances)}"
            self.launches[point, instance_type] = instance_id
            self.instances[instance_id] = ProbeInstance(
                instance_id=instance_id,
                instance_type=instance_type,
                point_key=point.key,
                state="running",
                reason_code="",
                reason="",
            )
            self.most_at_once = max(self.most_at_once, len(self.alive()))
        return self.launches[point, instance_type]

    def alive(self) -> list[str]:
        return [instance.instance_id for instance in self.instances.values() if instance.alive]

    def end(self, instance_id: str, code: str, reason: str = "") -> None:
        ended = {"state": "terminated", "reason_code": code, "reason": reason}
        self.instances[instance_id] = self.instances[instance_id].model_copy(update=ended)


class SsmInMemory(RunCommand):
    """Every instance is online at once and answers at the second look, unless a test says otherwise."""

    def __init__(self, wire: Wire, answer: Callable[[str, Mapping[str, str]], str]) -> None:
        self.wire, self.answer = wire, answer
        self.offline: set[str] = set()  # instance ids that never come online
        self.silent: dict[str, str] = {}  # instance id → the status that its command ends with
        self.commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.looks: dict[str, int] = {}

    def online(self, instance_ids: Sequence[str]) -> frozenset[str]:
        return self.wire("ssm:DescribeInstanceInformation", lambda: frozenset(instance_ids) - self.offline)

    def send(self, instance_ids: Sequence[str], parameters: Mapping[str, str]) -> tuple[str, ...]:
        def keep() -> tuple[str, ...]:
            command_id = f"command-{len(self.commands)}"
            self.commands[command_id] = ([*instance_ids], {**parameters})
            return (command_id,)

        return self.wire("ssm:SendCommand", keep)

    def invocations(self, command_id: str) -> dict[str, Invocation]:
        return self.wire("ssm:ListCommandInvocations", lambda: self._invocations(command_id))

    def _invocations(self, command_id: str) -> dict[str, Invocation]:
        look = self.looks[command_id] = self.looks.get(command_id, 0) + 1
        if look == 1:
            return {}
        instance_ids, parameters = self.commands[command_id]
        return {instance_id: self._invocation(instance_id, parameters) for instance_id in instance_ids}

    def _invocation(self, instance_id: str, parameters: Mapping[str, str]) -> Invocation:
        if instance_id in self.silent:
            status = self.silent[instance_id]
            return Invocation(status=status, done=status != "InProgress", output="")
        return Invocation(status="Success", done=True, output=self.answer(instance_id, parameters))


class ProbeWorld:
    """`addresses` are what the echo service sees, by subnet; the routes promise NAT to all of them."""

    def __init__(self, request: Request, *, at_once: int = 8) -> None:
        self.time, self.at_once, self.request = NOON, at_once, request
        self.wire = Wire()
        self.runs = RunsInMemory(self.wire.faults, a_run(), request)
        self.evidence = EvidenceInMemory(self.wire)
        self.ec2 = Ec2InMemory(self.wire)
        self.ssm = SsmInMemory(self.wire, self._answer)
        self.addresses: dict[str, str] = {}
        self._promise()

    def _promise(self) -> None:
        rows = [
            PredictedEgress(
                instance_group_name=group, subnet_id=point.subnet_id, expected_public_ips=(NAT,), path="nat-1"
            )
            for group, point in vantage_points(self.request)
        ]
        self.evidence.kept["check"] = json.dumps(
            {"PredictedEgress": [row.to_wire() for row in rows], "ScalingSubnets": []}
        )

    def _answer(self, instance_id: str, parameters: Mapping[str, str]) -> str:
        subnet_id = self.ec2.instances[instance_id].point_key.partition("/")[0]
        seen = {"address": self.addresses.get(subnet_id, NAT), "source": "10.0.1.7"}
        places = range(len(parameters["EchoUrls"].split(",")))
        return framed(
            {
                "nonce": parameters["Nonce"],
                "started": "2026-11-24T12:00:00Z",
                "ended": "2026-11-24T12:00:01Z",
                "interface": "ens5",
                "addresses": [
                    {"url": place, **seen} for place in places for _ in range(int(parameters["Connections"]))
                ],
                "ipv6": [],
                "must_reach": [],
                "must_not_reach": [],
            }
        )

    def launch(self) -> launch_probes.Report:
        return launch_probes.launch_probes(
            StepRequest(run_id=self.runs.run.run_id),
            runs=self.runs,
            evidence=self.evidence,
            instances=self.ec2,
            launcher=self.ec2,
            at_once=self.at_once,
            now=lambda: self.time,
        )

    def ask(self) -> ask_probes.Report:
        return ask_probes.ask_probes(
            StepRequest(run_id=self.runs.run.run_id),
            runs=self.runs,
            evidence=self.evidence,
            instances=self.ec2,
            command=self.ssm,
            now=lambda: self.time,
        )

    def remove(self) -> remove_probes.Report:
        return remove_probes.remove_probes(StepRequest(run_id=self.runs.run.run_id), instances=self.ec2)

    def whole(self) -> ask_probes.Report:
        """As the state machine goes: launch, wait, ask, again, then remove; a step that dies is called again."""
        self._wait(_retried(self.launch).wait_seconds)
        for _ in range(LOOKS):
            report = _retried(self.ask)
            self._wait(report.wait_seconds)
            if report.status is Status.MORE:
                self._wait(_retried(self.launch).wait_seconds)
            elif report.status is Status.ANSWERED:
                _retried(self.remove)
                return report
        raise AssertionError("the probes were waited for without end")

    def _wait(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)

    def end_run(self) -> None:
        self.runs.run = self.runs.run.model_copy(update={"state": State.FAILED})

    @property
    def ledger(self) -> Ledger:
        return Ledger.from_wire(json.loads(self.evidence.kept["probes"]))


def _retried(step: Callable[[], AnswerT]) -> AnswerT:
    for tries in itertools.count(1):
        try:
            return step()
        except (AwsUnavailable, Crash):
            if tries == STEP_TRIES:
                raise
    raise AssertionError
