"""What cannot be meant is told at the door, with its place and the next thing to do; no cluster, nothing stored."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stories.stage import Stage

Spoil = Callable[[dict[str, Any]], Any]


def changed(**fields: Any) -> Spoil:
    """The request with these fields of its first group changed."""

    def spoil(request: dict[str, Any]) -> dict[str, Any]:
        request["Cluster"]["InstanceGroups"][0] |= fields
        return request

    return spoil


def without_a_vpc(request: dict[str, Any]) -> dict[str, Any]:
    del request["Cluster"]["VpcConfig"]
    return request


def with_vpc(**fields: Any) -> Spoil:
    def spoil(request: dict[str, Any]) -> dict[str, Any]:
        request["Cluster"]["VpcConfig"] |= fields
        return request

    return spoil


def with_65_faults(request: dict[str, Any]) -> dict[str, Any]:
    group = request["Cluster"]["InstanceGroups"][0]
    request["Cluster"]["InstanceGroups"] = [
        group | {"InstanceGroupName": f"g{number}", "InstanceCount": -1} for number in range(65)
    ]
    return request


def not_json(_: dict[str, Any]) -> bytes:
    return b'{"Cluster": '


GROUP = "$.Cluster.InstanceGroups[0]"
TABLE = pytest.mark.parametrize(
    ("spoil", "place", "told"),
    [
        pytest.param(not_json, "$", "line 1", id="not JSON"),
        pytest.param(lambda _: b"\xff\xfe{", "$", "UTF-8", id="no UTF-8"),
        pytest.param(changed(InstanceCount="two"), f"{GROUP}.InstanceCount", "two", id="a wrong type"),
        pytest.param(changed(InstanceCuont=1), f"{GROUP}.InstanceCuont", "InstanceCount", id="an unknown key"),
        pytest.param(
            changed(TargetAvailabilityZoneId="apne1-az4"),
            f"{GROUP}.TargetAvailabilityZoneId",
            "OverrideVpcConfig",
            id="a key of another dialect",
        ),
        pytest.param(changed(ExecutionRole="<role>"), f"{GROUP}.ExecutionRole", "DOOR-020", id="a placeholder"),
        pytest.param(
            with_vpc(SecurityGroupIds=["sg-12345"]),
            "$.Cluster.VpcConfig.SecurityGroupIds[0]",
            "sg-12345",
            id="an id that EC2 never gave",
        ),
        pytest.param(without_a_vpc, GROUP, "VpcConfig", id="no VPC at all"),
    ],
)


@TABLE
def test_a_bad_body_is_refused_with_its_place(stage: Stage, spoil: Spoil, place: str, told: str) -> None:
    before = len(stage.sim.events())
    answer = stage.sim.api("POST", "/clusters", spoil(stage.request()))
    stage.sim.settle()

    assert answer.status == 400
    found = [finding for finding in answer.json()["Findings"] if finding["Subject"].startswith(place)]
    assert told in json.dumps(found)
    assert all(finding["Remedy"] for finding in found)
    assert len(stage.sim.events()) == before
    assert stage.sim.api("GET", f"/clusters/{stage.cluster}").status == 404


def test_all_65_faults_come_in_one_answer(stage: Stage) -> None:
    answer = stage.sim.api("POST", "/clusters", with_65_faults(stage.request()))

    subjects = [it["Subject"] for it in answer.json()["Findings"] if it["Severity"] == "BLOCKS"]
    assert subjects == [f"$.Cluster.InstanceGroups[{number}].InstanceCount" for number in range(65)]


def test_a_megabyte_is_too_much(stage: Stage) -> None:
    answer = stage.sim.api("POST", "/clusters", b" " * 1_000_000)

    assert (answer.status, answer.json()["Error"]["Code"]) == (413, "TooLarge")


def test_a_bad_event_is_refused_by_an_event_and_told_in_slack(stage: Stage) -> None:
    event_id = stage.sim.put_request(without_a_vpc(stage.request()))
    stage.sim.settle()
    ending = stage.ending(stage.sim.run_id(event_id))

    assert (ending.run["State"], ending.told, ending.clusters) == ("Refused", ["HyperPod Cluster Refused"], 0)
    assert len(ending.slack) == 1
    assert "VpcConfig" in ending.slack[0]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("DELETE", "/clusters/reference"), ("GET", "/clusters")]
)
def test_a_route_that_there_is_not_is_told_in_the_one_error_shape(stage: Stage, method: str, path: str) -> None:
    answer = stage.sim.api(method, path)

    assert (answer.status, answer.json()["Error"]["Code"]) == (404, "NotFound")
