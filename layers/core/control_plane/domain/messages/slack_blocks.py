"""Slack's Block Kit, as much of it as we use, and text that can only be read.

Limits: https://docs.slack.dev/reference/block-kit/blocks
"""

import html
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeVar

HEADER_MAX, SECTION_MAX, CODE_MAX, FIELD_MAX, FIELDS_MAX = 150, 3_000, 2_900, 2_000, 10

Block = dict[str, Any]
T = TypeVar("T")


def safe(value: object, most: int = 120) -> str:
    r"""One line in which nothing is live and nothing hides: no mention, no link, no second line, no reversed text.

    Slack gives &, < and > a meaning in every text object, and only these three are to be escaped:
    https://docs.slack.dev/messaging/formatting-message-text#escaping

    >>> safe("<!channel>\n✅ Match")
    '&lt;!channel&gt; ✅ Match'
    >>> safe("10.0.0.1\u202e")
    '10.0.0.1\\u202e'
    """
    line = " ".join(str(value).split())
    visible = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in line)
    return cut(html.escape(visible, quote=False), most)


def cut(escaped: str, most: int) -> str:
    """Shorten a text, without leaving half an entity behind.

    >>> cut("a &amp; b", 6)
    'a …'
    """
    return escaped if len(escaped) <= most else re.sub(r"&[a-z]*$", "", escaped[: most - 1]) + "…"


def shown(pieces: Sequence[T], budget: int) -> tuple[Sequence[T], int]:
    """The first pieces that take at most `budget` characters together, and how many are left."""
    sizes = list(accumulate(len(str(piece)) for piece in pieces))
    count = sum(size <= budget for size in sizes)
    return pieces[:count], len(pieces) - count


def header(text: str) -> Block:
    return {"type": "header", "text": _plain(cut(text, HEADER_MAX))}


def section(text: str) -> Block:
    return {"type": "section", "text": _plain(cut(text, SECTION_MAX))}


def context(text: str) -> Block:
    return {"type": "context", "elements": [_plain(cut(text, FIELD_MAX))]}


def table(rows: Sequence[tuple[str, str]]) -> list[Block]:
    """Rows of two cells, side by side; under each other on a telephone."""
    cells = [_plain(cut(cell, FIELD_MAX)) for row in rows for cell in row]
    return [
        {"type": "section", "fields": cells[start : start + FIELDS_MAX]} for start in range(0, len(cells), FIELDS_MAX)
    ]


def link(url: str, label: str) -> Block:
    """The one live thing in a message; both texts are ours."""
    return _verbatim(f"<{url}|{label}>")


def code(text: str) -> Block:
    """A command to copy. Inside the fence no markup means anything, and no backtick gets through to end it."""
    return _verbatim(f"```{cut(text, CODE_MAX).replace('`', 'ˋ')}```")


def _verbatim(markup: str) -> Block:
    """Markup in which Slack does not look for more links than are written."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": markup, "verbatim": True}}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
