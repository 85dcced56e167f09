"""Every name that we read from AWS is one that AWS writes: our shapes against botocore's models."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape, StructureShape

from control_plane import domain
from control_plane.domain.account.instance_types import EFA_INTERFACES, MAX_PODS
from control_plane.domain.wire import AwsShape

# Shapes that stand for a part of several requests; their names are held to the model where the request is judged.
REQUESTS = "control_plane.domain.cluster.shape"


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def named(aws: str) -> Shape:
    """The shape that "ec2.Subnet" stands for."""
    service, name = aws.split(".")
    return model(service).shape_for(name)


def shapes(root: type[AwsShape] = AwsShape) -> Iterator[type[AwsShape]]:
    for module in pkgutil.iter_modules(domain.__path__, f"{domain.__name__}."):
        importlib.import_module(module.name)
    for shape in root.__subclasses__():
        yield shape
        yield from shapes(shape)


OURS = sorted((shape for shape in set(shapes()) if shape.__module__ != REQUESTS), key=lambda shape: shape.__qualname__)


@pytest.mark.parametrize("ours", OURS, ids=lambda shape: shape.__qualname__)
def test_every_field_is_a_member_of_the_shape_that_it_is_named_after(ours: type[AwsShape]) -> None:
    theirs = named(getattr(ours, "aws", ""))
    assert isinstance(theirs, StructureShape)
    assert {field.alias for field in ours.model_fields.values()} <= set(theirs.members)


def test_the_reads_of_the_account_are_among_them() -> None:
    assert {"Subnet", "RouteTable", "NatGateway", "SecurityGroup", "NetworkAcl", "Role"} <= {
        one.__name__ for one in OURS
    }


def test_every_instance_type_that_we_count_addresses_for_is_one_of_hyperpods() -> None:
    theirs = model("sagemaker").shape_for("ClusterInstanceType")
    assert {*EFA_INTERFACES, *MAX_PODS} <= set(getattr(theirs, "enum", ()))
