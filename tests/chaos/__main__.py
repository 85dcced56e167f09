"""The whole sweep: `python -m tests.chaos`. SEED is a number, or a case as a failure prints it."""

import argparse
import os
import sys
import time
from collections import Counter
from random import Random

from tests.chaos.cases import Case
from tests.chaos.plan import PAIRS, PARTS, plan
from tests.chaos.points import collapsed
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.sweep import Verdict, sweep, undisturbed

PROGRESS = 100  # runs between two lines of progress
ALL_PAIRS = PAIRS * len(SCENARIOS)
PAIRS_MET = 500  # of these, at the least: a first fault may lead a run past the place of its second


def main() -> int:
    asked = _asked()
    began, failed, injected, pairs = time.monotonic(), 0, Counter[str](), 0
    cases = [Case.parse(asked.seed)] if ":" in asked.seed else _planned(asked)
    for number, verdict in enumerate(sweep(cases, asked.processes), 1):
        injected += verdict.injected
        pairs += verdict.met > 1
        if verdict.complaints:
            failed += 1
            _tell(verdict)
        if number % PROGRESS == 0:
            print(f"{number} of {len(cases)} runs, {failed} failed", file=sys.stderr, flush=True)
    planned = sum(len(case.faults) > 1 for case in cases)
    print(f"\n{pairs} of {planned} runs that were to meet two faults met both.")
    _sum_up(len(cases), failed, injected, time.monotonic() - began)
    return int(failed > 0 or (planned >= ALL_PAIRS and pairs < PAIRS_MET))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", default=os.environ.get("SEED", "1"), help="what the pairs are drawn by; or one case")
    parser.add_argument("--parts", default=",".join(PARTS), help="parts of the plan: %(default)s")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help="%(default)s")
    parser.add_argument("--runs", type=int, default=sys.maxsize, help="only so many, as the seed draws them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _planned(asked: argparse.Namespace) -> list[Case]:
    plain = undisturbed(asked.scenarios.split(","))
    swept, made = collapsed(played.calls for played in plain.values())
    print(f"Seed {asked.seed}. {swept} of the {made} calls of {len(plain)} scenarios are swept: rounds of a poll loop")
    print("are alike, so the first, the second and the last stand for all.", flush=True)
    cases = plan(asked.parts.split(","), plain, asked.seed)
    return Random(asked.seed).sample(cases, min(asked.runs, len(cases)))  # noqa: S311 # drawn to be drawn again


def _tell(verdict: Verdict) -> None:
    print(f"\nSEED='{verdict.case}' make chaos", *verdict.complaints, sep="\n    ", flush=True)


def _sum_up(runs: int, failed: int, injected: Counter[str], seconds: float) -> None:
    kinds = ", ".join(f"{often} {kind}" for kind, often in injected.most_common())
    print(f"\n{runs} disturbed runs in {seconds / 60:.0f} min: {runs - failed} survived, {failed} did not.")
    print(f"{injected.total()} faults: {kinds}")


if __name__ == "__main__":
    sys.exit(main())
