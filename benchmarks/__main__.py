"""`make bench`: figures, and ratios of two things in one run. Nothing here fails; what is exact, a test asserts.

`python -m benchmarks nodes` has that part alone.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers/core"))  # where Lambda has it on its path, too

from benchmarks import imports, judging, layers, nodes, runs, watch

PARTS = (
    judging.account_check,
    judging.request_door,
    watch.together,
    watch.comparisons,
    layers.sizes,
    runs.whole_run,
    nodes.sessions,
    imports.starts,
)

for part in PARTS:
    if not sys.argv[1:] or part.__module__.removeprefix("benchmarks.") in sys.argv[1:]:
        for line in part():
            print(line, flush=True)  # noqa: T201
