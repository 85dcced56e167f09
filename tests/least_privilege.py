"""Grants against needs: what the roles may do, what the suite saw them do, and what AWS checks besides."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.iam.ledger import Place
from tests.contracts.deployed import functions, listed, named, properties

DOCS = "https://docs.aws.amazon.com"


class Grant(NamedTuple):
    role: str
    action: str
    resource: str  # as the template writes it

    def __str__(self) -> str:
        return f"{self.role} may {self.action} on {self.resource}"


class Unseen(NamedTuple):
    """A grant that AWS asks for although no call of ours shows it."""

    action: str
    why: str
    page: str
    resource: str = ""  # with which the grant's resource ends; "": whichever


LOGS = f"{DOCS}/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html"
TRACES = f"{DOCS}/lambda/latest/dg/services-xray.html"
FUNCTION = [
    Unseen("logs:CreateLogStream", "Lambda writes a function's log with the function's role.", LOGS),
    Unseen("logs:PutLogEvents", "Lambda writes a function's log with the function's role.", LOGS),
    Unseen("xray:PutTelemetryRecords", "Lambda sends a function's trace with the function's role.", TRACES),
    Unseen("xray:PutTraceSegments", "Lambda sends a function's trace with the function's role.", TRACES),
]
GIVEN_UP = Unseen(
    "sqs:SendMessage",
    "Lambda sends on what a function could not do, with the function's role.",
    f"{DOCS}/lambda/latest/dg/invocation-async-retain-records.html",
)
NO_SUCH_KEY = Unseen(
    "s3:ListBucket",
    "With it S3 says that an object is not there, without it that access is denied.",
    f"{DOCS}/AmazonS3/latest/API/API_GetObject.html",
)
HYPERPOD = f"{DOCS}/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites-iam.html"
SAGEMAKER = f"{DOCS}/service-authorization/latest/reference/list_amazonsagemaker.html"
ADD_TAGS = f"{DOCS}/sagemaker/latest/APIReference/API_AddTags.html"
WITH_EKS = "HyperPod does it with the caller's rights when EKS orchestrates the cluster."

UNSEEN: dict[str, list[Unseen]] = {
    "ReaderRole": FUNCTION,
    "ProberRole": [
        *FUNCTION,
        NO_SUCH_KEY,
        Unseen(
            "iam:PassRole",
            "RunInstances hands the probe's role to EC2.",
            f"{DOCS}/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html",
        ),
        Unseen(
            "ec2:CreateTags",
            "RunInstances tags what it makes.",
            f"{DOCS}/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html",
        ),
    ],
    "AskerRole": [*FUNCTION, NO_SUCH_KEY],
    "CreatorRole": [
        *FUNCTION,
        Unseen("iam:PassRole", "CreateCluster hands the groups' execution roles to HyperPod.", HYPERPOD),
        Unseen("iam:CreateServiceLinkedRole", "The first cluster of an account brings HyperPod's own role.", HYPERPOD),
        Unseen("sagemaker:AddTags", "CreateCluster tags the cluster.", ADD_TAGS),
        Unseen("sagemaker:CreateCluster", "A group may name a training plan.", SAGEMAKER, ":training-plan/*"),
        Unseen("sagemaker:CreateCluster", "A group may name reserved capacity.", SAGEMAKER, ":reserved-capacity/*"),
        Unseen("eks:AssociateAccessPolicy", WITH_EKS, HYPERPOD),
        Unseen("eks:CreateAccessEntry", WITH_EKS, HYPERPOD),
        Unseen("eks:DeleteAccessEntry", WITH_EKS, HYPERPOD),
        Unseen("eks:DescribeAccessEntry", WITH_EKS, HYPERPOD),
        Unseen("eks:DescribeCluster", WITH_EKS, HYPERPOD),
    ],
    "WatcherRole": FUNCTION,
    "NoticerRole": [*FUNCTION, GIVEN_UP],
    "KeeperRole": [*FUNCTION, GIVEN_UP, NO_SUCH_KEY],
    "NotifierRole": [*FUNCTION, GIVEN_UP],
}


@dataclass
class Seen:
    """What simulators have judged."""

    calls: int = 0
    used: set[Place] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def add(self, other: "Seen") -> None:
        self.calls += other.calls
        self.used |= other.used
        self.missing |= other.missing


@dataclass(frozen=True)
class Verdict:
    used: frozenset[Grant]
    unused: list[Grant]
    lacking: list[str]  # unseen grants that no statement gives

    @property
    def holds(self) -> bool:
        return not self.unused and not self.lacking


def judge(granted: Iterable[Grant], used: Iterable[Grant], unseen: dict[str, list[Unseen]]) -> Verdict:
    """Compare what is granted with what was used, and with what is known to be needed unseen."""
    granted, used = set(granted), frozenset(used)
    excused = {(role, each): _matching(role, each, granted) for role, needs in unseen.items() for each in needs}
    idle = granted - used - set().union(*excused.values())
    return Verdict(used, sorted(idle), sorted(_told(*need) for need, found in excused.items() if not found))


def _matching(role: str, need: Unseen, granted: set[Grant]) -> set[Grant]:
    return {each for each in granted if each[:2] == (role, need.action) and each.resource.endswith(need.resource)}


def _told(role: str, need: Unseen) -> str:
    return f"{role} lacks {need.action}{f' on …{need.resource}' if need.resource else ''}: {need.why} {need.page}"


def deployed_grants() -> dict[Place, Grant]:
    """All that the functions' roles may do, by where the template says so."""
    roles = {named(each["Role"]) for each in functions().values()}
    return {place: grant for role in roles for place, grant in _grants(role)}


def _grants(role: str) -> Iterator[tuple[Place, Grant]]:
    for policy, document in _policies(role):
        for number, statement in enumerate(document["Statement"]):
            for action in listed(statement["Action"]):
                for position, resource in enumerate(listed(statement["Resource"])):
                    yield Place(role, policy, number, action, position), Grant(role, action, _written(resource))


def _policies(role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for policy in properties(role).get("Policies", []):
        yield policy["PolicyName"], policy["PolicyDocument"]
    for attached in map(named, properties(role).get("ManagedPolicyArns", [])):
        yield attached, properties(attached)["PolicyDocument"]


def _written(resource: Any) -> str:
    """
    >>> _written({"Fn::GetAtt": ["RunTable", "Arn"]})
    '${RunTable.Arn}'
    """
    match resource:
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::GetAtt": [*parts]}:
            return f"${{{'.'.join(parts)}}}"
        case {"Ref": str(name)}:
            return f"${{{name}}}"
    return str(resource)


def used_grants(seen: Seen, granted: dict[Place, Grant]) -> set[Grant]:
    """The grants at these places; one place of a list that a parameter fills stands for all of it."""
    return {granted.get(place) or granted[place._replace(resource=0)] for place in seen.used}
