"""What probes are asked, of whom, and for how long they live."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.egress import Via
from control_plane.domain.probe.ledger import (
    COMMAND_TIMEOUT,
    ONLINE_WAIT,
    PARAMETER_PATTERNS,
    USER_DATA,
    Ledger,
    Probe,
    Question,
    TroubleKind,
    VantagePoint,
    vantage_points,
)
from control_plane.domain.request import URL_PATTERN, EgressTerms, Request

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUN_ID = "run-0123456789abcdef01234567"


def a_request(*groups: dict[str, Any], restricted: tuple[dict[str, Any], ...] = (), **egress: Any) -> Request:
    """Groups in subnet-1 with sg-1, unless they say otherwise."""
    cluster = {
        "ClusterName": "vision",
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "InstanceGroups": [_group(group) for group in groups],
        "RestrictedInstanceGroups": [_group(group) for group in restricted],
    }
    return Request(cluster=cluster, egress=EgressTerms(**egress))


def _group(group: dict[str, Any]) -> dict[str, Any]:
    return {"ExecutionRole": "arn:aws:iam::123456789012:role/node", **group}


def own_vpc(name: str, subnets: list[str], security_groups: list[str]) -> dict[str, Any]:
    return {
        "InstanceGroupName": name,
        "OverrideVpcConfig": {"Subnets": subnets, "SecurityGroupIds": security_groups},
    }


def a_point(subnet: str = "subnet-1", *security_groups: str) -> VantagePoint:
    return VantagePoint(subnet_id=subnet, security_group_ids=security_groups or ("sg-1",))


@pytest.mark.parametrize(
    ("request_", "points"),
    [
        pytest.param(
            a_request({"InstanceGroupName": "a"}, {"InstanceGroupName": "b"}),
            [("a", "subnet-1/sg-1"), ("b", "subnet-1/sg-1")],
            id="groups share the cluster's network",
        ),
        pytest.param(
            a_request({"InstanceGroupName": "a"}, own_vpc("b", ["subnet-2"], ["sg-3", "sg-2"])),
            [("a", "subnet-1/sg-1"), ("b", "subnet-2/sg-2+sg-3")],
            id="an override replaces it",
        ),
        pytest.param(
            a_request(own_vpc("a", ["subnet-2", "subnet-3", "subnet-2"], ["sg-1", "sg-1"])),
            [("a", "subnet-2/sg-1"), ("a", "subnet-3/sg-1")],
            id="every candidate subnet counts, once",
        ),
        pytest.param(
            a_request({"InstanceGroupName": "a"}, restricted=(own_vpc("r", ["subnet-9"], ["sg-9"]),)),
            [("a", "subnet-1/sg-1")],
            id="restricted groups have no way out to prove",
        ),
        pytest.param(a_request({"InstanceGroupName": "a"}, prove=(Via.ON_NODES,)), [], id="no proof was asked for"),
    ],
)
def test_a_vantage_point_is_a_subnet_with_the_groups_of_an_interface(
    request_: Request, points: list[tuple[str, str]]
) -> None:
    assert [(group, point.key) for group, point in vantage_points(request_)] == points


def test_groups_that_leave_from_the_same_place_share_a_probe() -> None:
    ledger = Ledger.of(RUN_ID, a_request(*({"InstanceGroupName": f"g{number}"} for number in range(20))))
    assert [probe.point for probe in ledger.probes] == [a_point()]


def test_the_question_fills_the_document_s_parameters() -> None:
    terms = EgressTerms(echo_urls=("https://a.b", "https://c.d/e"), must_not_reach=("https://f.g:8443/",))
    parameters = Question.of(RUN_ID, terms).parameters()
    assert list(parameters) == list(PARAMETER_PATTERNS)
    assert {name: value for name, value in parameters.items() if name != "Nonce"} == {
        "EchoUrls": "https://a.b,https://c.d/e",
        "MustReach": "-",
        "MustNotReach": "https://f.g:8443/",
        "Connections": "3",
    }


urls = st.from_regex(URL_PATTERN, fullmatch=True)


@given(echo=st.lists(urls, min_size=1, max_size=5), reach=st.lists(urls, max_size=20), run_id=st.text())
def test_whatever_the_door_lets_in_passes_the_fence(echo: list[str], reach: list[str], run_id: str) -> None:
    terms = EgressTerms.model_construct(echo_urls=tuple(echo), must_reach=tuple(reach), must_not_reach=())
    for name, value in Question.of(run_id, terms).parameters().items():
        assert re.fullmatch(PARAMETER_PATTERNS[name], value)


@given(st.sampled_from(sorted(PARAMETER_PATTERNS)), st.text())
def test_whatever_passes_the_fence_means_nothing_to_a_shell(name: str, value: str) -> None:
    if re.fullmatch(PARAMETER_PATTERNS[name], value):
        assert re.fullmatch(r"[A-Za-z0-9:/._~,-]+", value)


HOSTILE = [
    "$(reboot)",
    "`reboot`",
    ";reboot",
    " reboot",
    "\treboot",
    "\nreboot",
    "'",
    '"',
    "|x",
    "&",
    ">x",
    "*",
    "?",
    "{{x}}",
    "\\",
    "é",
    "#",
]


@pytest.mark.parametrize("name", PARAMETER_PATTERNS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_shell_would_read_does_not_pass(name: str, hostile: str) -> None:
    legal = Question.of(RUN_ID, EgressTerms(must_reach=("https://a.b/",), must_not_reach=("https://a.b/",)))
    value = legal.parameters()[name]
    for attempt in (value + hostile, hostile + value, hostile):
        assert not re.search(PARAMETER_PATTERNS[name], attempt)


@pytest.mark.parametrize(("name", "most"), [("EchoUrls", 5), ("MustReach", 20), ("MustNotReach", 20)])
def test_as_many_urls_pass_as_a_request_may_name(name: str, most: int) -> None:
    assert re.search(PARAMETER_PATTERNS[name], ",".join(["https://a.b"] * most))
    assert not re.search(PARAMETER_PATTERNS[name], ",".join(["https://a.b"] * (most + 1)))


@pytest.mark.parametrize("name", ["EchoUrls", "MustReach", "MustNotReach"])
def test_no_pattern_counts_inside_a_count(name: str) -> None:
    """Go's regexp would refuse to read it."""
    assert len(re.findall(r"\{\d", PARAMETER_PATTERNS[name])) == 1


def test_a_document_with_the_longest_question_in_it_is_below_what_ssm_takes() -> None:
    """64 KB: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html#API_SendCommand_Errors"""
    longest = f"https://{'a' * 253}:65535/{'b' * 200}"
    terms = EgressTerms(echo_urls=(longest,) * 5, must_reach=(longest,) * 20, must_not_reach=(longest,) * 20)
    assert sum(map(len, Question.of(RUN_ID, terms).parameters().values())) < 22_000


def test_an_instance_s_first_act_is_to_set_the_time_of_its_end() -> None:
    header, shell, first, *others = USER_DATA.splitlines()
    assert (header, shell, others) == ("#cloud-boothook", "#!/bin/sh", [])
    minutes = (ONLINE_WAIT + COMMAND_TIMEOUT + timedelta(minutes=5)) // timedelta(minutes=1)
    assert first == f"systemd-run --no-block --on-active={minutes}min systemctl poweroff || shutdown -P +{minutes}"


def test_a_ledger_comes_back_from_its_evidence_as_it_went() -> None:
    ledger = Ledger.of(RUN_ID, a_request({"InstanceGroupName": "a"}, own_vpc("b", ["subnet-2"], ["sg-2"])))
    first, second = ledger.probes
    ledger = ledger.launched(
        [first.running_as("i-1", "t4g.nano"), second.in_trouble(TroubleKind.NO_INSTANCE, "x", "y")]
    )
    ledger = ledger.looked(NOON)
    ledger = ledger.asked(("command",), NOON)
    assert Ledger.from_wire(ledger.to_wire()) == ledger


def test_only_probes_with_an_instance_and_no_answer_are_under_way() -> None:
    waiting, asked = Probe(point=a_point("subnet-1")), Probe(point=a_point("subnet-2"), instance_id="i-2")
    answered, troubled = asked.model_copy(update={"output": "{}"}), waiting.in_trouble(TroubleKind.NO_INSTANCE, "", "")
    ledger = Ledger(question=Question.of(RUN_ID, EgressTerms()), probes=(waiting, asked, answered, troubled))
    assert ledger.under_way == {"i-2": asked}
    assert not ledger.settled


@pytest.mark.parametrize(
    ("asked_after", "looked_after", "long"),
    [
        pytest.param(None, timedelta(minutes=4), False, id="coming online"),
        pytest.param(None, ONLINE_WAIT, True, id="not online in time"),
        pytest.param(ONLINE_WAIT, ONLINE_WAIT + timedelta(seconds=1), False, id="just asked"),
        pytest.param(ONLINE_WAIT, ONLINE_WAIT + COMMAND_TIMEOUT, True, id="no answer in time"),
    ],
)
def test_each_wait_has_its_own_end(asked_after: timedelta | None, looked_after: timedelta, long: bool) -> None:  # noqa: FBT001
    ledger = Ledger(question=Question.of(RUN_ID, EgressTerms()), probes=()).looked(NOON)
    if asked_after:
        ledger = ledger.asked((), NOON + asked_after)
    assert ledger.waited_for_long(NOON + looked_after) is long
