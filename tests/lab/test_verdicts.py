"""What the control plane says to what the real script saw of real packets; one network for each case."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from control_plane.domain.egress import Verdict
from control_plane.domain.findings import Rule
from control_plane.domain.probe.answer import read_answer
from control_plane.domain.probe.claims import Promise
from control_plane.domain.probe.ledger import Question
from control_plane.domain.probe.rules import (
    ANSWER_TELLS,
    ECHOES_AGREE,
    IPV6_STAYS_INSIDE,
    LEAVES,
    LEAVES_AS_PROMISED,
    MUST_NOT_REACH_STAYS_SHUT,
    MUST_REACH_OPENS,
)
from control_plane.domain.probe.verdict import heard
from control_plane.domain.request import Contract
from lab.namespaces import ask
from lab.network import FIRST, NODE, PARTNER, SECOND, Network

NONCE = "0123456789abcdef" * 2
ECHO, OTHER = "https://echo.in.test/", "https://other.in.test/"
LIE = "192.0.2.99"
LIAR = f"https://liar.in.test/says/{LIE}"
PARTNERS, NOBODYS = "https://partner.in.test/", "https://nobody.in.test/"
OPEN = Network()


@dataclass(frozen=True)
class Case:
    verdict: Verdict
    seen: tuple[str, ...] = ()
    broken: tuple[Rule, ...] = ()
    network: Network = OPEN
    contract: Contract = Contract.NAT_GATEWAY
    promised: tuple[str, ...] = (FIRST,)
    echo_urls: tuple[str, ...] = (ECHO,)
    must_reach: tuple[str, ...] = ()
    must_not_reach: tuple[str, ...] = ()

    @property
    def question(self) -> Question:
        return Question(
            nonce=NONCE, echo_urls=self.echo_urls, must_reach=self.must_reach, must_not_reach=self.must_not_reach
        )

    @property
    def promise(self) -> Promise:
        return Promise(self.contract, frozenset(self.promised), "10.0.1.7 → nat → internet")


CASES = {
    "traffic leaves by the promised address, to a partner, and not to nobody": Case(
        Verdict.MATCH, (FIRST,), must_reach=(PARTNERS,), must_not_reach=(NOBODYS,)
    ),
    "the way to the NAT is a blackhole": Case(Verdict.BLOCKED, (), (LEAVES,), Network(blackholed=True)),
    "the NAT drops what goes to port 443": Case(Verdict.BLOCKED, (), (LEAVES,), Network(rule="tcp dport 443 drop")),
    "the NAT refuses what goes to port 443": Case(
        Verdict.BLOCKED, (), (LEAVES,), Network(rule="tcp dport 443 reject with tcp reset")
    ),
    "another NAT has taken the place of the promised one": Case(
        Verdict.OTHER_ADDRESS, (SECOND,), (LEAVES_AS_PROMISED,), Network(public=(SECOND,))
    ),
    "the NAT has two addresses, both promised": Case(
        Verdict.MATCH, (FIRST, SECOND), network=Network(public=(FIRST, SECOND)), promised=(FIRST, SECOND)
    ),
    "the NAT has two addresses, one promised": Case(
        Verdict.OTHER_ADDRESS, (FIRST, SECOND), (LEAVES_AS_PROMISED,), Network(public=(FIRST, SECOND))
    ),
    "the resolver refuses": Case(Verdict.UNKNOWN, (), (ANSWER_TELLS,), Network(names=False)),
    "the resolver is silent": Case(
        Verdict.UNKNOWN, (), (ANSWER_TELLS,), Network(names=False, rule="udp dport 53 drop")
    ),
    "the echo service takes three seconds": Case(Verdict.MATCH, (FIRST,), echo_urls=(f"{ECHO}after/3",)),
    "the echo service takes longer than the script waits": Case(
        Verdict.UNKNOWN, (), (ANSWER_TELLS,), echo_urls=(f"{ECHO}after/12",)
    ),
    "the only echo service lies": Case(Verdict.OTHER_ADDRESS, (LIE,), (LEAVES_AS_PROMISED,), echo_urls=(LIAR,)),
    "one echo service lies, and one does not": Case(
        Verdict.UNKNOWN, (LIE, FIRST), (ANSWER_TELLS,), echo_urls=(LIAR, ECHO)
    ),
    "one echo service lies, and two do not": Case(
        Verdict.MATCH, (LIE, FIRST), (ECHOES_AGREE,), echo_urls=(ECHO, LIAR, OTHER)
    ),
    "what must be reached is not": Case(
        Verdict.BLOCKED, (FIRST,), (MUST_REACH_OPENS,), Network(rule=f"ip daddr {PARTNER} drop"), must_reach=(PARTNERS,)
    ),
    "what must not be reached is": Case(
        Verdict.OTHER_ADDRESS, (FIRST,), (MUST_NOT_REACH_STAYS_SHUT,), must_not_reach=(PARTNERS,)
    ),
    "IPv6 leads out too: IPv4 is asked, and IPv6 told": Case(
        Verdict.MATCH, (FIRST,), (IPV6_STAYS_INSIDE,), Network(ipv6=True)
    ),
    "only IPv6 leads out": Case(Verdict.BLOCKED, (), (LEAVES, IPV6_STAYS_INSIDE), Network(blackholed=True, ipv6=True)),
    "a closed network is closed": Case(
        Verdict.MATCH, network=Network(blackholed=True), contract=Contract.CLOSED, promised=()
    ),
    "a closed network is open": Case(
        Verdict.OTHER_ADDRESS, (FIRST,), (LEAVES_AS_PROMISED,), contract=Contract.CLOSED, promised=()
    ),
    "a closed network leads to somebody who takes longer than the script waits": Case(
        Verdict.OTHER_ADDRESS,
        (),
        (LEAVES_AS_PROMISED,),
        contract=Contract.CLOSED,
        promised=(),
        echo_urls=(f"{ECHO}after/12",),
    ),
}


@pytest.fixture(scope="module")
def outputs(pem: Path) -> Iterator[dict[str, Future[str]]]:
    """What the script printed in each case: all at once, because most of them only wait."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        yield {
            name: pool.submit(ask, case.network, pem, [*case.question.parameters().values()])
            for name, case in CASES.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_right_where(name: str, outputs: dict[str, Future[str]]) -> None:
    case = CASES[name]
    look = heard(outputs[name].result(), case.question, case.promise)
    broken = tuple(claim.rule for claim in look.claims)
    assert (look.verdict, look.observed, broken) == (case.verdict, case.seen, case.broken), look.reason


def test_the_answer_says_which_interface_and_address_of_the_node_it_speaks_of(
    outputs: dict[str, Future[str]],
) -> None:
    name, case = next(iter(CASES.items()))
    answer = read_answer(outputs[name].result(), case.question)
    assert (answer.interface, [seen.source for seen in answer.addresses]) == (
        "eth0",
        [NODE] * case.question.connections,
    )
