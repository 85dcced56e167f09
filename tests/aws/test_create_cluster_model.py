"""What we read from AWS's model, and that what we say of HyperPod beside it is still true."""

import copy
from dataclasses import FrozenInstanceError

import botocore.session
import pytest
from botocore.model import ServiceModel

from control_plane.aws.create_cluster_model import create_cluster_model, describe
from control_plane.domain.cluster.shape import ClusterShape, InstanceGroup, LifeCycleConfig, VpcConfig
from control_plane.domain.door import cluster_rules, judge_body, shape_check, texts
from control_plane.domain.door.kinds import KINDS
from control_plane.domain.wire import AwsShape
from tests.unit.door_samples import cluster

MODEL = create_cluster_model()
GROUP = MODEL["ClusterInstanceGroupSpecification"].members


def test_every_kind_of_shape_can_be_judged() -> None:
    assert {shape.kind for shape in MODEL.shapes.values()} <= KINDS


def test_every_name_in_the_model_leads_somewhere() -> None:
    named = {
        name for shape in MODEL.shapes.values() for name in (*shape.members.values(), shape.key, shape.entry) if name
    }

    assert named | {MODEL.root} == set(MODEL.shapes)


def test_every_pattern_is_understood() -> None:
    for shape in MODEL.shapes.values():
        texts.compiled(shape.pattern or "")


def test_what_we_know_of_shapes_by_name_is_in_the_model() -> None:
    assert {*texts.EC2_PREFIX, texts.AGEING, *shape_check.OURS_TO_TAKE} <= set(MODEL.shapes)
    assert set(cluster_rules.NEEDS_CONTINUOUS) < set(GROUP)
    assert MODEL["ClusterNodeProvisioningMode"].choices == ("Continuous",)
    assert set(MODEL["ClusterOrchestrator"].members) == {"Eks", "Slurm"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ClusterShape, ["CreateClusterRequest"]),
        (InstanceGroup, ["ClusterInstanceGroupSpecification", "ClusterRestrictedInstanceGroupSpecification"]),
        (LifeCycleConfig, ["ClusterLifeCycleConfig"]),
        (VpcConfig, ["VpcConfig"]),
    ],
)
def test_every_name_we_read_is_a_name_of_awss(ours: type[AwsShape], theirs: list[str]) -> None:
    known = {key for name in theirs for key in MODEL[name].members}

    assert {field.alias for field in ours.model_fields.values()} <= known


def test_the_model_is_read_once_and_cannot_be_changed() -> None:
    assert create_cluster_model() is MODEL
    with pytest.raises(FrozenInstanceError):
        MODEL["Tag"].kind = "list"  # type: ignore[misc] # that it cannot be set is what is tested
    with pytest.raises(TypeError):
        MODEL.shapes["Tag"] = MODEL["Tag"]  # type: ignore[index] # likewise


def test_a_key_that_the_next_sdk_brings_is_known_without_a_change_here() -> None:
    loader = botocore.session.get_session().get_component("data_loader")
    description = copy.deepcopy(loader.load_service_model("sagemaker", "service-2"))
    description["shapes"]["CreateClusterRequest"]["members"]["CoolingMode"] = {"shape": "CoolingMode"}
    description["shapes"]["CoolingMode"] = {"type": "string", "enum": ["Air", "Water"]}
    newer = describe(ServiceModel(description, "sagemaker"))

    assert judge_body(cluster(CoolingMode="Water"), newer).request
    assert [finding.rule for finding in judge_body(cluster(CoolingMode="Oil"), newer).findings] == ["DOOR-025"]
    assert [finding.rule for finding in judge_body(cluster(CoolingMode="Water"), MODEL).findings] == ["DOOR-010"]
