"""What must hold between keys of the Cluster part and the service model does not say. Keys are AWS's by now.

Types are judged elsewhere: whatever is not of its type is passed over here.
"""

from collections.abc import Iterator
from itertools import chain

from control_plane.domain.door.rules import (
    CONTINUOUS,
    GROUP_NAME,
    LIFECYCLE,
    MANY_GROUPS,
    MINIMUM,
    NO_GROUPS,
    OWN_VPC,
    REPEATED_ID,
    RESERVED_TAG,
    TAG_KEY,
)
from control_plane.domain.door.shape_check import not_exactly_one
from control_plane.domain.door.spots import Fault, Spot, repeated, shown

USUAL_GROUPS = 20  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html
RESERVED = ("aws:", "hyperpod-vpc:")
NEEDS_CONTINUOUS = ("MinInstanceCount", "InstanceRequirements", "CapacityRequirements")


def check_cluster(cluster: Spot) -> Iterator[Fault]:
    groups = _groups(cluster)
    yield from _check_groups(cluster, groups)
    yield from _check_names(groups)
    yield from _check_tags(cluster.get("Tags"))
    yield from _check_alternatives(cluster.get("Orchestrator"), ("Eks", "Slurm"))
    yield from _check_ids(cluster.get("VpcConfig"))
    for group in cluster.get("InstanceGroups").items():
        yield from _check_alternatives(group, ("InstanceType", "InstanceRequirements"))
    for group in groups:
        yield from _check_group(group, cluster)


def _groups(cluster: Spot) -> list[Spot]:
    both = chain(cluster.get("InstanceGroups").items(), cluster.get("RestrictedInstanceGroups").items())
    return [group for group in both if isinstance(group.value, dict)]


def _check_groups(cluster: Spot, groups: list[Spot]) -> Iterator[Fault]:
    if len(groups) > USUAL_GROUPS:
        remedy = f"Ask AWS for a higher quota first, or use at most {USUAL_GROUPS} groups."
        yield Fault(cluster, MANY_GROUPS, f"{len(groups)} groups", f"at most {USUAL_GROUPS}", remedy)
    if not groups and not (_given(cluster, "InstanceGroups") or _given(cluster, "RestrictedInstanceGroups")):
        spot = cluster.get("InstanceGroups")
        yield Fault(spot, NO_GROUPS, "no groups", "a group whose egress can be proved", "Add a group.")
        if not _given(cluster, "VpcConfig"):
            yield _no_vpc(cluster)


def _check_group(group: Spot, cluster: Spot) -> Iterator[Fault]:
    if not (_given(group, "OverrideVpcConfig") or _given(cluster, "VpcConfig")):
        yield _no_vpc(group)
    yield from _check_minimum(group)
    yield from _check_continuous(group, cluster)
    yield from _check_lifecycle(group.get("LifeCycleConfig"))
    yield from _check_ids(group.get("OverrideVpcConfig"))


def _no_vpc(spot: Spot) -> Fault:
    remedy = "Add a VpcConfig with Subnets and SecurityGroupIds to Cluster, or an OverrideVpcConfig to each group."
    seen, wanted = "neither VpcConfig nor OverrideVpcConfig", "subnets and security groups of yours"
    return Fault(spot, OWN_VPC, seen, wanted, remedy)


def _check_names(groups: list[Spot]) -> Iterator[Fault]:
    for name, first in repeated(group.get("InstanceGroupName") for group in groups):
        seen = f"{shown(name.value)}, as at {first.path}"
        yield Fault(name, GROUP_NAME, seen, "a name of its own", "Rename one of them.")


def _check_minimum(group: Spot) -> Iterator[Fault]:
    minimum, count = group.get("MinInstanceCount"), group.get("InstanceCount").value
    if isinstance(minimum.value, int) and isinstance(count, int) and minimum.value > count:
        wanted, remedy = f"at most InstanceCount, {count}", "Lower it, or raise InstanceCount."
        yield Fault(minimum, MINIMUM, shown(minimum.value), wanted, remedy)


def _check_continuous(group: Spot, cluster: Spot) -> Iterator[Fault]:
    if _given(cluster, "NodeProvisioningMode"):  # its only value; any other is a fault of its own
        return
    for key in NEEDS_CONTINUOUS:
        if _given(group, key):
            remedy = 'Add "NodeProvisioningMode": "Continuous" to Cluster, or leave this key out.'
            seen, wanted = f"{key}, and no NodeProvisioningMode", "NodeProvisioningMode Continuous"
            yield Fault(group.get(key), CONTINUOUS, seen, wanted, remedy)


def _check_lifecycle(config: Spot) -> Iterator[Fault]:
    if not isinstance(config.value, dict):
        return
    scripts = [key for key in ("OnCreate", "OnInitComplete") if _given(config, key)]
    if len(scripts) == 1 and _given(config, "SourceS3Uri"):
        return
    seen = ", ".join(config.value) or "an empty object"
    remedy = "Name one entry script and the S3 prefix it lies under, or leave LifeCycleConfig out."
    yield Fault(config, LIFECYCLE, seen, "OnCreate or OnInitComplete, and SourceS3Uri", remedy)


def _check_tags(tags: Spot) -> Iterator[Fault]:
    keys = [tag.get("Key") for tag in tags.items()]
    for key, first in repeated(keys):
        seen = f"{shown(key.value)}, as at {first.path}"
        yield Fault(key, TAG_KEY, seen, "a key of its own", "Keep one of the two tags.")
    for key in keys:
        if isinstance(key.value, str) and key.value.lower().startswith(RESERVED):
            wanted = f"a key that begins with neither {' nor '.join(RESERVED)}"
            yield Fault(key, RESERVED_TAG, shown(key.value), wanted, "Rename it.")


def _check_ids(vpc_config: Spot) -> Iterator[Fault]:
    for key in ("Subnets", "SecurityGroupIds"):
        ids = vpc_config.get(key)
        if again := sorted({str(spot.value) for spot, _ in repeated(ids.items())}):
            yield Fault(ids, REPEATED_ID, f"more than once: {shown(again)}", "each id once", "Name each once.")


def _check_alternatives(spot: Spot, keys: tuple[str, ...]) -> Iterator[Fault]:
    given = [key for key in keys if _given(spot, key)]
    if isinstance(spot.value, dict) and len(given) != 1:
        yield not_exactly_one(spot, keys, given)


def _given(spot: Spot, key: str) -> bool:
    return spot.get(key).value is not None
