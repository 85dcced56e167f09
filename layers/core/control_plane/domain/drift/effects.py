"""What a change of the way out does to groups, in a sentence for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from control_plane.domain.drift.view import Exit, Outcome
from control_plane.domain.findings import Finding, Severity
from control_plane.domain.rules import CHECKS

SHOWN = 3
PLURALS = {"is": "are", "reaches": "reach"}


def names_in_words(names: Sequence[str]) -> str:
    """
    >>> names_in_words(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


class Who(NamedTuple):
    words: str
    many: bool

    def does(self, verb: str) -> str:
        """
        >>> Who("controller and worker", many=True).does("leaves")
        'controller and worker leave'
        """
        return f"{self.words} {PLURALS.get(verb, verb.removesuffix('s')) if self.many else verb}"


SOMEBODY = Who("somebody", many=False)


def exits_in_words(changes: Mapping[tuple[Exit | None, Exit | None], Sequence[str]]) -> str:
    """One sentence for all groups of which the same is to be told."""
    alike: dict[str, list[tuple[Exit | None, Exit | None]]] = {}
    for change in changes:
        alike.setdefault(_sentence(SOMEBODY, *change), []).append(change)
    groups = [(sorted({name for one in same for name in changes[one]}), same[0]) for same in alike.values()]
    return "; ".join(_sentence(Who(names_in_words(names), len(names) > 1), *change) for names, change in groups)


def exits_severity(changes: Iterable[tuple[Exit | None, Exit | None]]) -> Severity:
    """Another way for some destinations, or fewer addresses than were promised, stops nothing."""
    mild = all(was and now and (was.main == now.main or _fewer(was.main, now.main)) for was, now in changes)
    return Severity.WARNS if mild else Severity.BLOCKS


def _fewer(was: Outcome, now: Outcome) -> bool:
    return bool(now.public_ips) and not now.around and now.public_ips < was.public_ips


def _sentence(who: Who, was: Exit | None, now: Exit | None) -> str:
    before, after = was or Exit(Outcome()), now or Exit(Outcome())
    if before.main == after.main:
        return f"{who.does('reaches')} {_apart(before, after)}"
    if before.main.public_ips and after.main.public_ips and not after.main.around:
        return _other_addresses(who, before.main.public_ips, after.main.public_ips)
    return _other_way(who, before.main, after.main)


def _other_addresses(who: Who, was: frozenset[str], now: frozenset[str]) -> str:
    if now > was:
        too = f"{who.does('leaves')} by {ips(now - was)} too, beside {ips(was)}"
        return f"{too}; a partner that lets in {ips(was)} turns some connections away"
    if now < was:
        return f"{who.does('leaves')} by {ips(now)} alone, no longer by {ips(was - now)}"
    return f"{who.does('leaves')} by {ips(now)}, not {ips(was)}{_partner(who, was)}"


def _other_way(who: Who, was: Outcome, now: Outcome) -> str:
    instead = f", not by {ips(was.public_ips)}{_partner(who, was.public_ips)}" if was.public_ips else ""
    if now.around:
        by = f"by {ips(now.public_ips)} on the nodes' own interfaces"
        return f"{who.does('gains')} a way around the NAT, {by}{instead}"
    if now.handed_to:
        return f"{who.does('is')} handed to {now.handed_to}, and leaves from where cannot be seen here{instead}"
    if now.public_ips:
        return f"{who.does('gains')} the internet, by {ips(now.public_ips)}"
    return f"{who.does('loses')} the internet"


def _partner(who: Who, was: frozenset[str]) -> str:
    return f"; a partner that lets in {ips(was)} no longer lets {who.words} in"


def _apart(was: Exit, now: Exit) -> str:
    """What some destinations are reached by; the others by the same as before."""
    before, after = dict(was.apart), dict(now.apart)
    ends = (
        f"{to} {outcome_in_words(after.get(to, now.main))}, not {outcome_in_words(before.get(to, was.main))}"
        for to in sorted({*before, *after})
        if before.get(to) != after.get(to)
    )
    return ", ".join(ends) or "some destinations by another way"


def outcome_in_words(outcome: Outcome) -> str:
    if outcome.public_ips:
        return f"by {ips(outcome.public_ips)}"
    return f"through {outcome.handed_to}" if outcome.handed_to else "no more"


def ips(public_ips: Iterable[str]) -> str:
    return ", ".join(sorted(public_ips))


def exit_in_words(one: Exit | None) -> str:
    if one is None:
        return "no subnet"
    apart = (f"{to} {outcome_in_words(end)}" for to, end in sorted(one.apart, key=str))
    return "; ".join((f"leaves {outcome_in_words(one.main)}", *apart))


def findings_in_words(findings: Sequence[Finding]) -> str:
    """Each rule once, by its first finding, with what it leads to."""
    by_rule: dict[str, list[Finding]] = {}
    for one in findings:
        by_rule.setdefault(one.rule, []).append(one)
    return " ".join(
        f"{same[0].seen}{f' (and {len(same) - 1} more)' if len(same) > 1 else ''}. {CHECKS[rule].rule.reason}"
        for rule, same in by_rule.items()
    )
