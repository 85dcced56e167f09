"""How a cluster may change before it counts as drift: a policy on each field, closed by default.

A field that nobody has named here is watched. Names: CreateCluster's, and DescribeCluster's where it has others.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeCluster.html
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, NamedTuple, TypedDict, get_type_hints

from control_plane.domain.findings import Severity


class Watched(NamedTuple):
    effect: str  # what a change does, to be read after "nothing for egress, but "
    severity: Severity = Severity.WARNS
    without: frozenset[str] = frozenset()  # members of it, however deep, that change by themselves


class Noise(NamedTuple):
    reason: str


COUNT = Noise("Autoscalers and people scale groups; each group's counts stand beside it.")
IMAGE = Noise("Scheduled updates and patches change images.")
PASSING = Noise("It tells what goes on at the moment.")
PLACE = Watched("nodes stand in other subnets or security groups", Severity.BLOCKS)


class Group(TypedDict, total=False):
    InstanceGroupName: Annotated[str, Noise("Groups are compared by their names.")]
    ExecutionRole: Annotated[str, Watched("nodes act with another role")]
    OverrideVpcConfig: Annotated[Any, PLACE]
    LifeCycleConfig: Annotated[Any, Watched("nodes that come from now on start with other scripts")]
    InstanceType: Annotated[str, Watched("its nodes are of another type")]
    InstanceRequirements: Annotated[
        Any, Watched("its nodes may be of other types", without=frozenset({"CurrentInstanceTypes"}))
    ]
    InstanceStorageConfigs: Annotated[Any, Watched("nodes that come from now on have other storage")]
    NetworkInterface: Annotated[Any, Watched("nodes that come from now on have other network interfaces")]
    ThreadsPerCore: Annotated[int, Watched("nodes run another number of threads")]
    OnStartDeepHealthChecks: Annotated[Any, Watched("nodes that come from now on are checked otherwise")]
    TrainingPlanArn: Annotated[str, Watched("its capacity comes from elsewhere")]
    CapacityRequirements: Annotated[Any, Watched("its capacity comes from elsewhere")]
    ScheduledUpdateConfig: Annotated[Any, Watched("nodes are updated at other times")]
    AutoPatchConfig: Annotated[
        Any,
        Watched("nodes are patched otherwise", without=frozenset({"CurrentPatchSchedule", "DesiredPatchSchedule"})),
    ]
    KubernetesConfig: Annotated[
        Any,
        Watched("pods are placed by other labels or taints", without=frozenset({"CurrentLabels", "CurrentTaints"})),
    ]
    SlurmConfig: Annotated[Any, Watched("Slurm uses its nodes otherwise")]
    EnvironmentConfig: Annotated[Any, Watched("its restricted environment is another")]
    InstanceCount: Annotated[int, COUNT]
    MinInstanceCount: Annotated[int, COUNT]
    MinCount: Annotated[int, COUNT]
    CurrentCount: Annotated[int, COUNT]
    TargetCount: Annotated[int, COUNT]
    TargetStateCount: Annotated[int, COUNT]
    InstanceTypeDetails: Annotated[Any, COUNT]
    ImageId: Annotated[str, IMAGE]
    ImageReleaseVersion: Annotated[str, IMAGE]
    CurrentImageId: Annotated[str, IMAGE]
    DesiredImageId: Annotated[str, IMAGE]
    CurrentImageReleaseVersion: Annotated[str, IMAGE]
    DesiredImageReleaseVersion: Annotated[str, IMAGE]
    ImageVersionStatus: Annotated[str, IMAGE]
    SoftwareUpdateStatus: Annotated[str, PASSING]
    ActiveSoftwareUpdateConfig: Annotated[Any, PASSING]
    ActiveOperations: Annotated[Any, PASSING]
    Status: Annotated[str, PASSING]
    TrainingPlanStatus: Annotated[str, PASSING]


class Cluster(TypedDict, total=False):
    VpcConfig: Annotated[Any, PLACE]
    Orchestrator: Annotated[Any, Watched("another scheduler runs its jobs")]
    NodeRecovery: Annotated[str, Watched("broken nodes are handled otherwise")]
    NodeProvisioningMode: Annotated[str, Watched("nodes are provisioned otherwise")]
    ClusterRole: Annotated[str, Watched("autoscaling acts with another role")]
    AutoScaling: Annotated[
        Any, Watched("nodes are added and removed otherwise", without=frozenset({"Status", "FailureMessage"}))
    ]
    TieredStorageConfig: Annotated[Any, Watched("checkpoints are kept otherwise")]
    RestrictedInstanceGroupsConfig: Annotated[
        Any,
        Watched(
            "the restricted groups share another environment",
            without=frozenset({"CurrentFSxLustreConfig", "CurrentFSxLustreDeletionPolicy"}),
        ),
    ]
    InstanceGroups: Annotated[Any, Noise("They are compared one by one.")]
    RestrictedInstanceGroups: Annotated[Any, Noise("They are compared one by one.")]
    ClusterName: Annotated[str, Noise("A name cannot change; whose it is tells the ARN.")]
    ClusterArn: Annotated[str, Noise("It is compared by itself.")]
    ClusterStatus: Annotated[str, PASSING]
    FailureMessage: Annotated[str, PASSING]
    CreationTime: Annotated[Any, Noise("It never changes.")]
    Tags: Annotated[Any, Noise("Tags change nothing of what a cluster does.")]


LISTS = ("InstanceGroups", "RestrictedInstanceGroups")
UNKNOWN_FIELD = Watched("it is otherwise than accepted, in a way that this release does not know")


def policies(shape: type) -> dict[str, Watched | Noise]:
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(shape, include_extras=True).items()}


_OF_CLUSTER, _OF_GROUP = policies(Cluster), policies(Group)


class Difference(NamedTuple):
    subject: str  # "$.InstanceGroups[worker].ExecutionRole"
    group_names: tuple[str, ...]
    was: str
    is_: str
    effect: str
    severity: Severity
    placed: bool = False  # nodes stand where none stood: to be told with where they leave
    remedy: str = ""


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    everybody = tuple(sorted(name for one in LISTS for name in _groups(was, one)))
    yield from _fields("$", everybody, was, now, _OF_CLUSTER)
    for one in LISTS:
        yield from _of_groups(one, _groups(was, one), _groups(now, one))


def _groups(cluster: Mapping[str, Any], of: str) -> dict[str, dict[str, Any]]:
    return {group["InstanceGroupName"]: group for group in cluster.get(of) or ()}


def _of_groups(of: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted({*was, *now}):
        place = f"$.{of}[{name}]"
        if name not in now:
            effect = f"{name} is gone, and nothing of it leaves any more"
            yield Difference(place, (name,), "there", "removed", effect, Severity.WARNS)
        elif name not in was:
            remedy = f"--instance-groups-to-delete {name}"
            told = _shown(now[name].get("OverrideVpcConfig") or "the cluster's VpcConfig")
            yield Difference(
                place, (name,), "no such group", told, f"{name} was added", Severity.WARNS, remedy=remedy, placed=True
            )
        else:
            yield from _fields(place, (name,), was[name], now[name], _OF_GROUP)


def _fields(
    place: str, names: tuple[str, ...], was: Mapping[str, Any], now: Mapping[str, Any], of: Mapping[str, Any]
) -> Iterator[Difference]:
    for field in sorted({*was, *now}):
        policy = of.get(field, UNKNOWN_FIELD)
        if isinstance(policy, Noise):
            continue
        before, after = (_without(one.get(field), policy.without) for one in (was, now))
        if before != after:
            effect = f"nothing for egress, but {policy.effect}" if policy is not PLACE else policy.effect
            yield Difference(
                f"{place}.{field}",
                names,
                _shown(before),
                _shown(after),
                effect,
                policy.severity,
                placed=policy is PLACE,
            )


def _without(value: Any, members: Collection[str]) -> Any:
    """The same in whatever order AWS lists it."""
    if isinstance(value, Mapping):
        return {key: _without(one, members) for key, one in sorted(value.items()) if key not in members}
    if isinstance(value, (list, tuple)):
        return sorted((_without(one, members) for one in value), key=_shown)
    return value


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
