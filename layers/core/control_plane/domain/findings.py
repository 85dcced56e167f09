"""What a check found: a value that tells its reader what to do, and the rule it comes from."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, Self

from control_plane.domain.wire import Wire


class Severity(StrEnum):
    """How much a finding matters, worst first. Only BLOCKS refuses a request."""

    BLOCKS = "BLOCKS"  # the cluster would not come up, or would come up broken
    UNKNOWN = "UNKNOWN"  # we were not allowed, or not able, to look
    WARNS = "WARNS"  # it works, but not as asked
    INFO = "INFO"  # worth knowing, nothing to do


class Rule(NamedTuple):
    """One thing that must hold, as data; `docs/rules.md` is generated from these."""

    id: str  # public, never renamed, never reused: "NAT-003"
    title: str  # the sentence that is true when the rule holds
    severity: Severity
    reason: str  # what happens to a cluster when it does not hold
    source: str  # the AWS page, or the field evidence, that says so


class Finding(Wire):
    """One place where a rule does not hold, told so that the reader can act on it."""

    rule: str
    severity: Severity
    subject: str  # the resource (an id or an ARN) or the place in the request ("$.Cluster.ClusterName")
    seen: str
    wanted: str
    remedy: str  # the next thing to do, as an instruction to a person
    source: str

    @classmethod
    def of(
        cls, rule: Rule, *, subject: str, seen: str, wanted: str, remedy: str, severity: Severity | None = None
    ) -> Self:
        """A finding of this rule; `severity` only where it differs from the rule's own."""
        return cls(
            rule=rule.id,
            severity=severity or rule.severity,
            subject=subject,
            seen=seen,
            wanted=wanted,
            remedy=remedy,
            source=rule.source,
        )


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.BLOCKS]


def merge(earlier: Iterable[Finding], later: Iterable[Finding]) -> tuple[Finding, ...]:
    """Both, each place once: a step that runs again replaces what it said the first time."""
    return tuple({(finding.rule, finding.subject): finding for finding in (*earlier, *later)}.values())


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    order = list(Severity)
    return sorted(findings, key=lambda finding: (order.index(finding.severity), finding.rule, finding.subject))
