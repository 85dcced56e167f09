"""How long a simulated run takes here, when nobody waits for the clock."""

import time
from collections.abc import Iterator

from tests.stories.stage import Stage, on_request


def whole_run() -> Iterator[str]:
    start = time.perf_counter()
    with on_request() as simulator:
        opened = time.perf_counter()
        run = Stage(simulator)
        ready = time.perf_counter()
        ending = run.run(run.request()).run
        over = time.perf_counter()
    yield f"a simulated run, {ending['State']}: real handlers in processes of their own"
    yield f"  {over - ready:10.1f} s; opening the simulator / that = {(opened - start) / (over - ready):.1f}"
