"""The cluster itself: a policy on every field, groups that come and go, and clusters that are no more."""

from collections.abc import Iterable

import botocore.session
import pytest
from botocore.model import StructureShape

from control_plane.domain.drift.compare import compare
from control_plane.domain.drift.configuration import Cluster, Group, Noise, policies
from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity
from tests.accounts import CONTROLLER, CONTROLLER_IP, ROLE, WORKER, group, nat_gateway, route, route_table, subnet
from tests.unit.drift_stories import ARN, Change, WatchedAccount, baseline_of, compared, drifts, nothing, seen_of
from tests.unit.test_rulebook import denied

OTHER_ROLE = "arn:aws:iam::123456789012:role/other"


def members(*shapes: str) -> set[str]:
    model = botocore.session.get_session().get_service_model("sagemaker")
    found = [model.shape_for(name) for name in shapes]
    return {member for shape in found if isinstance(shape, StructureShape) for member in shape.members}


GROUP_SHAPES = (
    "ClusterInstanceGroupSpecification",
    "ClusterRestrictedInstanceGroupSpecification",
    "ClusterInstanceGroupDetails",
    "ClusterRestrictedInstanceGroupDetails",
)


def test_every_field_of_a_group_is_watched_or_named_as_noise() -> None:
    assert set(policies(Group)) == members(*GROUP_SHAPES)


def test_every_field_of_a_cluster_is_watched_or_named_as_noise() -> None:
    assert set(policies(Cluster)) == members("CreateClusterRequest", "DescribeClusterResponse")


@pytest.mark.parametrize("shape", [Cluster, Group])
def test_noise_has_a_reason(shape: type) -> None:
    assert all(one.reason.endswith(".") for one in policies(shape).values() if isinstance(one, Noise))


def on_worker(**fields: object) -> Change:
    return lambda account: account.groups[1].update(fields)


def on_cluster(**fields: object) -> Change:
    return lambda account: account.request["Cluster"].update(fields)


WATCHED = sorted(name for name, policy in policies(Group).items() if not isinstance(policy, Noise))


@pytest.mark.parametrize("field", [name for name in WATCHED if name not in {"OverrideVpcConfig", "ExecutionRole"}])
def test_a_watched_field_of_a_group_is_told_by_its_place(field: str) -> None:
    value = {"Changed": True} if field == "LifeCycleConfig" else "changed"
    [drift] = drifts(on_worker(**{field: value}))
    assert (drift.kind, drift.subject) == (Kind.CONFIGURATION, f"$.InstanceGroups[worker].{field}")
    assert drift.instance_group_names == ("worker",)
    assert drift.effect.startswith("nothing for egress, but ")


@pytest.mark.parametrize("field", sorted(policies(Group).keys() - {*WATCHED, "InstanceGroupName"}))
def test_a_field_that_is_noise_is_silent(field: str) -> None:
    assert drifts(on_worker(**{field: 7})) == []


def test_a_field_that_nobody_knows_is_watched() -> None:
    [of_group] = drifts(on_worker(Colour="blue"))
    [of_cluster] = drifts(on_cluster(Shape={"Round": True}))
    assert (of_group.subject, of_group.was, of_group.is_) == ("$.InstanceGroups[worker].Colour", "none", "blue")
    assert (of_cluster.subject, of_cluster.instance_group_names) == ("$.Shape", ("controller", "worker"))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param(
            {"KubernetesConfig": {"DesiredLabels": {"a": "b"}}},
            {"KubernetesConfig": {"DesiredLabels": {"a": "b"}, "CurrentLabels": {}}},
            id="labels on their way to the nodes",
        ),
        pytest.param(
            {"AutoPatchConfig": {"PatchingStrategy": "x", "CurrentPatchSchedule": {"NextPatchDate": 1}}},
            {"AutoPatchConfig": {"PatchingStrategy": "x", "CurrentPatchSchedule": {"NextPatchDate": 2}}},
            id="the next date of a schedule",
        ),
    ],
)
def test_what_moves_inside_a_watched_field_is_silent(was: dict[str, object], now: dict[str, object]) -> None:
    assert drifts(on_worker(**now), given=on_worker(**was)) == []


def test_node_recovery_that_is_turned_off_is_told() -> None:
    account = WatchedAccount()
    seen = seen_of(account)
    cluster = {**(seen.cluster or {}), "NodeRecovery": "None"}
    [found] = compare(baseline_of(account), seen._replace(cluster=cluster)).found
    assert (found.drift.subject, found.drift.was, found.drift.is_) == ("$.NodeRecovery", "Automatic", "None")
    assert found.resources == ("cluster/vision", "cluster/abcdefghijkl")


def test_another_execution_role_that_cannot_be_assumed_is_one_drift() -> None:
    def change(account: WatchedAccount) -> None:
        account.groups[1]["ExecutionRole"] = OTHER_ROLE
        account.roles[OTHER_ROLE] = {"Arn": OTHER_ROLE, "AssumeRolePolicyDocument": {"Statement": []}}

    [drift] = drifts(change)
    assert (drift.subject, drift.was, drift.is_) == ("$.InstanceGroups[worker].ExecutionRole", ROLE, OTHER_ROLE)
    assert drift.severity is Severity.BLOCKS
    assert "its trust policy does not let sagemaker.amazonaws.com call" in drift.effect


def new_group(subnet_id: str = CONTROLLER) -> Change:
    return lambda account: account.groups.append(group("gpu", subnet_id))


def new_group_elsewhere(account: WatchedAccount) -> None:
    account.network["Subnets"].append(subnet("subnet-gpu", "10.0.7.0/24"))
    table = route_table("rtb-gpu", "subnet-gpu", routes=[route(NatGatewayId="nat-gpu")])
    account.network["RouteTables"].append(table)
    account.network["NatGateways"].append(nat_gateway("nat-gpu", "203.0.113.77"))
    new_group("subnet-gpu")(account)


def test_a_new_group_is_told_with_where_it_leaves() -> None:
    [drift] = drifts(new_group())
    assert (drift.kind, drift.subject, drift.severity) == (
        Kind.CONFIGURATION,
        "$.InstanceGroups[gpu]",
        Severity.WARNS,
    )
    assert drift.effect == f"gpu was added; it leaves by {CONTROLLER_IP}"
    assert "aws sagemaker update-cluster --cluster-name vision --instance-groups-to-delete gpu" in drift.remedy


def test_a_new_group_with_another_override_leaves_by_a_stranger_to_the_partner() -> None:
    [drift] = drifts(new_group_elsewhere)
    assert drift.severity is Severity.BLOCKS
    assert drift.effect.startswith("gpu was added; it leaves by 203.0.113.77; a partner that lets in")


def test_a_new_group_without_a_way_out_says_what_is_broken() -> None:
    def sealed(account: WatchedAccount) -> None:
        new_group_elsewhere(account)
        account.routes("rtb-gpu")

    [drift] = drifts(sealed)
    assert drift.severity is Severity.BLOCKS
    assert "rtb-gpu has no route to the internet" in drift.effect


def test_a_new_group_that_stands_in_no_vpc_of_ours_is_one_drift() -> None:
    def change(account: WatchedAccount) -> None:
        account.groups.append(group("gpu", CONTROLLER))
        del account.groups[-1]["OverrideVpcConfig"]

    [drift] = drifts(change)
    assert (drift.subject, drift.severity) == ("$.InstanceGroups[gpu]", Severity.BLOCKS)


def test_a_group_that_was_removed_is_told() -> None:
    [drift] = drifts(lambda account: account.groups.pop())
    assert (drift.subject, drift.is_, drift.instance_group_names) == (
        "$.InstanceGroups[worker]",
        "removed",
        ("worker",),
    )


def test_a_group_that_moved_is_one_drift_with_where_it_leaves_now() -> None:
    moved = on_worker(OverrideVpcConfig={"Subnets": [CONTROLLER], "SecurityGroupIds": ["sg-1"]})
    [drift] = drifts(moved)
    assert drift.subject == "$.InstanceGroups[worker].OverrideVpcConfig"
    assert f"it leaves by {CONTROLLER_IP}" in drift.effect


def test_a_changed_group_does_not_hide_a_changed_network() -> None:
    def change(account: WatchedAccount) -> None:
        on_worker(LifeCycleConfig={"SourceS3Uri": "s3://other", "OnCreate": "x.sh"})(account)
        account.routes("rtb-worker")

    assert subjects(drifts(change)) == {"rtb-worker", "$.InstanceGroups[worker].LifeCycleConfig"}


def subjects(found: Iterable[Drift]) -> set[str]:
    return {drift.subject for drift in found}


def test_a_cluster_that_is_gone_is_told_and_nothing_else() -> None:
    account = WatchedAccount()
    baseline = baseline_of(account)
    account.routes("rtb-worker")
    [found] = compare(baseline, seen_of(account)._replace(cluster=None, cluster_arn=None)).found
    assert (found.drift.kind, found.drift.subject, found.drift.is_) == (Kind.CLUSTER, ARN, "deleted")
    assert found.drift.instance_group_names == ("controller", "worker")


def test_another_cluster_of_its_name_is_told_under_the_same_fingerprint() -> None:
    account = WatchedAccount()
    baseline, seen = baseline_of(account), seen_of(account)
    [other] = compare(baseline, seen._replace(cluster_arn=f"{ARN[:-1]}x")).found
    [gone] = compare(baseline, seen._replace(cluster=None, cluster_arn=None)).found
    assert other.drift.fingerprint == gone.drift.fingerprint
    assert "another cluster has the name vision" in other.drift.effect


def test_a_cluster_that_may_not_be_described_is_not_gone() -> None:
    account = WatchedAccount()
    baseline = baseline_of(account)
    account.unread.append(denied("sagemaker:DescribeCluster", "vision", whole=False))
    comparison = compare(baseline, seen_of(account)._replace(cluster=None, cluster_arn=None))
    assert (comparison.found, [one.action for one in comparison.unread]) == ((), ["sagemaker:DescribeCluster"])


def restricted(account: WatchedAccount) -> None:
    account.request["Cluster"]["RestrictedInstanceGroups"] = [group("nova", WORKER)]


def test_restricted_groups_are_watched_alike() -> None:
    def change(account: WatchedAccount) -> None:
        account.request["Cluster"]["RestrictedInstanceGroups"][0]["ThreadsPerCore"] = 1

    assert drifts(nothing, given=restricted) == []
    assert subjects(drifts(change, given=restricted)) == {"$.RestrictedInstanceGroups[nova].ThreadsPerCore"}


def test_groups_without_an_override_stand_in_the_cluster_s_own_subnets() -> None:
    def inherited(account: WatchedAccount) -> None:
        del account.groups[1]["OverrideVpcConfig"]
        account.request["Cluster"]["VpcConfig"] = {"Subnets": [WORKER], "SecurityGroupIds": ["sg-1"]}

    assert compared(nothing, inherited) == ((), ())
    assert subjects(drifts(lambda account: account.routes("rtb-worker"), inherited)) == {"rtb-worker"}
