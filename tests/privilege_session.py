"""At the end of a session: did any function need what its role lacks, and may any role do what no function needed?"""

from pathlib import Path
from typing import Any

import pytest

from simulator.iam.ledger import Place, ledger_of
from tests.least_privilege import UNSEEN, Seen, Verdict, deployed_grants, judge, used_grants

ROOT = Path(__file__).parents[1]
OURS = ROOT / "template.yaml"
KEY = "least_privilege"
# Options that leave out tests.
NARROWING = ("keyword", "deselect", "ignore", "ignore_glob", "lf", "stepwise", "collectonly")
WHOLE = ("", "not long")  # mark expressions; the long tests use no grant that no other does


class PrivilegeSession:
    """Of a session with workers, the controller gathers what each of them has seen."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seen = Seen()
        self._verdict: Verdict | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        if found := getattr(node, "workeroutput", {}).get(KEY):
            self._seen.add(unpacked(found))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._seen.add(seen_here())
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[KEY] = packed(self._seen)
            return
        if exitstatus == pytest.ExitCode.OK and is_whole(self._config):
            granted = deployed_grants()
            self._verdict = judge(granted.values(), used_grants(self._seen, granted), UNSEEN)
        if exitstatus == pytest.ExitCode.OK and not self._holds:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _holds(self) -> bool:
        return not self._seen.missing and (self._verdict is None or self._verdict.holds)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._seen.calls:
            terminalreporter.section("least privilege")
            for line in told(self._seen, self._verdict):
                terminalreporter.line(line)


def seen_here() -> Seen:
    ledger = ledger_of(OURS)
    return Seen(ledger.calls, set(ledger.used), set(ledger.missing))


def is_whole(config: pytest.Config) -> bool:
    """Whether no test was left out: only then does it mean anything that nobody used a grant."""
    narrowed = any(config.getoption(name, None) for name in NARROWING) or config.getoption("markexpr", "") not in WHOLE
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not narrowed


def told(seen: Seen, verdict: Verdict | None) -> list[str]:
    lines = [f"{seen.calls} calls of functions judged, {len(seen.missing)} grants missing"]
    lines += [f"MISSING {each}" for each in sorted(seen.missing)]
    if verdict is None:
        return [*lines, "unused grants: not asked, because not all tests ran and passed"]
    listed = sum(map(len, UNSEEN.values()))
    lines.append(f"{len(verdict.used)} grants used, {len(verdict.unused)} unused, {listed} listed as needed unseen")
    lines += [f"UNUSED {each}" for each in verdict.unused]
    return lines + [f"LISTED, NOT GRANTED {each}" for each in verdict.lacking]


def packed(seen: Seen) -> list[Any]:
    """In types that travel between processes."""
    return [seen.calls, [[*place] for place in seen.used], [*seen.missing]]


def unpacked(found: list[Any]) -> Seen:
    calls, used, missing = found
    return Seen(calls, {Place(*place) for place in used}, set(missing))
