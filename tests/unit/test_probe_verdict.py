"""From answers to verdicts: what a row says, which rule is named, and which word the run goes by."""

from datetime import UTC, datetime
from typing import Any

import pytest

from control_plane.domain.egress import PredictedEgress, Verdict
from control_plane.domain.findings import Severity
from control_plane.domain.probe.ledger import Ledger, Probe, TroubleKind
from control_plane.domain.probe.rules import PROBE_RULES, VERDICTS
from control_plane.domain.probe.verdict import Judgement, ProbeVerdict, judge_probes
from control_plane.domain.request import Contract, Request
from tests.probe_world import framed
from tests.unit.test_probe import RUN_ID, a_request, own_vpc

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAT, NAT_2, OTHER = "203.0.113.10", "203.0.113.11", "198.51.100.1"
A, B, C = "https://a.test", "https://b.test", "https://c.test"
PATH = "subnet-1 → rtb-1: 0.0.0.0/0 → nat-1 (203.0.113.10) → igw-1"
TIMED_OUT, REFUSED, UNRESOLVED, HTTP_ERROR, UNTRUSTED, NO_CURL = 28, 7, 6, 22, 60, 127

MATCH, ELSEWHERE, BLOCKED, UNKNOWN = Verdict.MATCH, Verdict.OTHER_ADDRESS, Verdict.BLOCKED, Verdict.UNKNOWN
NO_INSTANCE, NEVER_ONLINE, NO_ANSWER = TroubleKind.NO_INSTANCE, TroubleKind.NEVER_ONLINE, TroubleKind.NO_ANSWER
LOST, RUBBISH = [TIMED_OUT] * 3, ["rubbish"] * 3
BY_NAT: list["Said"] = [NAT] * 3
BY_OTHER: list["Said"] = [OTHER] * 3
ALL_BROKEN = ["PROBE-001", "PROBE-003", "PROBE-004"]

Said = str | int  # an address (or any text), or curl's error; for a URL to open: its status as text, or curl's error


def an_output(
    request: Request,
    echo: dict[str, list[Said]],
    reach: dict[str, Said],
    shut: dict[str, Said],
    ipv6: tuple[int, ...] = (),
) -> str:
    terms = request.egress
    lines = [
        {"url": terms.echo_urls.index(url)}
        | ({"error": one} if isinstance(one, int) else {"address": one, "source": "10.0.1.7"})
        for url, all_ in echo.items()
        for one in all_
    ]
    return framed(
        {
            "nonce": Ledger.of(RUN_ID, request).question.nonce,
            "started": "2026-11-24T12:00:00Z",
            "ended": "2026-11-24T12:00:01Z",
            "interface": "ens5",
            "addresses": lines,
            "ipv6": ipv6,
            "must_reach": _knocks(reach),
            "must_not_reach": _knocks(shut),
        }
    )


def _knocks(said: dict[str, Said]) -> list[dict[str, Any]]:
    return [
        {"url": place} | ({"error": one} if isinstance(one, int) else {"status": int(one)})
        for place, one in enumerate(said.values())
    ]


def judged(
    echo: dict[str, list[Said]],
    *,
    reach: dict[str, Said] | None = None,
    shut: dict[str, Said] | None = None,
    promised: tuple[str, ...] = (NAT,),
    contract: Contract = Contract.NAT_GATEWAY,
    expected: tuple[str, ...] = (),
    ipv6: tuple[int, ...] = (),
) -> Judgement:
    """One group, one subnet, one probe that said this."""
    reach, shut = reach or {}, shut or {}
    request = a_request(
        {"InstanceGroupName": "workers"},
        echo_urls=tuple(echo),
        must_reach=tuple(reach),
        must_not_reach=tuple(shut),
        contract=contract,
        expected_public_ips=expected,
    )
    ledger = Ledger.of(RUN_ID, request)
    [probe] = ledger.probes
    output = an_output(request, echo, reach, shut, ipv6)
    answered = probe.running_as("i-1", "t4g.nano").model_copy(update={"output": output})
    return judge_probes(request, ledger.with_probes([answered]), [predicted("workers", "subnet-1", *promised)], NOON)


def predicted(group: str, subnet: str, *addresses: str) -> PredictedEgress:
    return PredictedEgress(instance_group_name=group, subnet_id=subnet, expected_public_ips=addresses, path=PATH)


def rules(judgement: Judgement) -> list[str]:
    return sorted(finding.rule for finding in judgement.findings)


@pytest.mark.parametrize(
    ("echo", "promised", "verdict", "named"),
    [
        pytest.param({A: BY_NAT}, (NAT,), MATCH, [], id="the promised address"),
        pytest.param({A: [NAT, NAT_2, NAT]}, (NAT, NAT_2), MATCH, [], id="several addresses on one NAT gateway"),
        pytest.param({A: BY_NAT}, (NAT, NAT_2), MATCH, [], id="one of several is enough"),
        pytest.param({A: BY_OTHER}, (NAT,), ELSEWHERE, ["PROBE-001"], id="another address"),
        pytest.param({A: [NAT, OTHER, NAT]}, (NAT,), ELSEWHERE, ["PROBE-001"], id="now and then another"),
        pytest.param({A: [NAT, TIMED_OUT, NAT]}, (NAT,), MATCH, [], id="a connection that failed by chance"),
        pytest.param({A: BY_NAT, B: BY_NAT, C: BY_OTHER}, (NAT,), MATCH, ["PROBE-008"], id="one of three disagrees"),
        pytest.param({A: BY_OTHER, B: BY_OTHER, C: BY_NAT}, (NAT,), ELSEWHERE, ["PROBE-001"], id="two see another"),
        pytest.param({A: BY_NAT, B: BY_OTHER}, (NAT,), UNKNOWN, ["PROBE-007"], id="one against one"),
        pytest.param({A: BY_NAT, B: LOST}, (NAT,), MATCH, ["PROBE-008"], id="one does not answer"),
        pytest.param({A: BY_NAT, B: RUBBISH}, (NAT,), MATCH, ["PROBE-008"], id="one answers rubbish"),
        pytest.param({A: RUBBISH}, (NAT,), UNKNOWN, ["PROBE-007"], id="nothing but rubbish"),
        pytest.param({A: ["2001:db8::1"] * 3}, (NAT,), UNKNOWN, ["PROBE-007"], id="an address of the other kind"),
        pytest.param({A: LOST}, (NAT,), BLOCKED, ["PROBE-002"], id="nothing gets through"),
        pytest.param({A: LOST, B: [REFUSED, UNRESOLVED, REFUSED]}, (NAT,), BLOCKED, ["PROBE-002"], id="nor to either"),
        pytest.param({A: [UNRESOLVED] * 3}, (NAT,), UNKNOWN, ["PROBE-007"], id="a name that may be misspelt"),
        pytest.param({A: [HTTP_ERROR] * 3}, (NAT,), UNKNOWN, ["PROBE-007"], id="an echo service in trouble"),
        pytest.param({A: LOST, B: [HTTP_ERROR] * 3}, (NAT,), UNKNOWN, ["PROBE-007"], id="one blocked, one in trouble"),
        pytest.param({A: [UNTRUSTED] * 3}, (NAT,), UNKNOWN, ["PROBE-007"], id="somebody in between"),
        pytest.param({A: [NO_CURL] * 3}, (NAT,), UNKNOWN, ["PROBE-007"], id="no curl to ask with"),
        pytest.param({A: BY_NAT}, (), UNKNOWN, ["PROBE-007"], id="nothing was promised"),
    ],
)  # fmt: skip
def test_behind_a_nat_gateway_the_echo_services_vote(
    echo: dict[str, list[Said]], promised: tuple[str, ...], verdict: Verdict, named: list[str]
) -> None:
    judgement = judged(echo, promised=promised)
    [row] = judgement.rows
    assert (row.verdict, rules(judgement)) == (verdict, named)


@pytest.mark.parametrize(
    ("contract", "echo", "verdict"),
    [
        pytest.param(Contract.CENTRAL, BY_NAT, MATCH, id="central, by an expected address"),
        pytest.param(Contract.CENTRAL, BY_OTHER, ELSEWHERE, id="central, by another"),
        pytest.param(Contract.CENTRAL, LOST, BLOCKED, id="central, not at all"),
        pytest.param(Contract.CLOSED, LOST, MATCH, id="closed, nothing answers"),
        pytest.param(Contract.CLOSED, [UNRESOLVED] * 3, MATCH, id="closed, not even a name"),
        pytest.param(Contract.CLOSED, [NAT, TIMED_OUT, TIMED_OUT], ELSEWHERE, id="closed, and an address seen"),
        pytest.param(Contract.CLOSED, RUBBISH, ELSEWHERE, id="closed, and something answers"),
        pytest.param(Contract.CLOSED, [HTTP_ERROR] * 3, ELSEWHERE, id="closed, and an error answers"),
        pytest.param(Contract.CLOSED, [NO_CURL] * 3, UNKNOWN, id="closed, and nothing was tried"),
    ],
)  # fmt: skip
def test_other_contracts_promise_other_things(contract: Contract, echo: list[Said], verdict: Verdict) -> None:
    expected = (NAT,) if contract is Contract.CENTRAL else ()
    [row] = judged({A: echo}, contract=contract, expected=expected, promised=()).rows
    assert row.verdict is verdict


@pytest.mark.parametrize(
    ("echo", "reach", "shut", "verdict", "named"),
    [
        pytest.param(BY_NAT, {B: "200", C: "503"}, {}, MATCH, [], id="what must open opens, with any status"),
        pytest.param(BY_NAT, {B: "200", C: TIMED_OUT}, {}, BLOCKED, ["PROBE-003"], id="what must open does not"),
        pytest.param(BY_NAT, {B: UNRESOLVED}, {}, BLOCKED, ["PROBE-003"], id="what must open has no address"),
        pytest.param(BY_NAT, {}, {B: TIMED_OUT}, MATCH, [], id="what must stay shut does"),
        pytest.param(BY_NAT, {}, {B: "404"}, ELSEWHERE, ["PROBE-004"], id="what must stay shut opens"),
        pytest.param(BY_OTHER, {B: REFUSED}, {C: "200"}, ELSEWHERE, ALL_BROKEN, id="all at once"),
        pytest.param(LOST, {B: "200"}, {}, UNKNOWN, ["PROBE-007"], id="only the echo service is shut"),
        pytest.param(LOST, {B: "200", C: REFUSED}, {}, BLOCKED, ["PROBE-003", "PROBE-007"], id="the worst counts"),
        pytest.param([NO_CURL] * 3, {B: NO_CURL}, {C: NO_CURL}, UNKNOWN, ["PROBE-007"], id="nothing was tried"),
    ],
)  # fmt: skip
def test_urls_that_must_or_must_not_open_count_beside_the_addresses(
    echo: list[Said], reach: dict[str, Said], shut: dict[str, Said], verdict: Verdict, named: list[str]
) -> None:
    judgement = judged({A: echo}, reach=reach, shut=shut)
    [row] = judgement.rows
    assert (row.verdict, rules(judgement)) == (verdict, named)


def test_a_row_shows_what_was_promised_seen_and_by_which_way() -> None:
    judgement = judged({A: [NAT, NAT_2, NAT]}, promised=(NAT, NAT_2))
    [row] = judgement.rows
    assert row.to_wire() == {
        "InstanceGroupName": "workers",
        "SubnetId": "subnet-1",
        "Via": "BeforeCreate",
        "Subject": "i-1",
        "ExpectedPublicIps": [NAT, NAT_2],
        "ObservedPublicIps": [NAT, NAT_2],
        "Verdict": "Match",
        "Reason": f"seen leaving by {NAT}, {NAT_2}",
        "Path": PATH,
        "CheckedAt": "2026-11-24T12:00:00.000Z",
    }
    assert judgement.verdict is ProbeVerdict.PROVED


def test_a_contradiction_names_what_was_seen_wanted_and_the_way() -> None:
    [finding] = judged({A: BY_OTHER}).findings
    assert (finding.subject, finding.severity) == ("subnet-1/sg-1", Severity.BLOCKS)
    assert finding.seen == f"{A}: {OTHER}"
    assert finding.wanted == f"traffic leaves by {NAT}"
    assert PATH in finding.remedy


def test_of_many_urls_that_do_not_open_three_are_named_and_the_rest_counted() -> None:
    reach: dict[str, Said] = {f"https://{number}.test": TIMED_OUT for number in range(20)}
    [finding] = judged({A: BY_NAT}, reach=reach).findings
    assert finding.seen.endswith("https://2.test: timed out; and 17 more")


def test_where_the_routes_promise_nothing_the_request_does() -> None:
    [row] = judged({A: BY_NAT}, promised=(), expected=(NAT,)).rows
    assert (row.verdict, row.expected_public_ips) == (MATCH, (NAT,))


def with_trouble(kind: TroubleKind, code: str, *, closed: bool = False) -> Judgement:
    contract = Contract.CLOSED if closed else Contract.NAT_GATEWAY
    request = a_request({"InstanceGroupName": "workers"}, contract=contract)
    ledger = Ledger.of(RUN_ID, request)
    troubled = ledger.probes[0].in_trouble(kind, code, "AWS's own words")
    return judge_probes(request, ledger.with_probes([troubled]), [predicted("workers", "subnet-1", NAT)], NOON)


@pytest.mark.parametrize(
    ("kind", "code", "rule", "advice"),
    [
        pytest.param(NO_INSTANCE, "VcpuLimitExceeded", "PROBE-005", "L-1216C47A", id="vCPU quota"),
        pytest.param(NO_INSTANCE, "InsufficientFreeAddressesInSubnet", "PROBE-005", "Free addresses", id="no address"),
        pytest.param(NO_INSTANCE, "InsufficientInstanceCapacity", "PROBE-005", "later", id="no capacity"),
        pytest.param(NO_INSTANCE, "Unsupported", "PROBE-005", "in this zone", id="not in this zone"),
        pytest.param(NO_INSTANCE, "Client.InternalError", "PROBE-005", "kms:CreateGrant", id="a key refused"),
        pytest.param(NO_INSTANCE, "Client.InvalidKMSKey.InvalidState", "PROBE-005", "disabled", id="a key disabled"),
        pytest.param(NO_INSTANCE, "SomethingNew", "PROBE-005", "By hand", id="a refusal nobody foresaw"),
        pytest.param(NEVER_ONLINE, "", "PROBE-006", "outbound 443 in sg-1", id="never online"),
        pytest.param(NO_ANSWER, "Undeliverable", "PROBE-007", "By hand", id="no answer"),
    ],
)  # fmt: skip
def test_a_probe_with_nothing_to_say_is_unknown_with_its_cause_and_a_way_to_look(
    kind: TroubleKind, code: str, rule: str, advice: str
) -> None:
    judgement = with_trouble(kind, code)
    [row], [finding] = judgement.rows, judgement.findings
    assert (row.verdict, row.reason, row.observed_public_ips) == (UNKNOWN, "AWS's own words", ())
    assert (finding.rule, finding.severity) == (rule, Severity.UNKNOWN)
    assert advice in finding.remedy
    assert finding.remedy.endswith("from an instance in subnet-1 with sg-1: curl -4 https://checkip.amazonaws.com")
    assert judgement.verdict is ProbeVerdict.UNKNOWN


def test_a_closed_network_needs_endpoints_to_be_asked() -> None:
    [finding] = with_trouble(NEVER_ONLINE, "", closed=True).findings
    assert "Look for: endpoints for ssm, ssmmessages and ec2messages" in finding.remedy


@pytest.mark.parametrize("output", ["", "rubbish", '{"nonce":"another"}'])
def test_an_answer_that_cannot_be_read_is_unknown(output: str) -> None:
    request = a_request({"InstanceGroupName": "workers"})
    ledger = Ledger.of(RUN_ID, request)
    said = ledger.probes[0].model_copy(update={"output": output})
    judgement = judge_probes(request, ledger.with_probes([said]), [], NOON)
    assert (judgement.rows[0].verdict, rules(judgement)) == (UNKNOWN, ["PROBE-007"])


@pytest.mark.parametrize(
    ("contract", "echo", "verdict", "named"),
    [
        pytest.param(Contract.NAT_GATEWAY, BY_NAT, MATCH, ["PROBE-011"], id="beside a NAT gateway it is told"),
        pytest.param(Contract.CLOSED, LOST, ELSEWHERE, ["PROBE-001", "PROBE-011"], id="a closed network is open"),
    ],
)
def test_a_way_out_over_ipv6_is_told(contract: Contract, echo: list[Said], verdict: Verdict, named: list[str]) -> None:
    judgement = judged({A: echo}, contract=contract, ipv6=(0,))
    assert (judgement.rows[0].verdict, rules(judgement)) == (verdict, named)
    assert f"{A} answers over IPv6" in {finding.seen for finding in judgement.findings}


def test_groups_that_share_a_probe_have_a_row_each_and_one_finding() -> None:
    request = a_request({"InstanceGroupName": "a"}, {"InstanceGroupName": "b"}, own_vpc("c", ["subnet-2"], ["sg-2"]))
    ledger = Ledger.of(RUN_ID, request)
    said = [_said(request, probe, NAT if probe.point.subnet_id == "subnet-2" else OTHER) for probe in ledger.probes]
    promised = [predicted("a", "subnet-1", NAT), predicted("b", "subnet-1", NAT), predicted("c", "subnet-2", NAT)]

    judgement = judge_probes(request, ledger.with_probes(said), promised, NOON)

    assert [(row.instance_group_name, row.verdict.value) for row in judgement.rows] == [
        ("a", "OtherAddress"),
        ("b", "OtherAddress"),
        ("c", "Match"),
    ]
    assert [finding.subject for finding in judgement.findings] == ["subnet-1/sg-1"]
    assert judgement.verdict is ProbeVerdict.CONTRADICTED


def test_behind_a_nat_gateway_that_scales_itself_an_unknown_address_is_no_contradiction() -> None:
    request = a_request({"InstanceGroupName": "a"})
    ledger = Ledger.of(RUN_ID, request)
    said = [_said(request, probe, OTHER) for probe in ledger.probes]
    judgement = judge_probes(
        request, ledger.with_probes(said), [predicted("a", "subnet-1", NAT)], NOON, scaling=["subnet-1"]
    )

    assert [(finding.rule, finding.severity) for finding in judgement.findings] == [("PROBE-010", Severity.WARNS)]
    assert ([row.verdict.value for row in judgement.rows], judgement.verdict) == (["Unknown"], ProbeVerdict.UNKNOWN)


def _said(request: Request, probe: Probe, address: str) -> Probe:
    return probe.model_copy(update={"output": an_output(request, {request.egress.echo_urls[0]: [address] * 3}, {}, {})})


def test_restricted_groups_are_told_to_be_left_out_and_prove_nothing_alone() -> None:
    request = a_request(restricted=({"InstanceGroupName": "nova"},))
    judgement = judge_probes(request, Ledger.of(RUN_ID, request), [], NOON)
    assert [(finding.subject, finding.severity) for finding in judgement.findings] == [("nova", Severity.INFO)]
    assert (judgement.rows, judgement.verdict) == ((), ProbeVerdict.UNKNOWN)


def test_a_rule_that_blocks_and_a_verdict_that_contradicts_are_the_same_rules() -> None:
    blocking = {rule for rule in PROBE_RULES if rule.severity is Severity.BLOCKS}
    assert blocking == {rule for rule, verdict in VERDICTS.items() if verdict in {ELSEWHERE, BLOCKED}}
