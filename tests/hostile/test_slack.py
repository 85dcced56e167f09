"""Slack against every text, in every place that somebody else fills: nothing live but the link that we write ourselves.

Slack's rule: in any text "&", "<" and ">" mean something unless they are written as entities, and only these three are.
https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from control_plane.domain.messages.announcements import DetailType
from control_plane.domain.messages.slack_message import message
from tests.hostile.strings import ALL, SHOUTS, TEN_KILOBYTES
from tests.unit.test_slack_message import MACHINE, OUR_LINK, assert_within_slacks_limits, sample, texts

LIVE = re.compile(r"[<>]|&(?!(?:amp|lt|gt);)")
EVERY_TYPE = pytest.mark.parametrize("detail_type", [*DetailType, "HyperPod Cluster Updated"])


def filled(shape: Any, text: Callable[[str], str], name: str = "") -> Any:
    """The same shape with other texts in it."""
    if isinstance(shape, str):
        return text(name)
    if isinstance(shape, list):
        return [filled(inner, text, name) for inner in shape]
    if isinstance(shape, dict):
        return {key: filled(inner, text, key) for key, inner in shape.items()}
    return shape


def everywhere(text: str, _name: str) -> str:
    return text


def at(place: str, text: str, name: str) -> str:
    return text if name == place else "x"


def names_in(shape: Any) -> set[str]:
    """The names under which a text stands."""
    names: set[str] = set()

    def note(name: str) -> str:
        names.add(name)
        return name

    filled(shape, note)
    return names


def an_event(detail_type: str) -> dict[str, Any]:
    return sample(DetailType(detail_type) if detail_type in [*DetailType] else DetailType.FAILED)


def posted_texts(posted: dict[str, Any]) -> list[str]:
    """All that people read, without our own links."""
    written = [text for _, text in texts(posted["blocks"]) if not OUR_LINK.fullmatch(text)]
    return [posted["text"], *written]


def live_in(posted: dict[str, Any]) -> list[str]:
    return [text for text in posted_texts(posted) if LIVE.search(text)]


def lines_of(posted: dict[str, Any]) -> int:
    return sum(len(text.splitlines()) for text in posted_texts(posted))


@pytest.mark.parametrize("text", [text for text in SHOUTS if "<" in text], ids=ascii)
def test_the_check_would_see_a_live_one(text: str) -> None:
    assert live_in({"text": text, "blocks": []})
    assert live_in({"text": "", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": text}}]})


@EVERY_TYPE
def test_no_text_in_any_place_becomes_live_or_invisible_or_a_line_of_its_own(detail_type: str) -> None:
    plain = lines_of(message(detail_type, filled(an_event(detail_type), partial(everywhere, "x")), MACHINE))
    for text in ALL:
        posted = message(detail_type, filled(an_event(detail_type), partial(everywhere, text)), MACHINE)
        assert live_in(posted) == []
        assert lines_of(posted) <= plain
        assert "".join(posted_texts(posted)).replace("\n", "").isprintable()
        assert_within_slacks_limits(posted)


@EVERY_TYPE
def test_no_text_in_one_place_alone_becomes_live(detail_type: str) -> None:
    places = names_in(an_event(detail_type))
    assert len(places) >= (8 if detail_type == DetailType.DIGEST else 14)
    for place in places:
        for text in SHOUTS:
            detail = filled(an_event(detail_type), partial(at, place, text))
            assert live_in(message(detail_type, detail, MACHINE)) == []


@pytest.mark.parametrize("text", SHOUTS, ids=ascii)
def test_a_kind_of_event_that_nobody_knows_is_no_way_in(text: str) -> None:
    posted = message(text, {"ClusterName": text, text: text, "Findings": [{text: text}], "Groups": [{}]}, MACHINE)
    assert live_in(posted) == []


@pytest.mark.parametrize("part", ["<!channel>", "&", "<", "&lt;", "\u202e", "é", "\n"], ids=ascii)
def test_ten_kilobytes_are_cut_and_never_in_the_middle_of_an_entity(part: str) -> None:
    text = part * (TEN_KILOBYTES // len(part))
    for detail_type in DetailType:
        posted = message(detail_type, filled(sample(detail_type), partial(everywhere, text)), MACHINE)
        assert live_in(posted) == []
        assert_within_slacks_limits(posted)
