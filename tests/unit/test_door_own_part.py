"""Our own terms at the door."""

from typing import Any

import pytest

from tests.unit.door_samples import cluster, judge, told, with_egress


def own(**terms: Any) -> dict[str, Any]:
    return {"Cluster": cluster(), **terms}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            own(
                RequestId="team-a:2026-11-23_1.0",
                Egress={
                    "Contract": "NatGateway",
                    "ExpectedPublicIps": ["203.0.113.10"],
                    "Prove": ["BeforeCreate", "OnNodes"],
                    "EchoUrls": ["https://checkip.amazonaws.com"],
                    "MustReach": ["https://pypi.org:443/simple/"],
                    "MustNotReach": ["https://example.com"],
                    "NodesPerGroup": "All",
                },
                OnFailure="Delete",
                DeadlineMinutes=1440,
                Suppress=["NAT-003"],
            ),
            id="every term",
        ),
        pytest.param(own(RequestId=None), id="no RequestId, and said so"),
        pytest.param(with_egress(), id="no terms of egress"),
        pytest.param(with_egress(Contract="Central", ExpectedPublicIps=["198.51.100.7"]), id="a central way out"),
        pytest.param(with_egress(Contract="Closed"), id="no way out"),
        pytest.param(with_egress(Prove=[], EchoUrls=[]), id="no proof, no echo"),
        pytest.param(with_egress(NodesPerGroup=3), id="three nodes of each group"),
    ],
)
def test_lets_in_what_the_contract_offers(body: dict[str, Any]) -> None:
    judged = judge(body)

    assert judged.findings == ()
    assert judged.request


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        pytest.param(own(RequestId="a b"), [("DOOR-040", "$.RequestId")], id="a space in the RequestId"),
        pytest.param(own(RequestId="a\n"), [("DOOR-040", "$.RequestId")], id="a newline after it"),
        pytest.param(own(RequestId="a" * 129), [("DOOR-040", "$.RequestId")], id="a long RequestId"),
        pytest.param(own(RequestId=7), [("DOOR-040", "$.RequestId")], id="a number for a RequestId"),
        pytest.param(own(DeadlineMinutes=14), [("DOOR-040", "$.DeadlineMinutes")], id="too short"),
        pytest.param(own(DeadlineMinutes=1441), [("DOOR-040", "$.DeadlineMinutes")], id="too long"),
        pytest.param(own(DeadlineMinutes="120"), [("DOOR-040", "$.DeadlineMinutes")], id="minutes in quotes"),
        pytest.param(own(DeadlineMinutes=True), [("DOOR-040", "$.DeadlineMinutes")], id="true is no number"),
        pytest.param(own(DeadlineMinutes=60.0), [("DOOR-040", "$.DeadlineMinutes")], id="a decimal point"),
        pytest.param(own(OnFailure="Retry"), [("DOOR-040", "$.OnFailure")], id="no choice of ours"),
        pytest.param(own(Egress=[]), [("DOOR-040", "$.Egress")], id="a list for an object"),
        pytest.param(own(Egress=None), [("DOOR-040", "$.Egress")], id="null for an object"),
        pytest.param(own(egress={}), [("DOOR-041", "$.egress")], id="a term in lower case"),
        pytest.param(own(deadline_minutes=60), [("DOOR-041", "$.deadline_minutes")], id="a term in snake case"),
        pytest.param(own(Supress=[]), [("DOOR-041", "$.Supress")], id="a misspelt term"),
        pytest.param(own(ClusterName="x"), [("DOOR-004", "$.ClusterName")], id="a key of AWS's beside Cluster"),
        pytest.param(with_egress(EchoUrl="x"), [("DOOR-041", "$.Egress.EchoUrl")], id="a misspelt term of egress"),
        pytest.param(with_egress(Contract="nat"), [("DOOR-040", "$.Egress.Contract")], id="no contract"),
        pytest.param(with_egress(Prove=["Always"]), [("DOOR-040", "$.Egress.Prove[0]")], id="no proof that we know"),
        pytest.param(with_egress(NodesPerGroup=0), [("DOOR-040", "$.Egress.NodesPerGroup")], id="no nodes"),
        pytest.param(with_egress(NodesPerGroup="Some"), [("DOOR-040", "$.Egress.NodesPerGroup")], id="some nodes"),
        pytest.param(with_egress(NodesPerGroup=True), [("DOOR-040", "$.Egress.NodesPerGroup")], id="true nodes"),
        pytest.param(
            with_egress(Contract="Central"),
            [("DOOR-050", "$.Egress.ExpectedPublicIps")],
            id="central, addresses unknown",
        ),
        pytest.param(
            with_egress(Contract="Closed", ExpectedPublicIps=["203.0.113.10"]),
            [("DOOR-050", "$.Egress.ExpectedPublicIps")],
            id="closed, and an address",
        ),
        pytest.param(
            with_egress(ExpectedPublicIps=["203.0.113.10", "198.51.100.7", "203.0.113.10"]),
            [("DOOR-051", "$.Egress.ExpectedPublicIps[2]")],
            id="an address twice",
        ),
        pytest.param(with_egress(EchoUrls=[]), [("DOOR-054", "$.Egress.EchoUrls")], id="a proof without an echo"),
        pytest.param(
            with_egress(EchoUrls=["https://example.com"] * 6), [("DOOR-040", "$.Egress.EchoUrls")], id="six echoes"
        ),
        pytest.param(
            with_egress(MustReach=["https://example.com"] * 21),
            [("DOOR-040", "$.Egress.MustReach")],
            id="twenty-one URLs",
        ),
        pytest.param(
            with_egress(MustReach=["https://a.example"], MustNotReach=["https://b.example", "https://a.example"]),
            [("DOOR-053", "$.Egress.MustNotReach[1]")],
            id="must and must not",
        ),
        pytest.param(own(Suppress=["NAT-004"]), [("DOOR-055", "$.Suppress[0]")], id="a rule that there is not"),
        pytest.param(own(Suppress=["DOOR-030"]), [("DOOR-055", "$.Suppress[0]")], id="a rule of the door"),
        pytest.param(own(Suppress="NAT-003"), [("DOOR-040", "$.Suppress")], id="a rule without brackets"),
    ],
)
def test_finds_every_fault_once(body: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    judged = judge(body)

    assert told(judged.findings) == findings
    assert judged.request is None


NOT_PUBLIC = "10.0.0.1 172.31.255.255 192.168.1.1 100.64.0.1 127.0.0.1 169.254.1.1 224.0.0.1 255.255.255.255 0.0.0.0"
NO_ADDRESS = [
    "203.0.113.010",
    " 203.0.113.10",
    "203.0.113.10\n",
    "203.0.113.10/32",
    "203.0.113",
    "2001:db8::1",
    "example.com",
]


@pytest.mark.parametrize("address", [*NOT_PUBLIC.split(), *NO_ADDRESS])
def test_an_expected_address_is_a_public_one_and_nothing_else(address: str) -> None:
    assert told(judge(with_egress(ExpectedPublicIps=[address])).findings) == [
        ("DOOR-051", "$.Egress.ExpectedPublicIps[0]")
    ]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://example.com", "DOOR-040"),
        ("https://example.com\n", "DOOR-040"),
        ("https://user@example.com", "DOOR-040"),
        ("https://example.com/?q=1", "DOOR-040"),
        ("https://example.com/$(id)", "DOOR-040"),
        ("https://example.com/'", "DOOR-040"),
        ("https://example.com/ x", "DOOR-040"),
        (f"https://{'a' * 254}", "DOOR-040"),
        (f"https://example.com/{'a' * 201}", "DOOR-040"),
        ("https://example.com:65536", "DOOR-052"),
        ("https://example.com:0/x", "DOOR-052"),
    ],
)
@pytest.mark.parametrize("key", ["EchoUrls", "MustReach", "MustNotReach"])
def test_a_url_that_could_mean_anything_else_is_refused(url: str, rule: str, key: str) -> None:
    assert told(judge(with_egress(**{key: [url]})).findings) == [(rule, f"$.Egress.{key}[0]")]


def test_a_door_rule_is_refused_by_name_with_what_to_do() -> None:
    [finding] = judge(own(Suppress=["DOOR-030"])).findings

    assert finding.seen == '"DOOR-030"'
    assert "mend the request" in finding.remedy


def test_a_misspelt_rule_is_told_its_nearest() -> None:
    [finding] = judge(own(Suppress=["NAT-03"])).findings

    assert "NAT-003" in finding.remedy
