"""What probes are asked, and what is known of each: one small instance for each way out of the request's network."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Self

from control_plane.domain.egress import Egress, Via
from control_plane.domain.request import EgressTerms, Request
from control_plane.domain.wire import Moment, Wire

# The document's parameters, in the order in which the script takes them; the patterns are the fence between a caller
# and a shell. No count stands inside another one, so the length of a URL is left to the request's door: Go's regexp,
# in which the agent on a node reads patterns, refuses nested counts above 1,000. https://pkg.go.dev/regexp/syntax
_URL = r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?"
PARAMETER_PATTERNS = {
    "Nonce": "^[0-9a-f]{32}$",
    "EchoUrls": f"^{_URL}(,{_URL}){{0,4}}$",
    "MustReach": f"^(-|{_URL}(,{_URL}){{0,19}})$",
    "MustNotReach": f"^(-|{_URL}(,{_URL}){{0,19}})$",
    "Connections": "^[1-3]$",
}

CONNECTIONS = 3  # to each echo URL: a NAT gateway with several addresses picks one per connection

ONLINE_WAIT = timedelta(minutes=5)  # from the first look, soon after the launch; a small instance needs one or two
DELIVERY_TIMEOUT = timedelta(seconds=60)
EXECUTION_TIMEOUT = timedelta(seconds=120)  # the script bounds itself at 96 s
# SSM waits for the sum: https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html#monitor-about-status-timeouts
COMMAND_TIMEOUT = DELIVERY_TIMEOUT + EXECUTION_TIMEOUT
POWER_OFF_AFTER = ONLINE_WAIT + COMMAND_TIMEOUT + timedelta(minutes=5)

# The order in which to try them, and the architecture of each.
INSTANCE_TYPES = {"t4g.nano": "arm64", "t4g.micro": "arm64", "t3.nano": "x86_64", "t3.micro": "x86_64"}

# The dead man's switch: a boothook is the earliest that user data can run, before any module that needs the network.
# https://docs.cloud-init.io/en/latest/explanation/format.html#cloud-boothook
_MINUTES = POWER_OFF_AFTER.seconds // 60
USER_DATA = f"""#cloud-boothook
#!/bin/sh
systemd-run --no-block --on-active={_MINUTES}min systemctl poweroff || shutdown -P +{_MINUTES}
"""


class VantagePoint(Wire):
    """A place that traffic leaves from: the same for every interface in this subnet with these security groups."""

    subnet_id: str
    security_group_ids: tuple[str, ...]  # sorted

    @property
    def key(self) -> str:
        """Its name in tags and findings: ``subnet-1/sg-1+sg-2``."""
        return f"{self.subnet_id}/{'+'.join(self.security_group_ids)}"


class Question(Wire):
    """What every probe of a run is asked; answers name a URL by its position in these lists."""

    nonce: str
    echo_urls: tuple[str, ...]
    must_reach: tuple[str, ...]
    must_not_reach: tuple[str, ...]
    connections: int = CONNECTIONS

    @classmethod
    def of(cls, asked_by: str, terms: EgressTerms) -> Self:
        """What somebody asks, under a nonce that is the same when a step runs again."""
        return cls(
            nonce=sha256(asked_by.encode()).hexdigest()[:32],
            echo_urls=terms.echo_urls,
            must_reach=terms.must_reach,
            must_not_reach=terms.must_not_reach,
        )

    def parameters(self) -> dict[str, str]:
        lists = (self.echo_urls, self.must_reach, self.must_not_reach)
        values = (self.nonce, *map(_listed, lists), str(self.connections))
        return dict(zip(PARAMETER_PATTERNS, values, strict=True))


def _listed(urls: tuple[str, ...]) -> str:
    return ",".join(urls) or "-"


class TroubleKind(StrEnum):
    NO_INSTANCE = "NoInstance"  # it could not be launched, or did not live
    NEVER_ONLINE = "NeverOnline"  # it ran, and never reported to Systems Manager
    NO_NODE = "NoNode"  # the group has no node that could be asked
    NO_SESSION = "NoSession"  # Session Manager did not let us talk to it
    NO_ANSWER = "NoAnswer"  # it was not, or could not be, asked


class Trouble(Wire):
    """Why a probe has nothing to say."""

    kind: TroubleKind
    code: str  # AWS's, where it has one
    text: str


class Probe(Wire):
    point: VantagePoint
    instance_type: str | None = None
    instance_id: str | None = None
    trouble: Trouble | None = None
    output: str | None = None  # as it came

    @property
    def settled(self) -> bool:
        return self.trouble is not None or self.output is not None

    def running_as(self, instance_id: str, instance_type: str) -> Self:
        return self.model_copy(update={"instance_id": instance_id, "instance_type": instance_type})

    def in_trouble(self, kind: TroubleKind, code: str, text: str) -> Self:
        return self.model_copy(update={"trouble": Trouble(kind=kind, code=code, text=text[:300])})


class Ledger(Wire):
    """All that is known of a run's probes, kept as its evidence ``probes``.

    Times and commands are those of the batch under way.
    """

    question: Question
    probes: tuple[Probe, ...]
    looked_at: Moment | None = None  # first: by the clock that goes on to look, which need not be who launched's
    asked_at: Moment | None = None
    command_ids: tuple[str, ...] = ()
    egress: tuple[Egress, ...] = ()  # the verdicts, once all are settled

    @classmethod
    def of(cls, run_id: str, request: Request) -> Self:
        points = dict.fromkeys(point for _, point in vantage_points(request))
        return cls(question=Question.of(run_id, request.egress), probes=tuple(Probe(point=point) for point in points))

    @property
    def under_way(self) -> dict[str, Probe]:
        """The probes that are not settled and have an instance, by its id."""
        return {probe.instance_id: probe for probe in self.probes if probe.instance_id and not probe.settled}

    @property
    def settled(self) -> bool:
        return all(probe.settled for probe in self.probes)

    @property
    def hopeless(self) -> bool:
        """Whether a whole batch was launched and none of it came online: the next would be waited for in vain."""
        troubles = [probe.trouble.kind if probe.trouble else None for probe in self.probes if probe.settled]
        return bool(troubles) and set(troubles) == {TroubleKind.NEVER_ONLINE}

    def waited_for_long(self, at: datetime) -> bool:
        """Whether who has not come online, or not answered, by now will not be waited for any more."""
        if self.asked_at:
            return at - self.asked_at >= COMMAND_TIMEOUT
        return self.looked_at is not None and at - self.looked_at >= ONLINE_WAIT

    def next_batch(self, most: int) -> tuple[Probe, ...]:
        return tuple(probe for probe in self.probes if not probe.settled)[:most]

    def with_probes(self, probes: Iterable[Probe]) -> Self:
        """The same ledger with these probes in place of those of the same vantage points."""
        changed = {probe.point: probe for probe in probes}
        return self.model_copy(update={"probes": tuple(changed.get(probe.point, probe) for probe in self.probes)})

    def launched(self, batch: Iterable[Probe]) -> Self:
        return self.with_probes(batch).model_copy(update={"looked_at": None, "asked_at": None, "command_ids": ()})

    def looked(self, at: datetime) -> Self:
        return self if self.looked_at else self.model_copy(update={"looked_at": at})

    def asked(self, command_ids: tuple[str, ...], at: datetime) -> Self:
        return self.model_copy(update={"asked_at": at, "command_ids": command_ids})


def vantage_points(request: Request) -> Iterator[tuple[str, VantagePoint]]:
    """Each group's name with each of its candidate subnets, as an interface there would have it.

    Restricted groups are left out: they run without the internet, and nobody can ask their nodes.
    """
    if Via.BEFORE_CREATE not in request.egress.prove:
        return
    for group in request.shape.instance_groups:
        vpc = request.shape.vpc_of(group)
        security_group_ids = tuple(sorted(set(vpc.security_group_ids)))
        for subnet_id in dict.fromkeys(vpc.subnets):
            point = VantagePoint(subnet_id=subnet_id, security_group_ids=security_group_ids)
            yield group.instance_group_name, point


def instance_types_for(zone: str, offered: frozenset[tuple[str, str]]) -> list[str]:
    """The types to try in a zone, cheapest first; `offered` holds (type, zone).

    >>> instance_types_for("eu-west-1a", frozenset({("t3.nano", "eu-west-1a"), ("t4g.nano", "eu-west-1b")}))
    ['t3.nano']
    """
    return [instance_type for instance_type in INSTANCE_TYPES if (instance_type, zone) in offered]


def pause_seconds(probing: timedelta, *, asked: bool) -> int:
    """How long to wait before the next look: a twentieth of the time that the run has been probing, a minute at most.

    A network may have many hundred vantage points, and an execution's history holds 25,000 events.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html

    >>> pause_seconds(timedelta(minutes=1), asked=True)
    5
    """
    return max(5 if asked else 10, min(60, probing // timedelta(seconds=20)))
