"""What the answer of one probe says against the promises made for its subnet: each objection is a claim."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from control_plane.domain.findings import Finding, Rule
from control_plane.domain.probe.answer import (
    NOT_TRIED,
    NOTHING_GOT_THROUGH,
    UNRESOLVED,
    Answer,
    Echo,
    echoes,
    in_words,
)
from control_plane.domain.probe.ledger import Question
from control_plane.domain.probe.rules import (
    ANSWER_TELLS,
    ECHOES_AGREE,
    IPV6_STAYS_INSIDE,
    LEAVES,
    LEAVES_AS_PROMISED,
    MUST_NOT_REACH_STAYS_SHUT,
    MUST_REACH_OPENS,
    STILL_PROMISED,
)
from control_plane.domain.request import Contract


class Claim(NamedTuple):
    """A rule that does not hold at one vantage point; one claim a rule."""

    rule: Rule
    seen: str
    wanted: str
    remedy: str

    def at(self, subject: str) -> Finding:
        return Finding.of(self.rule, subject=subject, seen=self.seen, wanted=self.wanted, remedy=self.remedy)


class Promise(NamedTuple):
    """What was promised for a subnet: the addresses, and the way there in words ("" where it is not known)."""

    contract: Contract
    addresses: frozenset[str]
    path: str
    scales: bool = False  # by a NAT gateway that AWS may give further addresses at any time

    @property
    def wanted(self) -> str:
        return f"traffic leaves by {' or '.join(sorted(self.addresses)) or 'no address'}"

    @property
    def way(self) -> str:
        return self.path or "the subnet's route table does not tell"


def claims_of(answer: Answer, question: Question, promise: Promise) -> Iterator[Claim]:
    heard = echoes(answer, question)
    opened = [question.must_reach[knock.url] for knock in answer.must_reach if knock.status]
    if promise.contract is Contract.CLOSED:
        yield from _closed(heard, answer.ipv6, promise)
    elif any(echo.addresses for echo in heard):
        yield from _addresses(heard, promise)
    else:
        yield from _no_address(heard, promise, opened)
    yield from _ipv6(answer, question, promise)
    yield from _must_reach(answer, question, promise)
    yield from _must_not_reach(answer, question, promise)


def _closed(heard: list[Echo], ipv6: Sequence[int], promise: Promise) -> Iterator[Claim]:
    if ipv6 or any(echo.answered for echo in heard):
        remedy = f"Close the way out ({promise.way}), or send the request with the Contract that holds."
        yield Claim(LEAVES_AS_PROMISED, _all(heard), "no echo service answers: the request says Closed", remedy)
    elif any(echo.errors & NOT_TRIED for echo in heard):
        yield _cannot_tell(heard, promise)


def _addresses(heard: list[Echo], promise: Promise) -> Iterator[Claim]:
    """At least one address was seen. The echo services vote, because one may lie; a tie settles nothing."""
    if not promise.addresses:
        remedy = "Say in ExpectedPublicIps which addresses are right, or mend what kept the routes from being read."
        yield Claim(ANSWER_TELLS, f"{_all(heard)}; no address was promised", promise.wanted, remedy)
        return
    outside = [echo for echo in heard if echo.addresses - promise.addresses]
    inside = [echo for echo in heard if echo.addresses and echo.addresses <= promise.addresses]
    if len(outside) > len(inside):
        remedy = f"Find the other way out (promised: {promise.way}), or put its address into ExpectedPublicIps."
        rule = STILL_PROMISED if promise.scales else LEAVES_AS_PROMISED
        yield Claim(rule, _all(heard), promise.wanted, remedy)
    elif outside and len(outside) == len(inside):
        remedy = "Name a third echo service in EchoUrls: these contradict each other."
        yield Claim(ANSWER_TELLS, _all(heard), promise.wanted, remedy)
    elif len(inside) < len(heard):
        yield Claim(ECHOES_AGREE, _all(heard), promise.wanted, "Name echo services in EchoUrls that can be relied on.")


def _no_address(heard: list[Echo], promise: Promise, opened: list[str]) -> Iterator[Claim]:
    errors = frozenset[int]().union(*(echo.errors for echo in heard))
    if any(echo.answered for echo in heard) or not errors & NOTHING_GOT_THROUGH or not _all_shut(errors):
        yield _cannot_tell(heard, promise)
    elif opened:
        remedy = "Traffic leaves, only the echo services are out of reach: name one in EchoUrls that is not."
        yield Claim(ANSWER_TELLS, f"{_all(heard)}; yet {opened[0]} opened", promise.wanted, remedy)
    else:
        remedy = f"Follow the way out and mend it: {promise.way}; network ACLs both ways; outbound 443 in the groups."
        yield Claim(LEAVES, _all(heard), promise.wanted, remedy)


def _all_shut(errors: frozenset[int]) -> bool:
    # A name that does not resolve is no proof alone: the agent got through, so there is a resolver; it may be misspelt.
    return errors <= NOTHING_GOT_THROUGH | {UNRESOLVED}


def _cannot_tell(heard: list[Echo], promise: Promise) -> Claim:
    remedy = "Name an echo service in EchoUrls that answers with a bare IPv4 address; try it by hand with curl -4."
    return Claim(ANSWER_TELLS, _all(heard), promise.wanted, remedy)


def _ipv6(answer: Answer, question: Question, promise: Promise) -> Iterator[Claim]:
    if answer.ipv6:
        seen = _some([f"{question.echo_urls[place]} answers over IPv6" for place in sorted(set(answer.ipv6))])
        remedy = "Take ::/0 out of the subnet's route table, or allow for its IPv6 addresses wherever addresses count."
        yield Claim(IPV6_STAYS_INSIDE, seen, promise.wanted, remedy)


def _must_reach(answer: Answer, question: Question, promise: Promise) -> Iterator[Claim]:
    shut = [knock for knock in answer.must_reach if knock.status is None and knock.error not in NOT_TRIED]
    if shut:
        seen = [f"{question.must_reach[knock.url]}: {in_words(knock.error)}" for knock in shut]
        remedy = f"Open the way ({promise.way}; outbound 443, network ACLs, firewall, DNS), or change MustReach."
        yield Claim(MUST_REACH_OPENS, _some(seen), "every URL of MustReach opens", remedy)


def _must_not_reach(answer: Answer, question: Question, promise: Promise) -> Iterator[Claim]:
    opened = [knock for knock in answer.must_not_reach if knock.status is not None]
    if opened:
        seen = [f"{question.must_not_reach[knock.url]} opened, with HTTP status {knock.status}" for knock in opened]
        remedy = f"Close the way ({promise.way}), or change MustNotReach."
        yield Claim(MUST_NOT_REACH_STAYS_SHUT, _some(seen), "no URL of MustNotReach opens", remedy)


def _all(heard: Sequence[Echo]) -> str:
    return "; ".join(map(str, heard))


def _some(texts: Sequence[str], most: int = 3) -> str:
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return "; ".join([*texts[:most], *more])
