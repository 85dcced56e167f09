"""The gate: every scanner must be silent about the tree, and must find the fault that is planted beside it.

`python -m scripts.gate` for the scanners of `make check`, `python -m scripts.gate --audit` for the slower one.
Silence alone proves nothing: a scanner that was shown no file, or skipped them all, is as silent as one that looked.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

from scripts.planted import FAULTS, plant
from scripts.scanners import AUDIT, GATE, ROOT, Finding
from scripts.suppressions import suppressions
from scripts.transform import transformed

Scanner = Callable[[Sequence[str]], Iterator[Finding]]


def tree() -> Iterator[str]:
    """Every file here, known to git or not, but for what .gitignore names: that is made here."""
    made = [".git/", *(ROOT / ".gitignore").read_text().split()]
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch(f"{name}/", pattern) for pattern in made)]
        yield from (os.path.relpath(Path(folder, name), ROOT) for name in names)


def judge(found: Sequence[Finding], planted: Sequence[str], faults: set[str]) -> list[str]:
    """What is wrong: findings in the tree, and planted faults that were not found."""
    seen = {each.rule for each in found if each.path in planted}
    blind = [f"It did not find the planted {rule}: it looked at nothing." for rule in sorted(faults - seen)]
    return blind + [str(each) for each in found if each.path not in planted]


def scan(name: str, scanner: Scanner, files: Sequence[str], planted: Sequence[str]) -> tuple[list[str], float]:
    """What is wrong, and the seconds it took to say so."""
    started = time.monotonic()
    found = list(scanner([*files, *planted]))
    return judge(found, planted, FAULTS[name]), time.monotonic() - started


def tell(name: str, wrong: Sequence[str], seconds: float, allowed: int) -> None:
    print(f"{name:15}{len(wrong):3} findings {allowed:4} suppressed, each with its reason {seconds:5.1f} s")
    print("".join(f"  {each}\n" for each in wrong), end="", file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    scanners = AUDIT if "--audit" in arguments else GATE
    deployed = ROOT / ".build/deployed.template.json"
    deployed.parent.mkdir(exist_ok=True)
    deployed.write_text(json.dumps(transformed(), indent=1))
    with tempfile.TemporaryDirectory(dir=deployed.parent) as folder, ThreadPoolExecutor(2) as pool:
        planted = [os.path.relpath(path, ROOT) for path in plant(Path(folder))]
        files = [*sorted(tree()), os.path.relpath(deployed, ROOT)]
        print(f"{len(files)} files, and {len(planted)} with a planted fault for each scanner to find")
        allowed = Counter(each.scanner for each in suppressions(files))
        scans = {name: pool.submit(scan, name, each, files, planted) for name, each in scanners.items()}
        results = {name: future.result() for name, future in scans.items()}
    for name, (wrong, seconds) in results.items():
        tell(name, wrong, seconds, allowed[name])
    return any(wrong for wrong, _ in results.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
