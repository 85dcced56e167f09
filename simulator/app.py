"""The simulator as one thing: opened, visited, closed."""

import json
import logging
import math
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Self

import boto3
import time_machine
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend

import simulator.ec2
import simulator.hyperpod
import simulator.internet
import simulator.ssm
from simulator import gateway, shortcuts, world
from simulator.awslambda import service as lambda_service
from simulator.awslambda.asynchronous import Asynchronous
from simulator.awslambda.runtime import Outcome, Runtime, Sources, secret_of
from simulator.clients import Clients
from simulator.clock import Clock
from simulator.cloudformation import registry
from simulator.cloudtrail.trail import Trail
from simulator.context import Context
from simulator.controls import Controls
from simulator.door import Answered, Door
from simulator.eventbridge.buses import Buses
from simulator.eventbridge.deliveries import Deliveries
from simulator.eventbridge.schedules import Schedules
from simulator.faults import AnyFault, CallFault, CallKind, Faults, FunctionFault
from simulator.faults.calls import Disturbance
from simulator.front import Front
from simulator.iam.authoriser import Authoriser
from simulator.iam.ledger import ledger_of
from simulator.operations import Call, Refusal
from simulator.patching import Patches
from simulator.responses import Environ
from simulator.sessions import Gateway
from simulator.sessions.homes import Homes
from simulator.slack_inbox import SlackInbox
from simulator.stepfunctions.machines import Machines
from simulator.world import Plan

SEED = 20_261_124  # with it the same world has the same ids, every time
# Each failed state is an error to moto's interpreter, and metrics of its own are missed by SAM's translator.
NO_NEWS = ("moto.stepfunctions", "samtranslator.metrics")
IDLE = "idle"  # what keeps the clock going while nobody waits is not under way
TICK = 15.0  # virtual seconds
PATIENCE = 120.0  # real seconds


@dataclass(frozen=True)
class ApiAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Simulator:
    """AWS with the control plane deployed in it. One at a time in a process: moto's state is the process's."""

    _alone = Lock()

    def __init__(self, plan: Plan, clock: Clock, aws_port: int, api_port: int) -> None:
        if not self._alone.acquire(blocking=False):
            raise RuntimeError("Simulators run one at a time in a process: close the other one first.")
        self._closing = ExitStack()
        self._closing.callback(self._alone.release)
        with ExitStack() as on_failure:
            on_failure.callback(self._closing.close)
            self._open(plan, clock, aws_port, api_port)
            on_failure.pop_all()

    @classmethod
    def start(
        cls, plan: Plan | None = None, *, speed: float = math.inf, aws_port: int = 0, api_port: int = 0
    ) -> "Simulator":
        """
        Args:
            speed: virtual seconds a real second of waiting is worth.
            aws_port, api_port: 0: any free one.

        Raises:
            OSError: a port is taken.
            NotModelledError: the template asks for what the simulator would have to skip in silence.
        """
        return cls(plan or Plan(), Clock(speed), aws_port, api_port)

    def _open(self, plan: Plan, clock: Clock, aws_port: int, api_port: int) -> None:
        self.clock, patches, self._session = clock, Patches(), boto3.Session()
        self._travel(clock)
        self._door = Door(aws_port)
        self._closing.callback(self._door.close)
        self._begin_empty(patches)
        shortcuts.install(patches)
        self.client = self._clients("visitor")
        self._install_events(patches)
        self._install_world(patches)
        self._install_plane(plan, patches)
        self._front = self._made_front(api_port)
        self._door.open()
        self._built = world.build(self.client, plan)
        self._door.known_as = {name: logical_id for logical_id, name in self._functions().items()}
        self._install_iam(plan)
        self.world = self._built.facts
        self._front.open(gateway.routes(self._built.plane))
        self._closing.callback(clock.close)

    def _install_iam(self, plan: Plan) -> None:
        """Who may call what, and who has called what: from now on, when there are roles to call as."""
        authoriser = Authoriser(self._built.plane, self.hyperpod, ledger_of(plan.template))
        self.trail = Trail(self.clock, self._buses, authoriser.role_of, on=plan.trail)
        self._door.authorise, self._door.witness = authoriser.judge, self.trail.witness

    def _install_events(self, patches: Patches) -> None:
        deliveries = Deliveries(self.clock, self._clients("events"))
        self._buses = Buses(self.clock, deliveries, self.faults)
        self._buses.install(patches)
        Schedules(self.clock, self._buses, deliveries).install(patches)
        self.context = Context(self.clock, self._buses.emit, self._door.url)

    def _install_world(self, patches: Patches) -> None:
        """EC2, HyperPod, what lies outside, and the agents that ask it; each is also a story-teller's handle."""
        self.inbox = SlackInbox(self.clock, self.faults)
        self.ec2 = simulator.ec2.install(self.context, patches)
        self.internet = simulator.internet.start(self.context, self.inbox.receive)
        self._closing.callback(self.internet.close)
        self.hyperpod = simulator.hyperpod.install(self.context, patches)
        self._gateway = Gateway(self.clock, self.context.region, self._may_open, secret_of)
        self._closing.callback(self._gateway.close)
        homes = Homes(self.hyperpod, self.internet.environment)
        self.sessions = simulator.ssm.Sessions(self.context, self._gateway, homes.of, self.faults)
        self.agents = simulator.ssm.install(self.context, self.internet, patches, self.sessions)

    def _may_open(self, call: Call, environ: Environ, body: bytes) -> Refusal | None:
        return self._door.authorise(call, environ, body)  # which is not yet the one that it will be

    def _install_plane(self, plan: Plan, patches: Patches) -> None:
        """What the control plane is deployed by and runs on."""
        scratch = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="simulator-"))
        sources = Sources(plan.template.parent, Path(scratch), str(self.internet.ca_file), self.internet.port)
        self._runtime = Runtime(self.context, sources, self.faults, self._gateway)
        self._closing.callback(self._runtime.close)
        self._give_powers(self._door.disturbance)
        lambda_service.install(
            patches, self._runtime, Asynchronous(self.context, self._runtime, self._clients("lambda"))
        )
        self._machines = Machines(self.context, self._runtime, self._door)
        self._machines.install(patches)
        registry.install(patches, self._clients("cloudformation"))

    def _travel(self, clock: Clock) -> None:
        """Have all that moto stamps, stamped by the virtual clock."""
        travel = time_machine.travel(clock.now(), tick=False)
        coordinates = travel.start()
        self._closing.callback(travel.stop)
        clock.watch(coordinates.move_to)

    def _begin_empty(self, patches: Patches) -> None:
        moto_api_backend.reset()
        mock_random.seed(SEED)
        for name in NO_NEWS:
            logger = logging.getLogger(name)
            self._closing.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        self._closing.callback(patches.undo)
        self._closing.callback(moto_api_backend.reset)  # first of the two: its short cuts hold for this, too

    def acting_as(self, caller: str) -> Clients:
        """Clients that sign as a function does, by logical id or name, and are judged by its role; or as anybody.

        Anybody, "ops", may do everything, and is known to CloudTrail as the role of that name.
        """
        return self._clients(self.function_name(caller))

    def _clients(self, caller: str) -> Clients:
        clients = Clients(self._door.url, caller, self._session)
        self._closing.callback(clients.close)
        return clients

    def _made_front(self, port: int) -> Front:
        front = Front(port, self.clock, self._runtime.invoke)
        self._closing.callback(front.close)
        front.page("/_slack/messages", lambda _: self.slack())
        front.page("/_events", lambda _: self.events())
        Controls(self.hyperpod, self.faults, self.inject, self._fault_names).install(front)
        return front

    def _fault_names(self) -> dict[str, set[str]]:
        names = self._functions()
        return {"Function": {*names, *names.values()}, "State": self._machines.state_names()}

    def _give_powers(self, disturbance: Disturbance) -> None:
        sandboxes = self._runtime.sandboxes
        disturbance.kill, disturbance.wait, disturbance.kill_plane = sandboxes.kill, sandboxes.wait, self.kill_plane

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.close()

    # ---------------------------------------------------------------- where it is

    @property
    def aws_url(self) -> str:
        return self._door.url

    @property
    def api_url(self) -> str:
        return self._front.url

    @property
    def outputs(self) -> dict[str, str]:
        """The control plane's stack outputs."""
        return self._built.plane.outputs

    def address_book(self) -> dict[str, Any]:
        """What `up` prints: where everything is."""
        return {
            "aws": self.aws_url,
            "api": self.api_url,
            "slack": f"{self.api_url}/_slack/messages",
            "events": f"{self.api_url}/_events",
            "control": f"{self.api_url}/_control",
            "region": self.context.region,
            "world": self.world,
        }

    # ---------------------------------------------------------------- what happened in it

    def slack(self) -> list[dict[str, Any]]:
        return self.inbox.messages()

    def events(self, detail_type: str = "") -> list[dict[str, Any]]:
        """Events of all buses, oldest first; with a detail-type, only those."""
        return [event for event in self._buses.events() if detail_type in ("", event["DetailType"])]

    @property
    def buses(self) -> Buses:
        return self._buses

    def calls(self) -> list[Answered]:
        """Every call so far; a function that called is named by its logical id."""
        return self._door.calls()

    def logs(self, function: str) -> list[str]:
        """The lines a function wrote; by logical id or name."""
        return self._runtime.log(self.function_name(function))

    @property
    def faults(self) -> Faults:
        return self._door.faults

    def cut_reply(self, call: str, *, nth: int = 1, caller: str = "") -> None:
        """Apply the nth such call from now on, "sagemaker:CreateCluster", and lose its reply."""
        self.inject(CallFault(call, CallKind.CUT, caller=caller, nth=nth))

    def fail(self, call: str, code: str, *, status: int = 400, nth: int = 0, caller: str = "") -> None:
        """Refuse the nth such call from now on, or every one (0), without applying it."""
        self.inject(CallFault(call, CallKind.REFUSE, caller=caller, nth=nth, code=code, status=status))

    def inject(self, *faults: AnyFault, seed: int | str = 0) -> None:
        """Put faults in force; functions by logical id or name. What the seed draws, it draws again."""
        self.faults.add(*(self._meant(fault) for fault in faults), seed=seed)

    def _meant(self, fault: AnyFault) -> AnyFault:
        match fault:
            case CallFault():
                return replace(fault, caller=self.function_name(fault.caller))
            case FunctionFault():
                return replace(fault, function=self.function_name(fault.function))
        return fault

    def kill_plane(self) -> None:
        """From now on, until `faults.clear`, no function of the control plane comes to anything."""
        self.faults.plane_is_dead = True
        self._runtime.sandboxes.kill_all()

    # ---------------------------------------------------------------- what a visitor can do

    def function_name(self, name: str) -> str:
        """A function's physical name, given its logical id; any other name stays as it is."""
        return self._functions().get(name, name)

    def role_name(self, name: str) -> str:
        """A role's physical name, given its logical id."""
        return self._built.plane.physical("AWS::IAM::Role")[name]

    def _functions(self) -> dict[str, str]:
        return self._built.plane.physical("AWS::Lambda::Function")

    def invoke(self, function: str, event: Any) -> Outcome:
        return self._runtime.invoke(self.function_name(function), json.dumps(event))

    def put_request(self, detail: dict[str, Any], detail_type: str = world.REQUESTED) -> str:
        """Ask, for a cluster if nothing else is said, on the stack's bus; answers the event's id."""
        answer = self.client("events").put_events(Entries=[world.request_entry(self.world, detail, detail_type)])
        return str(answer["Entries"][0]["EventId"])

    def api(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> ApiAnswer:
        """Call the HTTP API; a body that is no bytes is sent as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api_url + path, data, headers or {}, method=method)  # noqa: S310 # our own server
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 # nosec B310 # our own server
                return ApiAnswer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return ApiAnswer(answer.code, dict(answer.headers), answer.read())

    def get(self, path: str) -> Any:
        return self.api("GET", path).json()

    @staticmethod
    def run_id(request_id: str) -> str:
        return f"run-{sha256(request_id.encode()).hexdigest()[:24]}"

    def wait_for(self, run_id: str) -> dict[str, Any]:
        """Wait until the run's execution has ended; answers DescribeExecution."""
        arn = self._machines.wait_for(run_id, PATIENCE)
        return dict(self.client("stepfunctions").describe_execution(executionArn=arn))

    def settle(self) -> None:
        """Wait until no execution, no delivery and no other work is under way; timers may still be set."""
        self.clock.settle(PATIENCE, but=IDLE)

    def hold(self) -> AbstractContextManager[None]:
        """In a ``with``: time stands still, so that a test can look at, or change, the middle of something."""
        return self.clock.working("a test holds the clock")

    @contextmanager
    def skewed(self, seconds: Callable[[str], float]) -> Iterator[None]:
        """In a ``with``: each function's own clock is ahead by so many seconds; asked by logical id, at every call."""
        logical = self._door.known_as
        before, self._runtime.skew = self._runtime.skew, lambda name: seconds(logical[name])
        try:
            yield
        finally:
            self._runtime.skew = before

    def keep_time(self) -> None:
        """Let time go on while nobody waits for anything, at the clock's speed."""

        def tick() -> None:
            while True:
                self.clock.sleep(TICK)

        self.clock.spawn(IDLE, tick)

    def workers(self, function: str) -> list[int]:
        """Process ids of the sandboxes that run the function just now: what a crash test kills."""
        return self._runtime.workers(self.function_name(function))
