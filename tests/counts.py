"""The tables of counts in docs/architecture.md, as stories assert them and prices follow from them."""

import re
from pathlib import Path

_TEXT = (Path(__file__).parents[1] / "docs/architecture.md").read_text(encoding="utf-8")


def documented(what: str) -> int:
    """A number from the tables: "| <what> | <number> |"."""
    found = re.search(rf"^\| {re.escape(what)} \| (\d+) \|$", _TEXT, re.MULTILINE)
    assert found, f"docs/architecture.md has no count of: {what}"
    return int(found[1])


def documented_in(table: str) -> list[str]:
    """All that is counted in a table: what ends with its name, "in the example"."""
    return re.findall(rf"^\| (.+, {table}) \| \d+ \|$", _TEXT, re.MULTILINE)
