"""What an instance's user data has to say about its own end."""

import re
from datetime import timedelta

# `shutdown -P +15`, or a timer of systemd's: `systemd-run --on-active=15min … poweroff` (s, m, min, h).
_SHUTDOWN = re.compile(r"\bshutdown\b(?:\s+-\S+)*\s+\+(\d+)\b")
_SYSTEMD = re.compile(
    r"\bsystemd-run\b[^\n]*--on-active[= ](\d+)\s?(s|sec|m|min|h)?\b[^\n]*\b(?:poweroff|shutdown|halt)\b"
)
_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}


def powers_off_after(user_data: str) -> timedelta | None:
    """How long after its boot an instance powers itself off; None: never.

    Read from the decoded script's text, not run: the delay has to stand there as a number, on an uncommented line.
    A timer counts before a plain shutdown, which scripts keep for machines without systemd.

    >>> powers_off_after("#!/bin/sh\\nshutdown -P +15\\n")
    datetime.timedelta(seconds=900)
    """
    script = "\n".join(line for line in user_data.splitlines() if not line.lstrip().startswith("#"))
    if found := _SYSTEMD.search(script):
        return timedelta(seconds=int(found[1]) * _UNITS[found[2] or "s"])
    if found := _SHUTDOWN.search(script):
        return timedelta(minutes=int(found[1]))
    return None
