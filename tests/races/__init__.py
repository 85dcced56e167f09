"""What happens when things happen at the same time; `python -m tests.races` looks longer than the suite does."""

import os

TIMES = int(os.environ.get("RACES", "1"))  # how many times as many seeds, or hours, as the suite has time for
