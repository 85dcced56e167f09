"""The engine: a rule is data and a pure function. What a rule needs and could not be read becomes UNKNOWN here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import NotRead
from control_plane.domain.findings import Finding, Rule, Severity, worst_first

Judgement = Callable[[Case], Iterable[Finding]]


def always(_: Case) -> bool:
    return True


class Check(NamedTuple):
    """A rule at work.

    `needs`: the reads (IAM actions) without which nobody can tell. `when`: whether the rule concerns this case at all.
    """

    rule: Rule
    needs: frozenset[str]
    when: Callable[[Case], bool]
    judgement: Judgement

    def judge(self, case: Case) -> Iterator[Finding]:
        if not self.when(case):
            return
        missing = case.facts.missing(self.needs)
        for subject in dict.fromkeys(one.subject for one in missing):
            yield self._unknown(subject, [one for one in missing if one.subject == subject])
        if not any(one.whole for one in missing):
            yield from self.judgement(case)

    def _unknown(self, subject: str, missing: list[NotRead]) -> Finding:
        actions = ", ".join(one.action for one in missing)
        return Finding.of(
            self.rule,
            severity=Severity.UNKNOWN,
            subject=subject,
            seen=f"not looked at: {'; '.join(f'{one.action}: {one.reason}' for one in missing)}",
            wanted=self.rule.title,
            remedy=f"Allow {actions} to the reader role, or look by hand: {' ; '.join(one.by_hand for one in missing)}",
        )


_checks: dict[str, Check] = {}
CHECKS: Mapping[str, Check] = MappingProxyType(_checks)  # by rule id


def checks(
    rule: Rule, *, needs: Iterable[str], when: Callable[[Case], bool] = always
) -> Callable[[Judgement], Judgement]:
    """Enter a judgement into the book."""

    def enter(judgement: Judgement) -> Judgement:
        if rule.id in _checks:
            raise ValueError(f"{rule.id} is in the book already; an id is never used twice.")
        _checks[rule.id] = Check(rule, frozenset(needs), when, judgement)
        return judgement

    return enter


def judge(case: Case) -> list[Finding]:
    """Every place where a rule does not hold, or could not be looked at, worst first; one a rule and subject."""
    accepted = set(case.request.suppress)
    found = (finding for check in CHECKS.values() for finding in check.judge(case))
    return worst_first(_accepted(one) if one.rule in accepted else one for one in found)


def _accepted(finding: Finding) -> Finding:
    """What the request's Suppress makes of it: known, and no longer in the way. Not knowing cannot be accepted away."""
    if finding.severity is not Severity.BLOCKS:
        return finding
    return finding.model_copy(
        update={
            "severity": Severity.WARNS,
            "remedy": f"Accepted by the request's Suppress; it would block otherwise. {finding.remedy}",
        }
    )
