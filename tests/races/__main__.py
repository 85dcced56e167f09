"""60 requests, each delivered 16 times at once through both doors; then the suite's races, ten times as long."""

import os
import subprocess
import sys
from collections import Counter

from tests.canaries import unseen
from tests.races.burst import Tally, burst, requests
from tests.stories.stage import Stage, on_request

DELIVERIES = 16
REFUSED, GOOD = 55, 5
AS_IT_SHOULD_BE = {
    Tally((202,), 1, 1, 1, 0, ("HyperPod Cluster Refused",)): REFUSED,
    Tally((202,), 1, 1, 1, 1, ("HyperPod Cluster Provisioned",)): GOOD,
}
SEEDED = (
    "tests/aws/test_interleavings.py",
    "tests/stories/test_replays.py",
    "tests/stories/test_clocks.py",
    "tests/stories/test_longest_runs.py",
)


def main() -> int:
    with unseen(on_request()) as simulator:
        found = Counter(burst(simulator, requests(Stage(simulator), refused=REFUSED, good=GOOD), DELIVERIES))
    print(f"{(REFUSED + GOOD) * DELIVERIES} deliveries of {REFUSED + GOOD} requests, through both doors:")
    for tally, often in found.items():
        print(f"  {often} x {tally}")
    return int(found != AS_IT_SHOULD_BE) or _more_seeds()


def _more_seeds() -> int:
    environment = os.environ | {"RACES": os.environ.get("RACES", "10")}
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *SEEDED], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
